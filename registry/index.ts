export * from './embedded/index.ts';
export * from './node-store.ts';
