/**
 * The secret of an authority among the keeper's other secrets: a credential of the service, the key
 * store of the system, or a file that is encrypted with the operator's passphrase.
 *
 * @module
 */
import { ConfigError, encodeHex, randomBytes, StorageError } from "../../protocol/mod.ts";
import type { Environment } from "../../protocol/host/mod.ts";
import { AUTHORITY_CREDENTIAL, readCredential } from "../keys/credentials.ts";
import type { KeyRing } from "../keys/key_ring.ts";
import type { KeyStoreChoice } from "../keys/stores/mod.ts";
import type { AuthoritySecrets } from "./state/authority_store.ts";
import { generateAuthoritySecret } from "./state/private_key_seal.ts";

/** Where secrets are looked for, and where a new one goes. */
export interface RingSecretsOptions {
  /** The environment variables, which may name a folder of credentials. */
  readonly env: Environment;
  /** Where a new secret goes. */
  readonly choice: KeyStoreChoice;
}

const ID_BYTES = 8;

/** Keeps the secret of an authority in a ring of keys. */
export class RingSecrets implements AuthoritySecrets {
  readonly #ring: KeyRing;
  readonly #options: RingSecretsOptions;

  /** Names the ring. */
  constructor(ring: KeyRing, options: RingSecretsOptions) {
    this.#ring = ring;
    this.#options = options;
  }

  /** Returns a secret; see {@linkcode AuthoritySecrets.read}. */
  async read(id: string): Promise<string> {
    const credential = await readCredential(this.#options.env, AUTHORITY_CREDENTIAL);
    if (credential !== null) return credential;
    const entry = await this.#ring.find({ kind: "authority", name: id });
    if (entry !== null) return await this.#ring.read(entry);
    throw new ConfigError(`the secret of the certificate authority ${id} is not stored`, {
      hint: "Bring back the list of keys and the key store of the time when it was made, or hand " +
        `the secret to the service as the credential ${AUTHORITY_CREDENTIAL}.`,
    });
  }

  /** Makes a secret; see {@linkcode AuthoritySecrets.create}. */
  async create(): Promise<{ readonly id: string; readonly secret: string }> {
    const credential = await readCredential(this.#options.env, AUTHORITY_CREDENTIAL);
    if (credential !== null) return { id: encodeHex(randomBytes(ID_BYTES)), secret: credential };
    // Nobody has made anything with one that is there, or this would not be asked for.
    const held = (await this.#ring.list()).find(({ kind }) => kind === "authority");
    if (held !== undefined) return { id: held.name, secret: await this.#ring.read(held) };
    const id = encodeHex(randomBytes(ID_BYTES));
    const secret = generateAuthoritySecret();
    const { choice } = this.#options;
    const entry = await this.#ring.save({ kind: "authority", name: id }, secret, { choice });
    // Whoever loses it loses the authority: a store that forgets is found out before it is used.
    if (await this.#ring.read(entry) === secret) return { id, secret };
    throw new StorageError(
      "io-failed",
      `what was stored in ${this.#ring.where(entry)} is not there`,
    );
  }
}
