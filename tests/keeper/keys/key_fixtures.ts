/** Keys, stores and programs of the system for the tests of a keeper's keys; all keys are public. */
import type { CommandCall, CommandResult } from "../../../keeper/keys/stores/command_runner.ts";
import type { KeyEntry, KeyIndex, KeyIndexUpdateOptions } from "../../../keeper/keys/key_index.ts";
import type { KeyStore, KeyStoreName } from "../../../keeper/keys/stores/key_store.ts";
import { StorageError } from "../../../protocol/mod.ts";

/** A key of the compressed form. */
export const KEY = {
  address: "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM",
  wif: "Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7",
} as const;

/** A key of the uncompressed form. */
export const UNCOMPRESSED_KEY = {
  address: "1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF",
  wif: "5JTeg79dTLzzHXoJPALMWuoGDM8QmLj4n5f6MeFjx8dzsirvjAh",
} as const;

/** A key and an address of the test network. */
export const TEST_NETWORK_KEY = {
  address: "mvqryuK7RoNQA6M7xsNKhuPv6T23pYgDQ3",
  wif: "cMz1qqASMgvzhgyzQYxYTwNHc2Z45KScM7iDURe6dr4cukgC5p4F",
} as const;

/** An enrolment secret. */
export const ENROLMENT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** What makes deriving a key from a passphrase quick, and worth nothing. */
export const QUICK = Object.freeze({ memoryKiB: 8, passes: 1 });

/** The moment of every test. */
export const NOW_MS = Date.UTC(2030, 0, 1);

/** A store in memory. */
export class MemoryKeyStore implements KeyStore {
  readonly name: KeyStoreName;
  /** Whether it says that it can be used. */
  isThere = true;
  /** Whether it takes what it is given. */
  isLocked = false;
  /** Whether it gives nothing out. */
  isClosed = false;
  /** How often it was asked for a secret. */
  readCount = 0;
  /** What it holds. */
  readonly secrets = new Map<string, string>();
  /** The label of each secret. */
  readonly labels: string[] = [];

  constructor(name: KeyStoreName) {
    this.name = name;
  }

  where(id: string): string {
    return `the ${this.name} store as ${id}`;
  }

  isAvailable(): Promise<boolean> {
    return Promise.resolve(this.isThere);
  }

  has(id: string): Promise<boolean> {
    return Promise.resolve(this.secrets.has(id));
  }

  read(id: string): Promise<string | null> {
    this.readCount++;
    if (this.isClosed) return Promise.reject(new StorageError("io-failed", "the store is closed"));
    return Promise.resolve(this.secrets.get(id) ?? null);
  }

  write(id: string, secret: string, { label }: { readonly label: string }): Promise<void> {
    if (this.isLocked) return Promise.reject(new StorageError("io-failed", "the store is locked"));
    this.secrets.set(id, secret);
    this.labels.push(label);
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    this.secrets.delete(id);
    return Promise.resolve();
  }
}

/** A list of keys in memory. */
export class MemoryKeyIndex implements KeyIndex {
  /** The list. */
  entries: readonly KeyEntry[] = [];
  /** Whether it can be written. */
  isFull = false;
  /** Why it cannot be read, or `null`. */
  fault: Error | null = null;

  load(): Promise<readonly KeyEntry[]> {
    if (this.fault !== null) return Promise.reject(this.fault);
    return Promise.resolve(this.entries);
  }

  async update(
    change: (entries: readonly KeyEntry[]) => Promise<readonly KeyEntry[]>,
    options: KeyIndexUpdateOptions = {},
  ): Promise<void> {
    const after = await change(this.entries);
    if (this.isFull && after !== this.entries) {
      await options.undo?.();
      throw new StorageError("disk-full", "the list cannot be written");
    }
    this.entries = after;
  }
}

/** Plays a program of the system: each call is noted and answered with the next result. */
export class PlayedCommands {
  /** The calls so far. */
  readonly calls: CommandCall[] = [];
  readonly #results: (Partial<CommandResult> | null | Error)[];

  constructor(...results: readonly (Partial<CommandResult> | null | Error)[]) {
    this.#results = [...results];
  }

  /** Runs a program. */
  readonly run = (call: CommandCall): Promise<CommandResult | null> => {
    this.calls.push(call);
    const result = this.#results.shift();
    if (result === undefined) throw new Error("there is no result for this call");
    if (result instanceof Error) return Promise.reject(result);
    if (result === null) return Promise.resolve(null);
    return Promise.resolve({ code: 0, stdout: "", complaint: "", ...result });
  };
}

/** Makes a machine without any program that keeps secrets. */
export const NO_COMMANDS = (): Promise<null> => Promise.resolve(null);

/** Plays a secret service with what it holds. */
export function playSecretTool(secrets: Map<string, string> = new Map()) {
  return ({ command, args, input = "" }: CommandCall): Promise<CommandResult | null> => {
    const id = args.at(-1) ?? "";
    const found = secrets.get(id);
    if (command !== "secret-tool") return Promise.resolve(null);
    if (args[0] === "store") secrets.set(id, input);
    if (args[0] === "clear") secrets.delete(id);
    const code = args[0] === "store" || found !== undefined ? 0 : 1;
    const stdout = args[0] === "lookup" || args[0] === "search" ? found ?? "" : "";
    return Promise.resolve({ code, stdout, complaint: "" });
  };
}
