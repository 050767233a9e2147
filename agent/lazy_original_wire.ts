/**
 * The wire of the original FluxVault, which most agents never speak: loaded where it is first used.
 *
 * @module
 */
import type { RsaKeyPair } from "../protocol/mod.ts";

/** Loads it. */
export async function loadOriginal(): Promise<typeof import("./original_wire.ts")> {
  return await import("./original_wire.ts");
}

/** Makes a key pair such as those who speak it need. */
export async function generateSharedKeys(): Promise<RsaKeyPair> {
  return await (await loadOriginal()).generateSharedRsaKeyPair();
}
