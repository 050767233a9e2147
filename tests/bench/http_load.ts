/**
 * Asks an HTTP server for one file many times, over connections that are kept.
 *
 * Arguments: an address, a target, the file that has to come, how many connections, and how many
 * requests in all. Each reply has to be as long as the first of its connection, which is looked at
 * whole. Writes `{"ms":...,"requests":...}` as a line.
 */
const [address = "", target = "", path = "", connections = "", requests = ""] = Deno.args;
const [hostname = "", port = ""] = address.split(":");
const expected = await Deno.readFile(path);
const request = new TextEncoder().encode(`GET ${target} HTTP/1.1\r\nHost: ${address}\r\n\r\n`);

/** A connection that is kept. */
class Asker {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(65_536);
  #replyBytes = 0;

  constructor(conn: Deno.TcpConn) {
    conn.setNoDelay(true);
    this.#conn = conn;
  }

  async ask(): Promise<void> {
    for (let sent = 0; sent < request.length;) {
      sent += await this.#conn.write(sent === 0 ? request : request.subarray(sent));
    }
    let length = 0;
    do {
      const count = await this.#conn.read(
        length === 0 ? this.#buffer : this.#buffer.subarray(length),
      );
      if (count === null) throw new Error("the server broke off a reply");
      length += count;
    } while (length < this.#replyBytes || (this.#replyBytes === 0 && !this.#isWhole(length)));
    if (length !== this.#replyBytes) throw new Error("a reply is longer than the one before");
  }

  /** Tells whether a first reply is all there, and notes how long it is. */
  #isWhole(length: number): boolean {
    const text = new TextDecoder("latin1").decode(this.#buffer.subarray(0, length));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0 || length < end + 4 + expected.length) return false;
    const body = this.#buffer.subarray(end + 4, length);
    const isRight = text.startsWith("HTTP/1.1 200 ") && body.length === expected.length &&
      body.every((byte, i) => byte === expected[i]);
    if (!isRight) throw new Error(`the server did not give the file: ${text.slice(0, end)}`);
    this.#replyBytes = length;
    return true;
  }

  close(): void {
    this.#conn.close();
  }
}

const askers = await Promise.all(Array.from({ length: Number(connections) }, async () => {
  return new Asker(await Deno.connect({ hostname, port: Number(port) }));
}));
await Promise.all(askers.map((asker) => asker.ask()));
let left = Number(requests);
const startedMs = performance.now();
await Promise.all(askers.map(async (asker) => {
  while (left-- > 0) await asker.ask();
}));
const ms = performance.now() - startedMs;
for (const asker of askers) asker.close();
const line = JSON.stringify({ ms, requests: Number(requests) });
await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
