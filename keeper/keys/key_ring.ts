/**
 * The keys of a keeper: one list over the stores in which they are.
 *
 * @module
 */
import { ConfigError, StorageError } from "../../protocol/mod.ts";
import { isSameKey, type KeyEntry, type KeyIndex } from "./key_index.ts";
import { keyIdOf, type KeyName, type KeyStore, type KeyStoreChoice } from "./key_store.ts";

/** What a ring is made of. */
export interface KeyRingOptions {
  /** The list of keys. */
  readonly index: KeyIndex;
  /** The store of the operating system. */
  readonly system: KeyStore;
  /** The encrypted files. */
  readonly file: KeyStore;
  /** Takes what the operator should know, as a sentence. */
  readonly note: (text: string) => Promise<void>;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** The options of {@linkcode KeyRing.save}. */
export interface KeySaveOptions {
  /** Where it goes. */
  readonly choice: KeyStoreChoice;
}

/** Stores keys, finds them again, and forgets them. */
export class KeyRing {
  readonly #index: KeyIndex;
  readonly #stores: Readonly<Record<"system" | "file", KeyStore>>;
  readonly #note: (text: string) => Promise<void>;
  readonly #now: () => number;

  /** Makes a ring over a list and two stores. */
  constructor(options: KeyRingOptions) {
    const { index, system, file, note, now = Date.now } = options;
    this.#index = index;
    this.#stores = { system, file };
    this.#note = note;
    this.#now = now;
  }

  /** Lists the keys, and unlocks nothing for it. */
  list(): Promise<readonly KeyEntry[]> {
    return this.#index.load();
  }

  /** Finds a key in the list. */
  async find(key: KeyName): Promise<KeyEntry | null> {
    return (await this.list()).find((entry) => isSameKey(entry, key)) ?? null;
  }

  /** Says where a key is kept, as words that can follow "in". */
  where(entry: KeyEntry): string {
    return this.#stores[entry.store].where(keyIdOf(entry));
  }

  /**
   * Stores the secret of a key that is not in the list.
   *
   * @throws {ConfigError} where it is, or where the store holds another secret in its place.
   * @throws {StorageError} where it cannot be stored.
   */
  async save(key: KeyName, secret: string, { choice }: KeySaveOptions): Promise<KeyEntry> {
    let saved: KeyEntry | undefined;
    await this.#index.update(async (entries) => {
      const held = entries.find((entry) => isSameKey(entry, key));
      if (held !== undefined) throw this.alreadyHeld(held);
      const store = await this.#store(key, secret, choice);
      const { kind, name } = key;
      saved = { kind, name, store: store.name, createdMs: this.#now() };
      return [...entries, saved];
    });
    if (saved === undefined) throw new TypeError("a change was not asked for its result");
    return saved;
  }

  /** Makes the error for a key that is to be stored and is there already. */
  alreadyHeld(entry: KeyEntry): ConfigError {
    return new ConfigError(`${describeKey(entry)} is already in ${this.where(entry)}`, {
      hint: `To put another in its place, remove it first: ${commandFor("remove", entry)}.`,
    });
  }

  /**
   * Returns the secret of a key of the list.
   *
   * @throws {StorageError} or {ConfigError} where its store does not give it.
   */
  async read(entry: KeyEntry): Promise<string> {
    const secret = await this.#stores[entry.store].read(keyIdOf(entry));
    if (secret !== null) return secret;
    const message = `${describeKey(entry)} is no longer in ${this.where(entry)}`;
    throw new StorageError("file-missing", message, {
      hint: `If it was removed there, strike it off: ${commandFor("remove", entry)}.`,
    });
  }

  /** Forgets a key of the list, and its secret for good. */
  async remove(entry: KeyEntry): Promise<void> {
    await this.#index.update(async (entries) => {
      await this.#stores[entry.store].remove(keyIdOf(entry));
      return entries.filter((other) => !isSameKey(entry, other));
    });
  }

  async #store(key: KeyName, secret: string, choice: KeyStoreChoice): Promise<KeyStore> {
    const { system, file } = this.#stores;
    if (choice === "file") return await put(file, { key, secret });
    if (!await system.isAvailable()) {
      if (choice === "auto") return await put(file, { key, secret });
      throw new ConfigError("the key store of this system cannot be used", {
        setting: "--key-store",
        hint: "Log in to a desktop with a keyring, or use --key-store file.",
      });
    }
    try {
      return await put(system, { key, secret });
    } catch (error) {
      if (choice === "system" || !(error instanceof StorageError)) throw error;
      await this.#note(`${error.message}. An encrypted file takes its place.`);
      return await put(file, { key, secret });
    }
  }
}

/** Writes a secret, unless the store has another in its place, from another folder of state, say. */
async function put(
  store: KeyStore,
  { key, secret }: { readonly key: KeyName; readonly secret: string },
): Promise<KeyStore> {
  const id = keyIdOf(key);
  const held = await store.read(id);
  if (held === null) await store.write(id, secret, { label: `FluxVault: ${describeKey(key)}` });
  else if (held !== secret) {
    throw new ConfigError(`there is another secret for ${describeKey(key)} in ${store.where(id)}`, {
      hint:
        "It may belong to a keeper with another --state-dir. Remove it there, or use the other " +
        "--key-store.",
    });
  }
  return store;
}

/** Names a key in a sentence. */
export function describeKey({ kind, name }: KeyName): string {
  return kind === "keeper-key" ? `the key of ${name}` : `the enrolment secret of ${name}`;
}

/** Returns the command that does something with a key. */
export function commandFor(word: string, { kind, name }: KeyName): string {
  return `fluxvault-keeper ${kind === "keeper-key" ? "keys" : "enrolment"} ${word} ${name}`;
}
