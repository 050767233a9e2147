/**
 * Where the apps that a keeper serves get their keys: one after the other, so that a person is asked one
 * thing at a time, and for a passphrase once.
 *
 * @module
 */
import type { Bytes, StatementSigner } from "../../protocol/mod.ts";
import type { ReadAllOptions, ReadOptions, TextInput } from "../../protocol/host/mod.ts";
import type { KeyRing } from "../keys/mod.ts";
import type { ServeContext } from "./run_context.ts";

/** The keys of a keeper that runs. */
export interface KeeperKeys {
  /** Signs connections and manifests, or `null` where nothing is signed. */
  readonly signer: StatementSigner | null;
  /** Returns the enrolment secret of the app as it is now, 32 bytes; `null` where there is none. */
  readonly enrolmentSecret: () => Promise<Bytes | null>;
}

/** Nothing is signed, and nobody enrols. */
export const NO_KEYS: KeeperKeys = Object.freeze({
  signer: null,
  enrolmentSecret: () => Promise.resolve(null),
});

/** What keys are asked for. */
export interface KeyRequest {
  /** The app that is served, or `null`. */
  readonly app: string | null;
  /** The address whose key signs, or `null` where nothing is signed. */
  readonly signWith: string | null;
}

/** Finds keys; loads what handles them only where there may be one. */
export class KeyDesk {
  readonly #context: ServeContext;
  readonly #stateFolder: string;
  readonly #stdin: StartInput;
  readonly #signers = new Map<string, StatementSigner>();
  readonly #ahead = new Map<string, Promise<KeeperKeys>>();
  #ring: KeyRing | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** Reads nothing yet. */
  constructor(context: ServeContext, stateFolder: string) {
    this.#context = context;
    this.#stateFolder = stateFolder;
    this.#stdin = new StartInput(context.stdin);
  }

  /** Finds the keys of an app ahead of time: what goes wrong is thrown when they are opened. */
  async prepare(request: KeyRequest): Promise<void> {
    const opened = this.open(request);
    this.#ahead.set(JSON.stringify(request), opened);
    await opened.catch(() => {});
  }

  /**
   * Finds the keys of one app; whoever asks while another is served waits.
   *
   * @throws {ConfigError} where a key that is needed is not there.
   * @throws {StorageError} where it is there and cannot be had.
   */
  open(request: KeyRequest): Promise<KeeperKeys> {
    const key = JSON.stringify(request);
    const ahead = this.#ahead.get(key);
    this.#ahead.delete(key);
    if (ahead !== undefined) return ahead;
    const opened = this.#last.then(() => this.#open(request));
    this.#last = opened.catch(() => {});
    return opened;
  }

  /**
   * Asks nobody anything from now on: a question would hold up the passes, and be mistaken for another.
   */
  end(): void {
    this.#stdin.end();
  }

  /** Opens the stored keys; nothing is read or asked for yet. */
  async ring(): Promise<KeyRing> {
    const { openKeyRing } = await import("../keys/mod.ts");
    return this.#ring ??= openKeyRing(this.#search);
  }

  get #search() {
    const { keyStore } = this.#context.settings;
    return { ...this.#context, stdin: this.#stdin, keyStore, stateFolder: this.#stateFolder };
  }

  async #open({ app, signWith }: KeyRequest): Promise<KeeperKeys> {
    if (signWith === null && app === null) return NO_KEYS;
    const { EnrolmentWatch, findSigner } = await import("../keys/mod.ts");
    const search = this.#search;
    const ring = await this.ring();
    const find = async (zelid: string) => {
      const signer = this.#signers.get(zelid) ?? await findSigner({ ...search, zelid }, ring);
      this.#signers.set(zelid, signer);
      return signer;
    };
    const signer = signWith === null ? null : await find(signWith);
    const watch = app === null ? null : await EnrolmentWatch.open({ ...search, app }, ring);
    return watch === null
      ? { ...NO_KEYS, signer }
      : { signer, enrolmentSecret: () => watch.current() };
  }
}

/** Standard input, until it is ended. */
class StartInput implements TextInput {
  readonly isTerminal: boolean;
  readonly #input: TextInput;
  #hasEnded = false;

  constructor(input: TextInput) {
    this.#input = input;
    this.isTerminal = input.isTerminal;
  }

  /** Gives nothing any more. */
  end(): void {
    this.#hasEnded = true;
  }

  async readLine(prompt: string, options?: ReadOptions): Promise<string | null> {
    return this.#hasEnded ? null : await this.#input.readLine(prompt, options);
  }

  async readHidden(prompt: string, options?: ReadOptions): Promise<string | null> {
    return this.#hasEnded ? null : await this.#input.readHidden(prompt, options);
  }

  readAll(options: ReadAllOptions): Promise<Bytes> {
    return this.#input.readAll(options);
  }
}
