/**
 * The secret service of a Linux desktop (GNOME Keyring, KWallet, KeePassXC), through `secret-tool`.
 *
 * @module
 */
import { StorageError } from "../../../protocol/mod.ts";
import type { CommandResult, CommandRunner } from "./command_runner.ts";
import { checkId, checkPrintable, type KeyStore, type KeyWriteOptions } from "./key_store.ts";
import { DIALOGUE_TIME_MS, PROBE_TIME_MS } from "../limits.ts";

const COMMAND = "secret-tool";
const NOT_FOUND = 1;
/** What came of a call where the service keeps the secret and does not open. */
const LOCKED: CommandResult = { code: NOT_FOUND, stdout: "", complaint: "" };
/** The id of a secret that nobody has. */
const PROBE_ID = "probe";

/** Keeps secrets in the secret service. */
export class SecretServiceStore implements KeyStore {
  /** Which kind of store it is. */
  readonly name = "system";
  readonly #run: CommandRunner;

  /** Takes what runs `secret-tool`. */
  constructor(run: CommandRunner) {
    this.#run = run;
  }

  /** Names the store; see {@linkcode KeyStore.where}. */
  where(_id: string): string {
    return "the system's key store (Secret Service)";
  }

  /** Asks whether it answers; see {@linkcode KeyStore.isAvailable}. */
  async isAvailable(): Promise<boolean> {
    try {
      // A secret that is not there is looked for without unlocking anything.
      const result = await this.#call("lookup", PROBE_ID, { timeLimitMs: PROBE_TIME_MS });
      return isAnswer(result);
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }

  /** Tells a secret that is locked from one that is missing; see {@linkcode KeyStore.has}. */
  async has(id: string): Promise<boolean> {
    // The service lists what is locked, too.
    const result = await this.#call("search", id, { timeLimitMs: PROBE_TIME_MS });
    return result !== null && result.stdout.trim() !== "";
  }

  /** Reads a secret; see {@linkcode KeyStore.read}. */
  async read(id: string): Promise<string | null> {
    const result = await this.#call("lookup", id, { timeLimitMs: DIALOGUE_TIME_MS });
    if (!isAnswer(result)) throw failure("look the secret up", result);
    const secret = result?.stdout.trim() ?? "";
    if (secret !== "") return secret;
    if (await this.has(id)) throw failure("give the secret", LOCKED);
    return null;
  }

  /** Keeps a secret, and makes sure that it is given back; see {@linkcode KeyStore.write}. */
  async write(id: string, secret: string, { label }: KeyWriteOptions): Promise<void> {
    const result = await this.#call("store", id, {
      options: [`--label=${checkPrintable(label)}`],
      input: checkPrintable(secret),
      timeLimitMs: DIALOGUE_TIME_MS,
    });
    if (result?.code !== 0) throw failure("keep the secret", result);
    if (await this.read(id) !== secret) throw failure("give the secret back", result);
  }

  /** Forgets a secret; see {@linkcode KeyStore.remove}. */
  async remove(id: string): Promise<void> {
    const result = await this.#call("clear", id, { timeLimitMs: DIALOGUE_TIME_MS });
    if (!isAnswer(result)) throw failure("remove the secret", result);
    if (result?.code !== 0 && await this.has(id)) throw failure("remove the secret", LOCKED);
  }

  #call(
    word: "lookup" | "store" | "clear" | "search",
    id: string,
    { options = [], ...rest }: {
      readonly options?: readonly string[];
      readonly input?: string;
      readonly timeLimitMs: number;
    },
  ): Promise<CommandResult | null> {
    const attributes = ["application", "fluxvault", "id", checkId(id)];
    return this.#run({ command: COMMAND, args: [word, ...options, ...attributes], ...rest });
  }
}

/** A secret that is missing and a service that is have one status; the latter complains. */
function isAnswer(result: CommandResult | null): boolean {
  if (result === null) return false;
  return result.code === 0 || (result.code === NOT_FOUND && result.complaint === "");
}

function failure(deed: string, result: CommandResult | null): StorageError {
  const reason = result === null
    ? `${COMMAND} is not on this machine`
    : result.complaint || "the dialogue was closed, or the store is locked";
  return new StorageError("io-failed", `the Secret Service did not ${deed}: ${reason}`, {
    hint: "Unlock the keyring of your desktop, or use --key-store file.",
  });
}
