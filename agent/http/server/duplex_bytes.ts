/**
 * Two streams as a connection that is read into a buffer and written from one.
 *
 * @module
 */
import type { Duplex } from "../../../protocol/mod.ts";
import type { ByteConnection } from "./http_connection.ts";

/** Reads and writes a transport; from now on it belongs to this. */
export class DuplexBytes implements ByteConnection {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** What has come and was not read yet. */
  #left = new Uint8Array(0);

  /** Reads nothing yet. */
  constructor({ readable, writable }: Duplex) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    // What goes wrong is told by the read or write that meets it.
    this.#reader.closed.catch(() => {});
    this.#writer.closed.catch(() => {});
  }

  /** Reads what has come, as far as it fits; `null` at the end. */
  async read(into: Uint8Array): Promise<number | null> {
    while (this.#left.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#left = new Uint8Array(value);
    }
    const length = Math.min(into.length, this.#left.length);
    into.set(this.#left.subarray(0, length));
    this.#left = this.#left.subarray(length);
    return length;
  }

  /** Writes all. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#writer.write(bytes);
    return bytes.length;
  }

  /** Ends this direction; what was written still arrives. */
  async end(): Promise<void> {
    await this.#writer.close();
  }
}
