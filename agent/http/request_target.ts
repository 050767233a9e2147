/**
 * What a request asks for, by the text of its target alone.
 *
 * @module
 */
import { decodeHex, decodeUtf8, findPathFault } from "../../protocol/mod.ts";

/** What a request asks for. */
export type RequestTarget =
  /** The path of one file, as a manifest has it. */
  | { readonly kind: "file"; readonly path: string }
  /** The list of all files. */
  | { readonly kind: "listing" }
  /** What is told of changes, as they come. */
  | { readonly kind: "events"; readonly query: string }
  /** Nothing that there could be. */
  | { readonly kind: "nothing" }
  /** It cannot be read; in a few words why. */
  | { readonly kind: "malformed"; readonly reason: string };

const FILES = "/files/";
const NOTHING: RequestTarget = { kind: "nothing" };

/**
 * Reads a target. What is percent-encoded is decoded once, and no segment is resolved: a path that is
 * none of a secret file leads to nothing.
 *
 * A file that is called `events` is asked for as `/files/%65vents`.
 */
export function readTarget(target: string): RequestTarget {
  const origin = withoutAuthority(target);
  if (origin === null) return { kind: "malformed", reason: "the target is no path" };
  if (origin.includes("#")) return { kind: "malformed", reason: "the target has a fragment" };
  const mark = origin.indexOf("?");
  const raw = mark < 0 ? origin : origin.slice(0, mark);
  if (raw === "/files" || raw === FILES) return { kind: "listing" };
  if (raw === "/files/events") {
    return { kind: "events", query: mark < 0 ? "" : origin.slice(mark + 1) };
  }
  if (!raw.startsWith(FILES)) return NOTHING;
  const path = decodePercent(raw.slice(FILES.length));
  if (path === null) return { kind: "malformed", reason: "the path is not encoded as UTF-8" };
  return findPathFault(path) === null ? { kind: "file", path } : NOTHING;
}

/** Takes the path of a target as a proxy is sent it too (`http://host/path`). */
function withoutAuthority(target: string): string | null {
  if (target.startsWith("/")) return target;
  const path = /^http:\/\/[^/?#]+(\/.*)$/i.exec(target)?.[1];
  return path ?? null;
}

/** Decodes once; `null` for a `%` without two digits and for what is no UTF-8. */
function decodePercent(text: string): string | null {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "%") {
      bytes.push(text.charCodeAt(i));
      continue;
    }
    const byte = decodeHex(text.slice(i + 1, i + 3).toLowerCase(), 1)?.[0];
    if (byte === undefined) return null;
    bytes.push(byte);
    i += 2;
  }
  try {
    return decodeUtf8(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}
