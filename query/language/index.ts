export * from './ast.ts';
export * from './compare.ts';
export * from './errors.ts';
export * from './match.ts';
