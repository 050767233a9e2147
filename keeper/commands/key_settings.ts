/**
 * What the settings of `run` say of keys: with which one the keeper signs, and by which secret it knows
 * the agents of its app.
 *
 * @module
 */
import type { Bytes, StatementSigner } from "../../protocol/mod.ts";
import {
  type ReadAllOptions,
  type ReadOptions,
  settingError,
  type TextInput,
} from "../../protocol/host/mod.ts";
import type { Declaration } from "../vault/declaration.ts";
import type { ServeContext } from "./run_context.ts";
import type { WireChoice } from "../contact/wire.ts";

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

/** What the keys are for. */
export interface KeyWish {
  /** The app that is served, or `null`. */
  readonly app: string | null;
  /** The folder of state. */
  readonly stateFolder: string;
}

/**
 * Refuses settings about signatures that do not go together.
 *
 * @throws {ConfigError} that names the setting.
 */
export function checkSigning({ settings, resolved }: ServeContext, wires: WireChoice): void {
  const { signConnections, zelid } = settings;
  if (signConnections && zelid === undefined) {
    throw settingError(resolved, {
      name: "sign-connections",
      problem: "needs --zelid: the address whose key signs",
      hint: "Give the address of a stored key (keys list), or make one: keys create.",
    });
  }
  if (!signConnections && zelid !== undefined) {
    throw settingError(resolved, {
      name: "zelid",
      problem: "has no use without --sign-connections",
      hint: "Add --sign-connections, or leave it out.",
    });
  }
  if (signConnections && wires.isOriginalOnly) {
    throw settingError(resolved, {
      name: "sign-connections",
      problem: "has no use where all agents are served by the original's wire",
      hint: "Nothing is signed there. Leave it out, or serve them by protocol 2.",
    });
  }
}

/**
 * Looks whether files ask for agents that have enrolled where none can.
 *
 * @throws {ConfigError} without an app, since an enrolment secret is that of one.
 */
export async function checkEnrolment(
  { resolved, logger }: ServeContext,
  wish: {
    readonly files: readonly Declaration[];
    readonly app: string | null;
    readonly keys: KeeperKeys;
  },
): Promise<void> {
  if (!wish.files.some(({ requires }) => requires === "enrolled")) return;
  if (wish.app === null) {
    throw settingError(resolved, {
      name: "require",
      problem: "asks for enrolled, and without --app-name there is nothing to enrol in",
      hint: "Name the app, or ask for approved.",
    });
  }
  if (await wish.keys.enrolmentSecret() !== null) return;
  logger.warn(
    "Files ask for agents that have enrolled, and this keeper has no enrolment secret of the app: " +
      "only those that enrolled before get them.",
    { app: wish.app },
  );
}

/**
 * Finds the keys; loads what handles them only where there may be one.
 *
 * @throws {ConfigError} where a key that is needed is not there.
 * @throws {StorageError} where it is there and cannot be had.
 */
export async function openKeys(context: ServeContext, wish: KeyWish): Promise<KeeperKeys> {
  const { settings: { signConnections, zelid, keyStore } } = context;
  const { app, stateFolder } = wish;
  const mustSign = signConnections && zelid !== undefined;
  if (!mustSign && app === null) return NO_KEYS;
  const { EnrolmentWatch, findSigner, openKeyRing } = await import("../keys/mod.ts");
  const stdin = new StartInput(context.stdin);
  const search = { ...context, stdin, keyStore, stateFolder };
  // One ring for both, so that a passphrase is asked for once.
  const ring = openKeyRing(search);
  const signer = mustSign ? await findSigner({ ...search, zelid }, ring) : null;
  const watch = app === null ? null : await EnrolmentWatch.open({ ...search, app }, ring);
  stdin.end();
  return watch === null
    ? { ...NO_KEYS, signer }
    : { signer, enrolmentSecret: () => watch.current() };
}

/**
 * Standard input until the keeper serves its fleet: a question for a passphrase after that would hold up
 * the passes, and be mistaken for another.
 */
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
