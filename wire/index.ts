export * from './broker-contract.ts';
export * from './link.ts';
export * from './message.ts';
