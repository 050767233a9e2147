/**
 * The credential locker of Windows, through PowerShell.
 *
 * The script goes to standard input, and a secret stands in it and in the answer as base64.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { base64 } from "@scure/base";
import type { CommandResult, CommandRunner } from "./command_runner.ts";
import { checkId, checkPrintable, type KeyStore, type KeyWriteOptions } from "./key_store.ts";
import { DIALOGUE_TIME_MS } from "../limits.ts";

const COMMAND = "powershell";
const ARGUMENTS = ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "-"];
const RESOURCE = "fluxvault";
/** The status by which the scripts say that there is no such secret. */
const NOT_FOUND = 44;
/** What Windows calls an element that is not there: 0x80070490. */
const ELEMENT_NOT_FOUND = -2147023728;

const OPEN = "[void][Windows.Security.Credentials.PasswordVault," +
  "Windows.Security.Credentials,ContentType=WindowsRuntime]; " +
  "$vault = New-Object Windows.Security.Credentials.PasswordVault";

/** Keeps secrets in the credential locker of the account. */
export class CredentialLockerStore implements KeyStore {
  /** Which kind of store it is. */
  readonly name = "system";
  readonly #run: CommandRunner;

  /** Takes what runs PowerShell. */
  constructor(run: CommandRunner) {
    this.#run = run;
  }

  /** Names the store; see {@linkcode KeyStore.where}. */
  where(_id: string): string {
    return "the system's key store (credential locker)";
  }

  /** Asks whether it answers; see {@linkcode KeyStore.isAvailable}. */
  async isAvailable(): Promise<boolean> {
    try {
      return (await this.#script("[void]$vault.RetrieveAll()"))?.code === 0;
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }

  /** Looks for its entry alone; see {@linkcode KeyStore.has}. */
  async has(id: string): Promise<boolean> {
    const result = await this.#script(`[void]$vault.Retrieve('${RESOURCE}', '${checkId(id)}')`);
    if (result?.code !== 0 && result?.code !== NOT_FOUND) throw failure("look for it", result);
    return result.code === 0;
  }

  /** Reads a secret; see {@linkcode KeyStore.read}. */
  async read(id: string): Promise<string | null> {
    const result = await this.#script(
      `$found = $vault.Retrieve('${RESOURCE}', '${checkId(id)}'); $found.RetrievePassword(); ` +
        "$bytes = [Text.Encoding]::UTF8.GetBytes($found.Password); " +
        "[Console]::Out.Write([Convert]::ToBase64String($bytes))",
    );
    if (result?.code === NOT_FOUND) return null;
    if (result?.code !== 0) throw failure("give the secret", result);
    try {
      return decodeUtf8(base64.decode(result.stdout.trim()));
    } catch {
      throw failure("give the secret as it was", result);
    }
  }

  /** Keeps a secret, and makes sure that it is given back; see {@linkcode KeyStore.write}. */
  async write(id: string, secret: string, _options: KeyWriteOptions): Promise<void> {
    const text = base64.encode(encodeUtf8(checkPrintable(secret)));
    const result = await this.#script(
      `$secret = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${text}')); ` +
        "$vault.Add((New-Object Windows.Security.Credentials.PasswordCredential " +
        `'${RESOURCE}', '${checkId(id)}', $secret))`,
    );
    if (result?.code !== 0) throw failure("keep the secret", result);
    if (await this.read(id) !== secret) throw failure("give the secret back", result);
  }

  /** Forgets a secret; see {@linkcode KeyStore.remove}. */
  async remove(id: string): Promise<void> {
    const result = await this.#script(
      `$vault.Remove($vault.Retrieve('${RESOURCE}', '${checkId(id)}'))`,
    );
    if (result?.code !== 0 && result?.code !== NOT_FOUND) throw failure("remove it", result);
  }

  /** Runs a script on one line, since PowerShell takes its standard input a line at a time. */
  #script(work: string): Promise<CommandResult | null> {
    const input = `$ErrorActionPreference = 'Stop'; try { ${OPEN}; ${work}; exit 0 } ` +
      `catch { if ($_.Exception.GetBaseException().HResult -eq ${ELEMENT_NOT_FOUND}) ` +
      `{ exit ${NOT_FOUND} }; exit 1 }\n`;
    // PowerShell takes seconds to start, so even the probe gets the longer time.
    return this.#run({ command: COMMAND, args: ARGUMENTS, input, timeLimitMs: DIALOGUE_TIME_MS });
  }
}

/** Says nothing of what PowerShell wrote, which may quote its script. */
function failure(deed: string, result: CommandResult | null): StorageError {
  const reason = result === null ? `${COMMAND} is not there` : `status ${result.code}`;
  return new StorageError("io-failed", `the credential locker did not ${deed}: ${reason}`, {
    hint: "Use --key-store file.",
  });
}
