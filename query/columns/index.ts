export { type ColumnsEngine, createQueryEngine, EVALUATION_MS_MAX, type QueryEngineOptions } from './engine.ts';
export type { EngineFigures } from './figures.ts';
