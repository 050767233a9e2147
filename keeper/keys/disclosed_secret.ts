/**
 * Secrets in the place of something else: on a command line, where others can read them.
 *
 * @module
 */
import { ConfigError, decodeEnrolmentSecret } from "../../protocol/mod.ts";
import { DISCLOSED_HINT, looksLikePrivateKey } from "../../protocol/host/mod.ts";

/** Where a text came from. */
export interface SettingOrigin {
  /** The option that the text came from, if it did. */
  readonly setting?: string;
}

/** The kinds of secret that can be told by their form. */
export type SecretKind = "a private key" | "an enrolment secret";

/** Returns which secret a text has the form of, or `null`. */
export function secretIn(text: string): SecretKind | null {
  if (looksLikePrivateKey(text)) return "a private key";
  const secret = decodeEnrolmentSecret(text);
  secret?.fill(0);
  return secret === null ? null : "an enrolment secret";
}

/** Makes the error for a secret on the command line. */
export function disclosedSecret(kind: SecretKind, origin: SettingOrigin = {}): ConfigError {
  return new ConfigError(`${kind} stands on the command line, where it must not`, {
    ...origin,
    hint: DISCLOSED_HINT,
  });
}
