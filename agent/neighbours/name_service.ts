/**
 * The DNS of the containers. It is asked over TCP, where nobody can answer in its place who is not on
 * the path; the DNS of some engines answers over UDP alone.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import { DNS_TCP_TIMEOUT_MS } from "../limits.ts";
import { askByDatagram, type DnsServer } from "./dns_datagrams.ts";
import {
  decodeAnswer,
  type DnsQuestion,
  encodeQuestion,
  isTruncated,
  reverseName,
} from "./dns_message.ts";
import type { NameService } from "./neighbours.ts";

/** Where Docker has its own. */
const ENGINE_SERVER: DnsServer = { ipAddr: "127.0.0.11", port: 53 };

/** Returns the first DNS server that the system names, or else where Docker has its own. */
export async function systemServer(path = "/etc/resolv.conf"): Promise<DnsServer> {
  try {
    const text = await Deno.readTextFile(path);
    const [, ipAddr] = /^nameserver[ \t]+([0-9a-fA-F.:]+)/m.exec(text) ?? [];
    return ipAddr === undefined ? ENGINE_SERVER : { ipAddr, port: ENGINE_SERVER.port };
  } catch {
    return ENGINE_SERVER;
  }
}

/** Asks a DNS server: over TCP, and over UDP where it answers nowhere else. */
export function namesFrom(server: DnsServer): NameService {
  const client = new DnsClient(server);
  return {
    namesOf: async (address, signal) => {
      const name = reverseName(address);
      return name === null ? [] : await client.ask({ name, type: "PTR" }, signal);
    },
    addressesOf: (name, { family, signal }) => {
      return client.ask({ name, type: family === 4 ? "A" : "AAAA" }, signal);
    },
  };
}

/** Asks one server, and remembers how it answers. */
class DnsClient {
  readonly #server: DnsServer;
  #usesDatagrams = false;

  constructor(server: DnsServer) {
    this.#server = server;
  }

  async ask(asked: Omit<DnsQuestion, "id">, signal: AbortSignal): Promise<string[]> {
    const [id = 0] = crypto.getRandomValues(new Uint16Array(1));
    const question = { id, ...asked };
    if (!this.#usesDatagrams) {
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), DNS_TCP_TIMEOUT_MS);
      try {
        const either = AbortSignal.any([signal, limit.signal]);
        return await askByStream(this.#server, question, either);
      } catch {
        signal.throwIfAborted();
      } finally {
        clearTimeout(timer);
      }
    }
    try {
      const answer = await this.#askByDatagram(question, signal);
      this.#usesDatagrams = true;
      return answer;
    } catch (error) {
      this.#usesDatagrams = false;
      throw error;
    }
  }

  async #askByDatagram(question: DnsQuestion, signal: AbortSignal): Promise<string[]> {
    const bytes = await askByDatagram(this.#server, encodeQuestion(question), {
      signal,
      isAnswer: (bytes) => readAnswer(bytes, question) !== null,
    });
    if (isTruncated(bytes)) return await askByStream(this.#server, question, signal);
    return readAnswer(bytes, question) ?? [];
  }
}

/** Reads an answer; `null` for what is none. */
function readAnswer(bytes: Bytes, question: DnsQuestion): string[] | null {
  try {
    return decodeAnswer(bytes, question);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

async function askByStream(
  { ipAddr: hostname, port }: DnsServer,
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<string[]> {
  const bytes = encodeQuestion(question);
  const conn = await Deno.connect({ hostname, port, signal });
  const stop = () => close(conn);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const framed = new Uint8Array(bytes.length + 2);
    new DataView(framed.buffer).setUint16(0, bytes.length);
    framed.set(bytes, 2);
    for (let sent = 0; sent < framed.length;) sent += await conn.write(framed.subarray(sent));
    const [high = 0, low = 0] = await readWhole(conn, 2);
    return decodeAnswer(await readWhole(conn, high << 8 | low), question);
  } finally {
    signal.removeEventListener("abort", stop);
    close(conn);
  }
}

async function readWhole(conn: Deno.Conn, length: number): Promise<Bytes> {
  const bytes = new Uint8Array(length);
  for (let read = 0; read < length;) {
    const count = await conn.read(bytes.subarray(read));
    if (count === null) throw new RangeError("the DNS server broke off its answer");
    read += count;
  }
  return bytes;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
