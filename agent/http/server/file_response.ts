/**
 * What a request for one file is answered: status, fields, and which bytes (RFC 9110).
 *
 * @module
 */
import { SERVE_RETRY_S } from "../../limits.ts";
import type { RequestHead } from "./request_head.ts";

/** What a reply says before its contents. */
export interface ReplyHead {
  /** The status. */
  readonly status: number;
  /** The fields. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Which bytes of a file a reply has. */
export interface ByteRange {
  /** The place of the first. */
  readonly start: number;
  /** The place behind the last. */
  readonly end: number;
}

/** What is known of a file that is served. */
export interface ServedContent {
  /** The SHA-256 of its contents in lower-case hex. */
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  /** The kind of its contents. */
  readonly type: string;
}

/** How a request for a file is answered; `range` is `null` where no contents are sent. */
export interface FileReply extends ReplyHead {
  /** The bytes that are sent. */
  readonly range: ByteRange | null;
}

/** What no reply of a secret goes without: it is stored nowhere on its way, nor taken for a page. */
const ALWAYS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "sandbox; default-src 'none'",
};

/** Works out the reply to a GET or HEAD for a file that is in place. */
export function fileReply(
  head: Pick<RequestHead, "method" | "fields">,
  { digest, size, type }: ServedContent,
): FileReply {
  const tag = `"${digest}"`;
  const fields = { ...ALWAYS, "ETag": tag, "Accept-Ranges": "bytes" };
  if (isListed(head.fields.get("if-none-match"), tag)) return { status: 304, fields, range: null };
  const whole = {
    status: 200,
    fields: { ...fields, "Content-Type": type, "Content-Length": `${size}` },
  };
  if (head.method === "HEAD") return { ...whole, range: null };
  const ifRange = head.fields.get("if-range");
  const asked = ifRange === undefined || ifRange === tag
    ? parseRange(head.fields.get("range"), size)
    : null;
  if (asked === null) return { ...whole, range: { start: 0, end: size } };
  if (asked === "unsatisfiable") {
    const text = { "Content-Range": `bytes */${size}`, "Content-Length": "0" };
    return { status: 416, fields: { ...fields, ...text }, range: null };
  }
  return {
    status: 206,
    fields: {
      ...fields,
      "Content-Type": type,
      "Content-Length": `${asked.end - asked.start}`,
      "Content-Range": `bytes ${asked.start}-${asked.end - 1}/${size}`,
    },
    range: asked,
  };
}

/** Makes a reply that is a sentence for whoever asked. */
export function textReply(
  status: number,
  text: string,
  fields: Readonly<Record<string, string>> = {},
): ReplyHead & { readonly body: string } {
  const type = { "Content-Type": "text/plain; charset=utf-8" };
  return { status, fields: { ...ALWAYS, ...type, ...fields }, body: `${text}\n` };
}

/** Makes a reply of JSON. */
export function jsonReply(value: unknown): ReplyHead & { readonly body: string } {
  const fields = { ...ALWAYS, "Content-Type": "application/json" };
  return { status: 200, fields, body: `${JSON.stringify(value)}\n` };
}

/** Makes the reply to whoever asked too early. */
export function laterReply(
  text: string,
  retryS: number = SERVE_RETRY_S,
): ReplyHead & { readonly body: string } {
  return textReply(503, text, { "Retry-After": `${retryS}` });
}

/** Tells whether an entity tag is among those of `If-None-Match`, compared weakly. */
function isListed(list: string | undefined, tag: string): boolean {
  if (list === undefined) return false;
  if (list.trim() === "*") return true;
  return list.split(",").some((item) => item.trim().replace(/^W\//, "") === tag);
}

/** Reads one range; `null` where there is none, several, or what cannot be read. */
function parseRange(text: string | undefined, size: number): ByteRange | "unsatisfiable" | null {
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(text ?? "");
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  if (last !== "" && Number(last) < Number(first)) return null;
  if (Number(first) >= size) return "unsatisfiable";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return { start: Number(first), end };
}
