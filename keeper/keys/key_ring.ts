/**
 * The keys of a keeper: one list over the stores in which they are.
 *
 * @module
 */
import { ConfigError, StorageError } from "../../protocol/mod.ts";
import { isSameKey, type KeyEntry, type KeyIndex, type KeyPlace } from "./key_index.ts";
import {
  keyIdOf,
  type KeyKind,
  type KeyName,
  type KeyStore,
  type KeyStoreChoice,
} from "./stores/mod.ts";

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
  /** Whether it takes the place of one that is there, in the store that has that one. @default {false} */
  readonly replace?: boolean;
}

/** The options of {@linkcode KeyRing.findUnlisted}. */
export interface UnlistedSearchOptions {
  /** Where to look. */
  readonly choice: KeyStoreChoice;
}

/** A secret that was written. */
interface Written {
  /** Where it is. */
  readonly store: KeyStore;
  /** Takes it back. */
  readonly undo: () => Promise<void>;
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

  /** Finds a key in the list; of two names for one app, the one that is written so. */
  async find(key: KeyName): Promise<KeyEntry | null> {
    return findIn(await this.list(), key);
  }

  /**
   * Finds a secret that a store keeps and the list does not have, as after a write that was cut short.
   *
   * The store of the system is looked into only where it is named: other folders of state share it.
   */
  async findUnlisted(
    key: KeyName,
    { choice }: UnlistedSearchOptions,
  ): Promise<KeyPlace | null> {
    const store = this.#stores[choice === "system" ? "system" : "file"];
    const { kind, name } = key;
    return await store.has(keyIdOf(key)) ? { kind, name, store: store.name } : null;
  }

  /** Says where a key is kept, as words that can follow "in". */
  where(place: KeyPlace): string {
    return this.#stores[place.store].where(keyIdOf(place));
  }

  /**
   * Stores the secret of a key that is not in the list, or is to be replaced; where the list cannot be
   * written, the store is as it was.
   *
   * @throws {ConfigError} where it is in the list, or where the store holds another secret in its place.
   * @throws {StorageError} where it cannot be stored.
   */
  async save(key: KeyName, secret: string, options: KeySaveOptions): Promise<KeyEntry> {
    const { choice, replace = false } = options;
    let saved: KeyEntry | undefined;
    let written: Written | undefined;
    await this.#index.update(async (entries) => {
      const held = findIn(entries, key);
      if (held !== null && !replace) throw this.alreadyHeld(held);
      if (held !== null && choice !== "auto" && choice !== held.store) throw this.#staysIn(held);
      written = held === null
        ? await this.#store(key, secret, choice)
        : await replaceIn(this.#stores[held.store], held, secret);
      const { kind, name } = held ?? key;
      saved = { kind, name, store: written.store.name, createdMs: this.#now() };
      return [...entries.filter((entry) => !isSameKey(entry, key)), saved];
    }, { undo: async () => await written?.undo() });
    if (saved === undefined) throw new TypeError("a change was not asked for its result");
    return saved;
  }

  /** Makes the error for a key that is to be stored and is there already. */
  alreadyHeld(entry: KeyEntry): ConfigError {
    return new ConfigError(`${describeKey(entry)} is already in ${this.where(entry)}`, {
      hint: entry.kind === "enrolment"
        ? "To put another in its place, add --replace."
        : `To put another in its place, remove it first: ${commandFor("remove", entry)}.`,
    });
  }

  #staysIn(entry: KeyEntry): ConfigError {
    return new ConfigError(`${describeKey(entry)} is in ${this.where(entry)}`, {
      setting: "--key-store",
      hint:
        "It is replaced in the store that has it: leave --key-store out. To move it, remove it " +
        `first: ${commandFor("remove", entry)}.`,
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
      hint: entry.kind === "authority"
        ? "Bring it back from a backup; without it nothing more can be issued or revoked."
        : `If it was removed there, strike it off: ${commandFor("remove", entry)}.`,
    });
  }

  /** Forgets a key, in the list or not, and its secret for good. */
  async remove(place: KeyPlace): Promise<void> {
    await this.#index.update(async (entries) => {
      await this.#stores[place.store].remove(keyIdOf(place));
      const left = entries.filter((other) => keyIdOf(other) !== keyIdOf(place));
      return left.length === entries.length ? entries : left;
    });
  }

  async #store(key: KeyName, secret: string, choice: KeyStoreChoice): Promise<Written> {
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

/** Of two names for one app, finds the one that is written so. */
function findIn(entries: readonly KeyEntry[], key: KeyName): KeyEntry | null {
  const found = entries.filter((entry) => isSameKey(entry, key));
  return found.find(({ name }) => name === key.name) ?? found[0] ?? null;
}

/** Writes a secret, unless the store has another in its place. */
async function put(
  store: KeyStore,
  { key, secret }: { readonly key: KeyName; readonly secret: string },
): Promise<Written> {
  const id = keyIdOf(key);
  const held = await store.read(id);
  if (held === secret) return { store, undo: () => Promise.resolve() };
  if (held !== null) throw unlisted(store, key);
  await store.write(id, secret, { label: labelOf(key) });
  return { store, undo: () => store.remove(id) };
}

async function replaceIn(store: KeyStore, key: KeyName, secret: string): Promise<Written> {
  const id = keyIdOf(key);
  const label = labelOf(key);
  const before = await store.read(id);
  await store.write(id, secret, { label });
  const undo = () => before === null ? store.remove(id) : store.write(id, before, { label });
  return { store, undo };
}

/** Makes the error for a secret that a store has and the list has not. */
function unlisted(store: KeyStore, key: KeyName): ConfigError {
  const id = keyIdOf(key);
  const remove = commandFor("remove", key);
  return new ConfigError(`there is another secret for ${describeKey(key)} in ${store.where(id)}`, {
    hint: store.name === "file"
      ? "It is not in the list of keys, as after a write that was cut short. If you do not need " +
        `it, remove it: ${remove}.`
      : "It may belong to a keeper with another --state-dir. If it belongs to none, remove it: " +
        `${remove} --key-store system; else use --key-store file.`,
  });
}

/** What the system's own programs show of a secret. */
function labelOf(key: KeyName): string {
  return `FluxVault: ${describeKey(key)}`;
}

/** Names a key in a sentence. */
export function describeKey({ kind, name }: KeyName): string {
  if (kind === "authority") return `the secret of the certificate authority ${name}`;
  return kind === "keeper-key" ? `the key of ${name}` : `the enrolment secret of ${name}`;
}

const COMMANDS: Readonly<Record<KeyKind, string>> = {
  "keeper-key": "keys",
  enrolment: "enrolment",
  authority: "ca",
};

/** Returns the command that does something with a key. */
export function commandFor(word: string, { kind, name }: KeyName): string {
  return `fluxvault-keeper ${COMMANDS[kind]} ${word} ${name}`;
}
