export { runAgent } from './agent.ts';
export { runSimulation } from './simulate.ts';
