/**
 * SHA-256 in pieces at the speed of the platform: some ten times that of pure JavaScript.
 *
 * @module
 */
import type { Bytes } from "../bytes.ts";
import type { Hasher } from "../hasher.ts";

let loading: Promise<typeof import("node:crypto")> | null = null;

/**
 * Makes a SHA-256 hasher over `node:crypto`; a {@linkcode HasherFactory} for server programs.
 *
 * The module is loaded with the first hasher: it takes a tenth of an idle agent's memory.
 */
export async function createNodeHasher(): Promise<Hasher> {
  // To import it again each time costs more than to hash a small file.
  const { createHash } = await (loading ??= import("node:crypto"));
  const hash = createHash("sha256");
  return {
    update(bytes: Uint8Array): void {
      hash.update(bytes);
    },
    digest(): Bytes {
      return new Uint8Array(hash.digest());
    },
  };
}
