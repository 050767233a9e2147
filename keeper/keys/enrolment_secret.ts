/**
 * The enrolment secret of an app: 32 random bytes that its agents have from their private environment.
 *
 * @module
 */
import { base64urlnopad } from "@scure/base";
import {
  type Bytes,
  ConfigError,
  decodeEnrolmentSecret,
  isAppName,
  randomBytes,
} from "../../protocol/mod.ts";

const SECRET_BYTES = 32;

/** Makes a new enrolment secret: 43 characters. */
export function generateEnrolmentSecret(): string {
  const bytes = randomBytes(SECRET_BYTES);
  const text = base64urlnopad.encode(bytes);
  bytes.fill(0);
  return text;
}

/** Where a secret came from. */
export interface EnrolmentOrigin {
  /** Where the secret came from, if that is a place that the operator can look at. */
  readonly source?: string;
}

/**
 * Reads an enrolment secret.
 *
 * @throws {ConfigError} for anything else, which is not repeated.
 */
export function readEnrolmentSecret(text: string, origin: EnrolmentOrigin = {}): Bytes {
  const secret = decodeEnrolmentSecret(text);
  if (secret !== null) return secret;
  throw new ConfigError("the enrolment secret is not 32 bytes in 43 characters of base64url", {
    ...origin,
    hint: "Make one with fluxvault-keeper enrolment create; do not make one up.",
  });
}

/**
 * Returns the name of an app as it is.
 *
 * @throws {ConfigError} for anything else, which is not repeated: it may be a secret.
 */
export function checkApp(text: string): string {
  if (isAppName(text)) return text;
  throw new ConfigError("the argument is no name of an app", {
    hint: "Use letters, digits and inner hyphens, at most 63 of them.",
  });
}
