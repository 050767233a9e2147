/**
 * One connection of an HTTP/1.1 server: requests one after the other, with little or no contents, each
 * read and answered in time.
 *
 * @module
 */
import { type Bytes, encodeUtf8 } from "../../../protocol/mod.ts";
import {
  MAX_JOINED_REPLY_BYTES,
  MAX_KEPT_HEAD_BYTES,
  MAX_REQUEST_BODY_BYTES,
  MAX_REQUEST_HEAD_BYTES,
  REPLY_TIMEOUT_MS,
  REQUEST_PIECE_BYTES,
  REQUEST_TIMEOUT_MS,
} from "../../limits.ts";
import { type ReplyHead, textReply } from "./file_response.ts";
import { parseRequestHead, type RequestHead } from "./request_head.ts";

/** A connection as the transport gives it. */
export interface ByteConnection {
  /** Reads some bytes; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends this direction, where closing the connection would not. */
  end?(): Promise<void>;
}

/** What is answered. */
export interface HttpReply extends ReplyHead {
  /** The contents: text, bytes, or pieces of which those that are due wait until they are taken. */
  readonly body?: string | Bytes | AsyncGenerator<Bytes, void, undefined> | null;
}

/** A request, all of which has come. */
export interface HttpRequest extends RequestHead {
  /** Its contents; empty where it has none. */
  readonly body: Bytes;
}

/** Answers a request. */
export type HttpHandler = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  206: "Partial Content",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  416: "Range Not Satisfiable",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
const END = "\r\n\r\n";

/** Serves a connection; whoever has it closes it once {@linkcode HttpConnection.serve} has resolved. */
export class HttpConnection {
  /** When it is too slow, in the milliseconds of `performance.now()`. */
  deadlineMs = performance.now() + REQUEST_TIMEOUT_MS;
  readonly #connection: ByteConnection;
  readonly #handle: HttpHandler;
  /** What of the requests has come and was not read yet, a character for each byte. */
  #text = "";
  /** Filled anew with each piece: what is thrown away with each request keeps the runtime busy. */
  readonly #incoming = new Uint8Array(REQUEST_PIECE_BYTES);
  /** The same for what is sent. */
  #outgoing = new Uint8Array(0);
  /** The last head: whoever asks for the same again, word for word, means the same again. */
  #last: { readonly text: string; readonly head: HttpRequest | string } | null = null;

  /** Reads nothing yet. */
  constructor(connection: ByteConnection, handle: HttpHandler) {
    this.#connection = connection;
    this.#handle = handle;
  }

  /** Serves until either side has enough; rejects where the transport does. */
  async serve(): Promise<void> {
    await this.#serve();
    // Whoever takes nothing any more is waited for no longer than with a reply.
    this.deadlineMs = performance.now() + REPLY_TIMEOUT_MS;
    await this.#connection.end?.();
  }

