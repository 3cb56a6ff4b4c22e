export * from './answers.ts';
export * from './language/index.ts';
