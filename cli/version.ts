/** This build's version. */
export const VERSION = process.env.MUSTER_VERSION_BUILT ?? 'unbuilt';