  async #serve(): Promise<void> {
    for (;;) {
      this.deadlineMs = performance.now() + REQUEST_TIMEOUT_MS;
      const read = await this.#readHead();
      if (read === null) return;
      const head = typeof read === "string" ? this.#parse(read) : null;
      if (head === null) return await this.#refuse(431, "the head of the request is too long");
      if (typeof head === "string") return await this.#refuse(400, head);
      if (head.bodyBytes > MAX_REQUEST_BODY_BYTES) {
        return await this.#refuse(413, "the contents of the request are too long");
      }
      const request = head.bodyBytes === 0 ? head : await this.#readBody(head);
      if (request === null) return;
      // An answer that takes long is the server's own affair.
      this.deadlineMs = Infinity;
      const isKept = await this.#write(await this.#handle(request), {
        isHead: head.method === "HEAD",
        isKept: head.isKept,
      });
      if (!isKept) return;
    }
  }

  #parse(text: string): HttpRequest | string {
    if (this.#last?.text === text) return this.#last.head;
    const parsed = parseRequestHead(text);
    const head = typeof parsed === "string" ? parsed : { ...parsed, body: NO_BODY };
    this.#last = text.length <= MAX_KEPT_HEAD_BYTES ? { text, head } : null;
    return head;
  }

  /** Reads the next head; `null` where there is no more, and `"too-long"` as a symbol of that. */
  async #readHead(): Promise<string | typeof TOO_LONG | null> {
    for (;;) {
      const end = this.#text.indexOf(END);
      if (end >= 0) {
        const head = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + END.length);
        return head;
      }
      if (this.#text.length >= MAX_REQUEST_HEAD_BYTES) return TOO_LONG;
      const length = await this.#connection.read(this.#incoming);
      if (length === null) return null;
      this.#text += latin1(this.#incoming.subarray(0, length));
    }
  }

  /** Reads the contents behind a head; `null` where the peer ends before. */
  async #readBody(head: RequestHead): Promise<HttpRequest | null> {
    while (this.#text.length < head.bodyBytes) {
      const count = await this.#connection.read(this.#incoming);
      if (count === null) return null;
      this.#text += latin1(this.#incoming.subarray(0, count));
    }
    const text = this.#text.slice(0, head.bodyBytes);
    this.#text = this.#text.slice(head.bodyBytes);
    return { ...head, body: Uint8Array.from(text, (char) => char.charCodeAt(0)) };
  }

  async #refuse(status: number, reason: string): Promise<void> {
    this.deadlineMs = Infinity;
    await this.#write(textReply(status, reason), { isHead: false, isKept: false });
  }

  /** Writes a reply; returns whether another may follow. */
  async #write(
    { status, fields, body = null }: HttpReply,
    { isHead, isKept }: { readonly isHead: boolean; readonly isKept: boolean },
  ): Promise<boolean> {
    const bytes = typeof body === "string" ? encodeUtf8(body) : body;
    const isWhole = bytes === null || bytes instanceof Uint8Array;
    const hasLength = "Content-Length" in fields || status === 304;
    // The end of contents of no known length is that of the connection.
    const staysOpen = isKept && (isWhole || hasLength);
    let text = `HTTP/1.1 ${status} ${REASONS[status] ?? "Unknown"}\r\n`;
    for (const [name, value] of Object.entries(fields)) text += `${name}: ${value}\r\n`;
    if (!hasLength && isWhole) text += `Content-Length: ${bytes?.length ?? 0}\r\n`;
    text += `Date: ${dateNow()}\r\n`;
    if (!staysOpen) text += "Connection: close\r\n";
    text += "\r\n";
    if (isHead || bytes === null) {
      if (!isWhole) await bytes.return();
      await this.#send(this.#compose(text));
    } else if (isWhole && bytes.length <= MAX_JOINED_REPLY_BYTES) {
      await this.#send(this.#compose(text, bytes));
    } else if (isWhole) {
      // Many may be sent the same bytes: nobody holds a copy of his own meanwhile.
      await this.#send(this.#compose(text));
      await this.#send(bytes);
    } else {
      await this.#send(this.#compose(text));
      for await (const piece of bytes) await this.#send(piece);
    }
    return staysOpen;
  }

  /** Puts the contents behind a head, which is ASCII. */
  #compose(head: string, body: Bytes | null = null): Bytes {
    const length = head.length + (body?.length ?? 0);
    if (this.#outgoing.length < length) this.#outgoing = new Uint8Array(length);
    const { written } = ENCODER.encodeInto(head, this.#outgoing);
    if (written !== head.length) throw new TypeError("the head of a reply is not ASCII");
    if (body !== null) this.#outgoing.set(body, head.length);
    return this.#outgoing.subarray(0, length);
  }

  async #send(bytes: Bytes): Promise<void> {
    this.deadlineMs = performance.now() + REPLY_TIMEOUT_MS;
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(sent === 0 ? bytes : bytes.subarray(sent));
    }
    this.deadlineMs = Infinity;
  }
}

const NO_BODY: Bytes = new Uint8Array(0);
const TOO_LONG: unique symbol = Symbol("too long");

const ENCODER = new TextEncoder();

/** A character for each byte: no two heads are read as one. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

let date = { second: 0, text: "" };

/** Returns the time for `Date`, worked out once a second. */
function dateNow(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== date.second) date = { second, text: new Date(second * 1_000).toUTCString() };
  return date.text;
}
