/**
 * The keychain of macOS, through `security`.
 *
 * Commands with a secret in them go to `security -i`, which reads them from standard input.
 *
 * @module
 */
import { StorageError } from "../../../protocol/mod.ts";
import type { CommandResult, CommandRunner } from "./command_runner.ts";
import { checkId, checkPrintable, type KeyStore, type KeyWriteOptions } from "./key_store.ts";
import { DIALOGUE_TIME_MS, PROBE_TIME_MS } from "../limits.ts";

const COMMAND = "security";
const SERVICE = "fluxvault";
/** The status of `security` for `errSecItemNotFound`. */
const NOT_FOUND = 44;

/** Keeps secrets in the login keychain. */
export class KeychainStore implements KeyStore {
  /** Which kind of store it is. */
  readonly name = "system";
  readonly #run: CommandRunner;

  /** Takes what runs `security`. */
  constructor(run: CommandRunner) {
    this.#run = run;
  }

  /** Names the store; see {@linkcode KeyStore.where}. */
  where(_id: string): string {
    return "the system's key store (keychain)";
  }

  /** Asks whether it answers; see {@linkcode KeyStore.isAvailable}. */
  async isAvailable(): Promise<boolean> {
    try {
      const call = { command: COMMAND, args: ["default-keychain"], timeLimitMs: PROBE_TIME_MS };
      return (await this.#run(call))?.code === 0;
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }

  /** Looks for its item alone; see {@linkcode KeyStore.has}. */
  async has(id: string): Promise<boolean> {
    const result = await this.#call("find-generic-password", itemOf(id));
    if (result?.code !== 0 && result?.code !== NOT_FOUND) throw failure("look for it", result);
    return result.code === 0;
  }

  /** Reads a secret; see {@linkcode KeyStore.read}. */
  async read(id: string): Promise<string | null> {
    const result = await this.#call("find-generic-password", [...itemOf(id), "-w"]);
    if (result?.code === NOT_FOUND) return null;
    if (result?.code !== 0) throw failure("give the secret", result);
    return result.stdout.trim() || null;
  }

  /** Keeps a secret, and makes sure that it is given back; see {@linkcode KeyStore.write}. */
  async write(id: string, secret: string, { label }: KeyWriteOptions): Promise<void> {
    const words = ["add-generic-password", "-U", ...itemOf(id), "-l", label, "-w", secret];
    const result = await this.#run({
      command: COMMAND,
      args: ["-i"],
      input: `${words.map(quoteForSecurity).join(" ")}\n`,
      timeLimitMs: DIALOGUE_TIME_MS,
    });
    // The status of an interactive session says nothing of its commands: the secret itself does.
    if (result === null || await this.read(id) !== secret) throw failure("keep the secret", result);
  }

  /** Forgets a secret; see {@linkcode KeyStore.remove}. */
  async remove(id: string): Promise<void> {
    const result = await this.#call("delete-generic-password", itemOf(id));
    if (result?.code !== 0 && result?.code !== NOT_FOUND) throw failure("remove it", result);
  }

  #call(word: string, args: readonly string[]): Promise<CommandResult | null> {
    const timeLimitMs = DIALOGUE_TIME_MS;
    return this.#run({ command: COMMAND, args: [word, ...args], timeLimitMs });
  }
}

function itemOf(id: string): string[] {
  return ["-s", SERVICE, "-a", checkId(id)];
}

/** Quotes a word for the command line that `security -i` reads. */
export function quoteForSecurity(word: string): string {
  return `"${checkPrintable(word).replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Says nothing of what `security` wrote, which may quote its command. */
function failure(deed: string, result: CommandResult | null): StorageError {
  const reason = result === null ? `${COMMAND} is not there` : `status ${result.code}`;
  return new StorageError("io-failed", `the keychain did not ${deed}: ${reason}`, {
    hint: "Unlock the keychain, or use --key-store file.",
  });
}
