export * from './answers.ts';
export * from './language/ast.ts';
