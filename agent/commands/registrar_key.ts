/**
 * The key that a primary and its sub-agents share, where the names of containers cannot be trusted.
 *
 * @module
 */
import { type Bytes, decodeUtf8, encodeUtf8 } from "../../protocol/mod.ts";
import { readOptionalFile, settingError } from "../../protocol/host/mod.ts";
import { MAX_REGISTRAR_KEY_BYTES, MIN_SERVER_KEY_CHARACTERS } from "../limits.ts";
import type { ServeContext } from "./serve_context.ts";

/**
 * Reads the key: visible ASCII, with a newline behind it or not.
 *
 * @param path The file, or `undefined` where there is none.
 * @throws {ConfigError} where it cannot be read, or holds no key; what it holds is not repeated.
 */
export async function readRegistrarKey(
  { resolved }: ServeContext,
  path: string | undefined,
): Promise<Bytes | null> {
  if (path === undefined) return null;
  const refuse = (problem: string, cause?: unknown) =>
    settingError(resolved, {
      name: "registrar-key",
      problem,
      hint: `Put the same line of ${MIN_SERVER_KEY_CHARACTERS} or more visible characters into ` +
        "such a file beside the primary and beside each sub-agent.",
      cause,
    });
  let text: string | null;
  try {
    const bytes = await readOptionalFile(path, { maxBytes: MAX_REGISTRAR_KEY_BYTES });
    text = bytes === null ? null : decodeUtf8(bytes).replace(/\r?\n$/, "");
  } catch (cause) {
    throw refuse("names a file that cannot be read", cause);
  }
  if (text === null) throw refuse("names a file that is not there");
  if (text.length >= MIN_SERVER_KEY_CHARACTERS && /^[!-~]+$/.test(text)) return encodeUtf8(text);
  throw refuse("names a file that holds no key");
}
