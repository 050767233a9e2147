/**
 * The library that writes and reads certificates, loaded when the first one is needed.
 *
 * @module
 */

/** What the library offers. */
export type X509Library = typeof import("@peculiar/x509");

/** Loads the library; it needs `reflect-metadata` before it. */
export async function loadX509(): Promise<X509Library> {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}
