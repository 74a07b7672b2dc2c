/**
 * Stands in for the package `cross-fetch` within the bundle: Node has had its own fetch for long, and the package's
 * brings modules along that warn of their age at start. Looked up only when called, for Node loads its own at the first
 * look.
 */
export const fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);
