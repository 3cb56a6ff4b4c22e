import type { Config } from '../../core/index.ts';
import type { FactSource, FactSourceFinder } from './fact-source.ts';
import { facterSource } from './facter.ts';
import { factsDirFinder } from './facts-dir.ts';
import { factsFileSource } from './facts-file.ts';
import { linuxSources } from './linux/collector.ts';

/** The sources a configuration names, in order of growing strength among the operator's own: facts file, then facts.d. */
export function factSources(config: Config): readonly (FactSource | FactSourceFinder)[] {
  const { facter, factsFile, factsDir } = config.agent;
  return [
    ...(facter === false ? [] : [facterSource({ command: facter })]),
    ...linuxSources(),
    factsFileSource(factsFile),
    factsDirFinder(factsDir),
  ];
}
