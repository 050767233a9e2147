/**
 * Requests of HTTP/1.1 over one connection, with replies of bounded size: no proxy, no redirect, and
 * nobody asked but whoever was connected to.
 *
 * @module
 */
import { type Bytes, ConnectionError, encodeUtf8 } from "../../protocol/mod.ts";
import { MAX_REGISTRAR_REPLY_BYTES } from "../limits.ts";

/** A connection as the transport gives it. */
export interface ExchangeConnection {
  /** Reads some bytes; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some bytes. */
  write(bytes: Uint8Array): Promise<number>;
}

/** What is asked. */
export interface ExchangeRequest {
  /** The method. */
  readonly method: "GET" | "POST";
  /** The path. */
  readonly path: string;
  /** The contents, JSON; none where it is not given. */
  readonly body?: string;
}

/** What was answered. */
export interface ExchangeReply {
  /** The status. */
  readonly status: number;
  /** The contents. */
  readonly body: Bytes;
}

const END = "\r\n\r\n";

/** Asks one thing after the other. */
export class HttpExchange {
  readonly #connection: ExchangeConnection;
  readonly #host: string;
  #text = "";

  /** @param host What is named as the host: the address that was connected to, with its port. */
  constructor(connection: ExchangeConnection, host: string) {
    this.#connection = connection;
    this.#host = host;
  }

  /**
   * Asks, and reads the reply.
   *
   * @throws {ConnectionError} `connection-failed` where it is no reply, or too long.
   */
  async ask({ method, path, body = "" }: ExchangeRequest): Promise<ExchangeReply> {
    const contents = encodeUtf8(body);
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${this.#host}`];
    if (contents.length > 0) {
      lines.push("Content-Type: application/json", `Content-Length: ${contents.length}`);
    }
    await this.#write(Uint8Array.from([...encodeUtf8(lines.join("\r\n") + END), ...contents]));
    const head = await this.#readUntil((text) => {
      const end = text.indexOf(END);
      return end < 0 ? null : end + END.length;
    });
    const [, status] = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/.exec(head) ?? [];
    const [, length] = /\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n/i.exec(head) ?? [];
    if (status === undefined || length === undefined) throw broken("what it answers is no reply");
    if (Number(length) > MAX_REGISTRAR_REPLY_BYTES) throw broken("its reply is too long");
    const text = await this.#readUntil((text) => {
      return text.length < Number(length) ? null : Number(length);
    });
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    return { status: Number(status), body: bytes };
  }

  async #write(bytes: Bytes): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /** Reads until it is known how much belongs together, and takes that. */
  async #readUntil(find: (text: string) => number | null): Promise<string> {
    const buffer = new Uint8Array(MAX_REGISTRAR_REPLY_BYTES);
    for (;;) {
      const end = find(this.#text);
      if (end !== null) {
        const taken = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return taken;
      }
      if (this.#text.length > MAX_REGISTRAR_REPLY_BYTES) throw broken("its reply is too long");
      const count = await this.#connection.read(buffer);
      if (count === null) throw broken("it broke off");
      for (const byte of buffer.subarray(0, count)) this.#text += String.fromCharCode(byte);
    }
  }
}

function broken(what: string): ConnectionError {
  return new ConnectionError("connection-failed", `the primary cannot be asked: ${what}`);
}
