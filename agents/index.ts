export { AgentError } from './agent-error.ts';
export type { FactSource, FactSourceFinder, SourceContext, SourceLayer, SourceReading } from './facts/fact-source.ts';
export { facterSource } from './facts/facter.ts';
export { factsDirFinder } from './facts/facts-dir.ts';
export { factsFileSource } from './facts/facts-file.ts';
export { createGatherer, type FailedSource, type Gatherer, type Gathering } from './facts/gather.ts';
export { legacyFacts } from './facts/legacy-facts.ts';
export { linuxSources } from './facts/linux/collector.ts';
