/**
 * The key that whoever asks the file server has to know, where the DNS cannot be trusted.
 *
 * It is a secret as any other: a keeper delivers it, and a change of it counts at once.
 *
 * @module
 */
import { type Bytes, decodeUtf8, type FileEntry, sha256Digest } from "../../protocol/mod.ts";
import { MAX_SERVER_KEY_BYTES, MIN_SERVER_KEY_CHARACTERS } from "../limits.ts";

/** What became of a key that was shown. */
export type KeyVerdict =
  /** It is the one. */
  | "right"
  /** It is another, or none was shown. */
  | "wrong"
  /** The file with the key is not in place, or holds nothing that could be one. */
  | "unusable";

/** What is needed to look at the file with the key. */
export interface ServerKeyOptions {
  /** The path of the file, as the manifest has it. */
  readonly path: string;
  /** Returns what may be at a path. */
  readonly find: (path: string) => readonly FileEntry[];
  /** Returns all of a small file that is in place. */
  readonly read: (
    entries: readonly FileEntry[],
  ) => Promise<{ readonly bytes: Bytes | null } | null>;
}

/** Compares keys with the one that was delivered. */
export class ServerKey {
  /** The path of the file, which is served to nobody. */
  readonly path: string;
  readonly #options: ServerKeyOptions;

  /** Reads nothing yet. */
  constructor(options: ServerKeyOptions) {
    this.path = options.path;
    this.#options = options;
  }

  /** Looks at what a request brings: `Bearer` and the key. Takes as long for any wrong key. */
  async check(authorization: string | undefined): Promise<KeyVerdict> {
    const { find, path, read } = this.#options;
    const file = await read(find(path)).catch(() => null);
    const key = file === null ? null : readKey(file.bytes);
    if (key === null) return "unusable";
    const shown = /^Bearer +([!-~]+)$/i.exec(authorization ?? "")?.[1] ?? "";
    const [right, given] = await Promise.all([digestOf(key), digestOf(shown)]);
    return isEqual(right, given) ? "right" : "wrong";
  }
}

/** Reads the key: visible ASCII, with a newline behind it or not. */
function readKey(bytes: Bytes | null): string | null {
  if (bytes === null || bytes.length > MAX_SERVER_KEY_BYTES) return null;
  try {
    const text = decodeUtf8(bytes).replace(/\r?\n$/, "");
    return text.length >= MIN_SERVER_KEY_CHARACTERS && /^[!-~]+$/.test(text) ? text : null;
  } catch {
    return null;
  }
}

function digestOf(text: string): Promise<Bytes> {
  return sha256Digest(new TextEncoder().encode(text));
}

/** Compares digests without telling by the time where they differ. */
function isEqual(a: Bytes, b: Bytes): boolean {
  let difference = a.length ^ b.length;
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0);
  return difference === 0;
}
