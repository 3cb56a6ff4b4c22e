export * from './answers.ts';
export * from './columns/index.ts';
export * from './language/index.ts';
export * from './service/index.ts';
