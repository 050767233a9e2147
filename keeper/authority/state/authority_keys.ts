/**
 * The private keys of an authority: made, kept encrypted, and opened when something is to be signed.
 *
 * @module
 */
import { StorageError } from "../../../protocol/mod.ts";
import type { AuthorityFiles, AuthoritySecrets } from "./authority_store.ts";
import { generateSerial } from "../certificates/certificate.ts";
import { generateKey, type KeyType } from "../certificates/key_pair.ts";
import { importAuthoritySecret, openPrivateKey, sealPrivateKey } from "./private_key_seal.ts";

/** Of which authority a key is. */
export interface KeyPlace {
  /** The id of the authority. */
  readonly id: string;
  /** The kind of its keys. */
  readonly type: KeyType;
}

/** A key that was made and kept. */
export interface KeptKey {
  /** The id under which it is kept. */
  readonly keyId: string;
  /** Its public half. */
  readonly publicKey: CryptoKey;
  /** Its private half; it cannot be read. */
  readonly privateKey: CryptoKey;
}

/** Makes and opens keys; the secret that they are encrypted under is asked for once. */
export class AuthorityKeys {
  readonly #secrets: AuthoritySecrets;
  #known: { readonly id: string; readonly secret: CryptoKey } | null = null;

  /** Asks for nothing yet. */
  constructor(secrets: AuthoritySecrets) {
    this.#secrets = secrets;
  }

  /** Makes the secret of a new authority, and returns its id. */
  async createSecret(): Promise<string> {
    const { id, secret } = await this.#secrets.create();
    this.#known = { id, secret: await importSecret(secret) };
    return id;
  }

  /**
   * Asks for the secret of an authority, where that was not done yet.
   *
   * @throws {ConfigError} or {StorageError} where it cannot be had.
   */
  async unlock(id: string): Promise<CryptoKey> {
    if (this.#known?.id === id) return this.#known.secret;
    const secret = await importSecret(await this.#secrets.read(id));
    this.#known = { id, secret };
    return secret;
  }

  /** Makes a key and keeps it. */
  async make(files: AuthorityFiles, { id, type }: KeyPlace): Promise<KeptKey> {
    const secret = await this.unlock(id);
    const keyId = generateSerial();
    const { publicKey, privateKey, pkcs8 } = await generateKey(type);
    const file = await sealPrivateKey(pkcs8, secret, { authority: id, key: keyId, type });
    await files.saveKey(keyId, file);
    return { keyId, publicKey, privateKey };
  }

  /**
   * Opens a key.
   *
   * @throws {StorageError} where it is missing or damaged.
   */
  async open(
    files: AuthorityFiles,
    keyId: string,
    { id, type }: KeyPlace,
  ): Promise<CryptoKey> {
    const secret = await this.unlock(id);
    const file = await files.loadKey(keyId);
    return await openPrivateKey(file, secret, { authority: id, key: keyId, type });
  }
}

async function importSecret(text: string): Promise<CryptoKey> {
  const secret = await importAuthoritySecret(text);
  if (secret !== null) return secret;
  throw new StorageError("state-malformed", "the secret of the authority is damaged", {
    hint: "Bring it back from a backup, with the folder of the authority of that time.",
  });
}
