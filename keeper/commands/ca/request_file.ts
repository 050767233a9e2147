/**
 * A request for a certificate as a file: PEM, or DER as it is.
 *
 * @module
 */
import { base64 } from "@scure/base";
import { type Bytes, ConfigError } from "../../../protocol/mod.ts";

const LABEL = "(?:NEW )?CERTIFICATE REQUEST";
const PEM = new RegExp(
  `^-----BEGIN (${LABEL})-----\\s([A-Za-z0-9+/=\\s]+)-----END \\1-----\\s*$`,
  "m",
);
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * Reads a request out of a file; whether it is a good one is for the authority to say.
 *
 * @param source Where the file is, for the error.
 * @throws {ConfigError} where the file holds a private key, which nobody should hand around, or a PEM
 * block of another kind.
 */
export function readRequest(bytes: Bytes, source: string): Bytes {
  const text = new TextDecoder("latin1").decode(bytes);
  if (PRIVATE_KEY.test(text)) {
    throw new ConfigError("there is a private key beside or in the place of the request", {
      setting: "--request",
      source,
      hint: "Give the request alone; the private key stays where it is used.",
    });
  }
  const body = PEM.exec(text)?.[2];
  if (body === undefined && !text.includes("-----BEGIN ")) return bytes;
  try {
    if (body !== undefined) return Uint8Array.from(base64.decode(body.replaceAll(/\s/g, "")));
  } catch {
    // It is refused below.
  }
  throw new ConfigError("the file holds no request for a certificate", {
    setting: "--request",
    source,
    hint: "Make one, for example: openssl req -new -newkey ec -pkeyopt " +
      "ec_paramgen_curve:P-256 -nodes -subj /CN=any -keyout KEY -out REQUEST",
  });
}
