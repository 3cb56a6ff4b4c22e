/** Bounds that hold for every way in. Each has an error code of its own. */
export const limits = Object.freeze({
  /** Bytes of one registration message, uncompressed. `message_too_large` */
  messageBytesMax: 1024 * 1024,
  /** Levels of nesting in facts or extra. `registration_too_deep` */
  depthMax: 32,
  /** Scalars in facts and extra together. `registration_too_many_leaves` */
  leavesMax: 20_000,
  /** Entries of classes, agentlist and collectives each. `registration_invalid` */
  listEntriesMax: 10_000,
  /** How far a message may be dated ahead of our clock, seconds. `message_from_future` */
  clockSkewSeconds: 300,
});
