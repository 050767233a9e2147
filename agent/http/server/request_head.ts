/**
 * The head of an HTTP/1.1 request, read strictly: whatever could be read in two ways is refused.
 *
 * @module
 */

/** The head of a request. */
export interface RequestHead {
  /** The method, as it was sent. */
  readonly method: string;
  /** The target, as it was sent: nothing is decoded and no segment is resolved. */
  readonly target: string;
  /** The fields by their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** Whether the connection may serve another request. */
  readonly isKept: boolean;
  /** How many bytes of contents follow the head; none of GET and HEAD. */
  readonly bodyBytes: number;
}

const LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP\/1\.([01])$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*?)[ \t]*$/;
const AUTHORITY = /^[0-9A-Za-z.:_[\]-]*$/;

/**
 * Reads a head, given without the empty line at its end.
 *
 * @param text One character for each byte.
 * @returns The head, or in a few words what is wrong with it.
 */
export function parseRequestHead(text: string): RequestHead | string {
  const [first = "", ...lines] = text.split("\r\n");
  const line = LINE.exec(first);
  if (line === null) return "the request line cannot be read";
  const [, method = "", target = "", minor] = line;
  const fields = new Map<string, string>();
  for (const text of lines) {
    const field = FIELD.exec(text);
    if (field === null) return "a header field cannot be read";
    const [, name = "", value = ""] = field;
    const key = name.toLowerCase();
    if (fields.has(key) && isSingle(key)) return `there are two fields ${key}`;
    fields.set(key, fields.has(key) ? `${fields.get(key)}, ${value}` : value);
  }
  const host = fields.get("host");
  if (host === undefined ? minor === "1" : !AUTHORITY.test(host)) return "the host is not named";
  if (fields.has("transfer-encoding")) return "the contents have to say their length";
  const length = fields.get("content-length") ?? "0";
  if (!LENGTH.test(length)) return "the length of the contents cannot be read";
  const bodyBytes = Number(length);
  if (bodyBytes > 0 && BODILESS.has(method)) return "this request has no contents here";
  const isClosed = minor === "0" || /\bclose\b/i.test(fields.get("connection") ?? "");
  return { method, target, fields, isKept: !isClosed, bodyBytes };
}

const LENGTH = /^(?:0|[1-9]\d{0,14})$/;
const BODILESS = new Set(["GET", "HEAD"]);

function isSingle(name: string): boolean {
  return SINGLE.has(name);
}

const SINGLE = new Set([
  "authorization",
  "content-length",
  "host",
  "if-range",
  "last-event-id",
  "range",
]);
