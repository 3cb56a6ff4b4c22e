export * from './ast.ts';
export { queryLimits } from './bounds.ts';
export * from './compare.ts';
export { type CompoundToken, type FunctionStatement, parseCompound } from './compound.ts';
export * from './errors.ts';
export { type FactFilter, parseFactString } from './fact-string.ts';
export { type FilterOptions, parseFilter } from './filter.ts';
export { parseJsonQuery, queryOf } from './json-query.ts';
export * from './judge.ts';
export * from './match.ts';
export { isPattern, type Operators, operators, type Rule } from './operators.ts';
export {
  compilePattern,
  PATTERN_CHARACTERS_MAX,
  PATTERN_PROGRAM_MAX,
  patternOfTexts,
  quotePattern,
} from './pattern.ts';
export { parseQueryText, parseRelaxedQuery, type QueryValues, quoteValue } from './relaxed.ts';
export * from './types-asked.ts';
export { conditionOfWireFilter, type WireKeys } from './wire-filter.ts';
