export { AgentError } from './agent-error.ts';
export { type ClassSource, createClassSource } from './class-source.ts';
export { type Agent, type AgentDeps, type AgentEvent, type AgentStatus, createAgent } from './daemon.ts';
export type { DeliveryOutcome } from './delivery.ts';
export type { FactSource, FactSourceFinder, SourceContext, SourceLayer, SourceReading } from './facts/fact-source.ts';
export { facterSource } from './facts/facter.ts';
export { factsDirFinder } from './facts/facts-dir.ts';
export { factsFileSource } from './facts/facts-file.ts';
export { createGatherer, type FailedSource, type Gatherer, type Gathering } from './facts/gather.ts';
export { legacyFacts } from './facts/legacy-facts.ts';
export { linuxSources } from './facts/linux/collector.ts';
export { factSources } from './facts/sources.ts';
export { type IdentityOptions, resolveIdentity } from './identity.ts';
export { REGISTRATION_AGENT, sealRegistration } from './registration-message.ts';
export { generatedDocuments, readDocuments, type SimulatedDocuments } from './simulate/simulated-documents.ts';
export { simulatedKey } from './simulate/simulated-key.ts';
export {
  createSimulation,
  SIMULATION_IN_FLIGHT_DEFAULT,
  type Simulation,
  type SimulationCounts,
  type SimulationDeps,
  type SimulationOptions,
} from './simulate/simulation.ts';
export { type JournalEntry, openJournal, type SimulationJournal } from './simulate/simulation-journal.ts';
