/**
 * The credentials that a service manager hands to a program as files: systemd's `LoadCredential=`.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { ConfigError, decodeUtf8 } from "../../protocol/mod.ts";
import { type Environment, readOptionalFile } from "../../protocol/host/mod.ts";
import { MAX_CREDENTIAL_BYTES } from "./limits.ts";

/** The credential that holds the private key of the keeper, beside one that is named as its address. */
export const KEY_CREDENTIAL = "fluxvault-key";
/** The credential that holds the enrolment secret. */
export const ENROLMENT_CREDENTIAL = "fluxvault-enrolment";
/** The credential that holds the passphrase of encrypted files. */
export const PASSPHRASE_CREDENTIAL = "fluxvault-passphrase";

/** The credential that holds the secret of the certificate authority. */
export const AUTHORITY_CREDENTIAL = "fluxvault-authority";

/** The variable that names the folder of credentials. */
export const CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY";

/**
 * Reads a credential.
 *
 * @returns Its text without the end of its last line, or `null` where there is no such credential.
 * @throws {ConfigError} for one that is empty, has more lines than one, or is no UTF-8.
 * @throws {StorageError} for one that cannot be read.
 */
export async function readCredential(env: Environment, name: string): Promise<string | null> {
  const folder = env.get(CREDENTIALS_VARIABLE);
  if (folder === undefined || !isAbsolute(folder)) return null;
  const path = join(folder, name);
  const bytes = await readOptionalFile(path, { maxBytes: MAX_CREDENTIAL_BYTES });
  if (bytes === null) return null;
  let text = "";
  try {
    text = decodeUtf8(bytes).replace(/\r?\n$/, "");
  } catch {
    // It is refused below.
  }
  bytes.fill(0);
  if (text !== "" && !/[\r\n]/.test(text)) return text;
  throw new ConfigError(`the credential ${JSON.stringify(name)} is not one line of text`, {
    source: path,
  });
}
