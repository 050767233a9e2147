/**
 * The certificate authority of the keeper of this machine.
 *
 * @module
 */
import type { Environment } from "../../protocol/host/mod.ts";
import type { KeyRing } from "../keys/key_ring.ts";
import type { KeyStoreChoice } from "../keys/stores/mod.ts";
import { Authority, type AuthorityOptions } from "./authority.ts";
import { RingSecrets } from "./ring_secrets.ts";
import { DiskAuthorityStore } from "./state/disk_store.ts";

/** What an authority is opened with. */
export interface OpenAuthorityOptions extends Omit<AuthorityOptions, "secrets"> {
  /** The folder of state. */
  readonly stateFolder: string;
  /** The environment variables, which may name a folder of credentials. */
  readonly env: Environment;
  /** Where the secret of an authority goes that is made. */
  readonly keyStore: KeyStoreChoice;
}

/**
 * Opens the authority; nothing is made until it is needed, and nothing asked for.
 *
 * @throws {StorageError} where its index cannot be read.
 */
export async function openAuthority(
  ring: KeyRing,
  { stateFolder, env, keyStore, ...options }: OpenAuthorityOptions,
): Promise<Authority> {
  const secrets = new RingSecrets(ring, { env, choice: keyStore });
  return await Authority.open(new DiskAuthorityStore(stateFolder), { ...options, secrets });
}
