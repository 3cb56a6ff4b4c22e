import type { Command, OptionValues } from 'commander';
import { type NodeState, parseNodeStates } from '../../core/index.ts';
import { repeatable } from './common.ts';

/** Declares `--state`: several may be given, by commas or by the flag again. */
export function declareStates(command: Command): void {
  command.addOption(
    repeatable('--state <state>', 'Only nodes that are fresh, late, missing or retired; any of several'),
  );
}

/** The states asked for, undefined where none are. Throws CoreError `argument_invalid` for a word that is none. */
export function readStates(flags: OptionValues): readonly NodeState[] | undefined {
  return Array.isArray(flags.state) ? parseNodeStates(flags.state as readonly string[], '--state') : undefined;
}
