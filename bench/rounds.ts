import { spreadOf } from './figures.ts';

/** Rounds of each kind of registration; the median is told. */
export const ROUNDS = 3;

/** Runs the rounds from `first` on, one after the other, and gives the median of what they came to. */
export async function medianOfRounds(first: number, measure: (round: number) => Promise<number>): Promise<number> {
  const results: number[] = [];
  for (let round = first; round < first + ROUNDS; round++) results.push(await measure(round));
  return spreadOf(results).p50;
}
