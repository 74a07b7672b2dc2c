/**
 * Stands in for the package `cross-fetch` within the bundle: Node has had its own fetch for long, and the package's
 * brings modules along that warn of their age at start.
 */
export const { fetch, Headers, Request, Response } = globalThis;
