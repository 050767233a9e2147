/**
 * Secrets as files, each encrypted, all with one passphrase.
 *
 * @module
 */
import { join } from "node:path";
import { ConfigError, StorageError } from "../../../protocol/mod.ts";
import {
  readOptionalFile,
  removeTemporaries,
  storageError,
  syncFolder,
  writeFileAtomically,
} from "../../../protocol/host/mod.ts";
import { checkId, checkPrintable, type KeyStore } from "./key_store.ts";
import { MAX_SEALED_FILE_BYTES } from "../limits.ts";
import type { PassphraseSource } from "./passphrase.ts";
import {
  decodeSealedSecret,
  DEFAULT_KEY_COST,
  encodeSealedSecret,
  type KeyCost,
  openSealedSecret,
  type SealedSecret,
  sealSecret,
} from "./sealed_secret.ts";

const FOLDER_NAME = "keys";
const SUFFIX = ".json";

/** The options of an {@linkcode EncryptedFileStore}. */
export interface EncryptedFileStoreOptions {
  /** Asks for the passphrase. */
  readonly passphrase: PassphraseSource;
  /** What the key of a new file costs. @default {DEFAULT_KEY_COST} */
  readonly cost?: KeyCost;
}

/** Keeps secrets in the folder `keys` of a folder of state. */
export class EncryptedFileStore implements KeyStore {
  /** Which kind of store it is. */
  readonly name = "file";
  readonly #folder: string;
  readonly #passphrase: PassphraseSource;
  readonly #cost: KeyCost;

  /** Names the folder of state; it is made (0700) with the first secret. */
  constructor(stateFolder: string, options: EncryptedFileStoreOptions) {
    this.#folder = join(stateFolder, FOLDER_NAME);
    this.#passphrase = options.passphrase;
    this.#cost = options.cost ?? DEFAULT_KEY_COST;
  }

  /** Names the file; see {@linkcode KeyStore.where}. */
  where(id: string): string {
    return `the encrypted file ${this.#pathOf(id)}`;
  }

  /** Is always there; see {@linkcode KeyStore.isAvailable}. */
  isAvailable(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Looks whether there is a file; see {@linkcode KeyStore.has}. */
  async has(id: string): Promise<boolean> {
    const path = this.#pathOf(id);
    try {
      await Deno.lstat(path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw storageError(error, `look at ${JSON.stringify(path)}`);
    }
  }

  /** Reads a secret; see {@linkcode KeyStore.read}. */
  async read(id: string): Promise<string | null> {
    const path = this.#pathOf(id);
    const sealed = await readSealed(path);
    if (sealed === null) return null;
    if (sealed.id !== id) {
      throw new StorageError("state-malformed", `${path} is the file of another key`);
    }
    return await this.#open(path, sealed);
  }

  /** Keeps a secret; see {@linkcode KeyStore.write}. */
  async write(id: string, secret: string): Promise<void> {
    const path = this.#pathOf(id);
    const passphrase = await this.#passphraseForNew();
    const sealed = await sealSecret(checkPrintable(secret), passphrase, { id, cost: this.#cost });
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder ${JSON.stringify(this.#folder)}`);
    }
    await writeFileAtomically(path, encodeSealedSecret(sealed));
  }

  /** Forgets a secret; see {@linkcode KeyStore.remove}. */
  async remove(id: string): Promise<void> {
    const path = this.#pathOf(id);
    try {
      // What a killed program had half-written may hold it as well.
      removeTemporaries(this.#folder);
      await Deno.remove(path);
      await syncFolder(this.#folder);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw storageError(error, `remove ${JSON.stringify(path)}`);
    }
  }

  #pathOf(id: string): string {
    return join(this.#folder, `${checkId(id)}${SUFFIX}`);
  }

  async #open(path: string, sealed: SealedSecret): Promise<string> {
    const secret = await openSealedSecret(sealed, await this.#passphrase({ isNew: false }));
    if (secret !== null) return secret;
    throw new ConfigError(`the passphrase does not open ${path}, or the file is damaged`, {
      hint: "Try again; nothing was changed.",
    });
  }

  /** Asks for the passphrase: that of the files that are there, so that one opens them all. */
  async #passphraseForNew(): Promise<string> {
    const other = await this.#anyFile();
    if (other === null) return await this.#passphrase({ isNew: true });
    const sealed = await readSealed(other);
    if (sealed !== null) await this.#open(other, sealed);
    return await this.#passphrase({ isNew: false });
  }

  async #anyFile(): Promise<string | null> {
    try {
      for await (const { name, isFile } of Deno.readDir(this.#folder)) {
        if (isFile && name.endsWith(SUFFIX)) return join(this.#folder, name);
      }
      return null;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw storageError(error, `list ${JSON.stringify(this.#folder)}`);
    }
  }
}

async function readSealed(path: string): Promise<SealedSecret | null> {
  const bytes = await readOptionalFile(path, { maxBytes: MAX_SEALED_FILE_BYTES });
  if (bytes === null) return null;
  try {
    return decodeSealedSecret(bytes);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new StorageError(error.code, `${path}: ${error.message}`, {
      hint: "Bring the file back from a backup, or remove the key and add it again.",
    });
  }
}
