/**
 * The DNS of the containers, asked over TCP: every engine's answers there, and nobody can answer in its
 * place who is not on the path.
 *
 * @module
 */
import type { Bytes } from "../../protocol/mod.ts";
import { decodeAnswer, type DnsType, encodeQuestion, reverseName } from "./dns_message.ts";
import type { NameService } from "./neighbours.ts";

/** A DNS server. */
export interface DnsServer {
  /** Its IP address. */
  readonly ipAddr: string;
  /** Its port. */
  readonly port: number;
}

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

/** Asks a DNS server. */
export function namesFrom(server: DnsServer): NameService {
  return {
    namesOf: async (address, signal) => {
      const name = reverseName(address);
      return name === null ? [] : await ask(server, { name, type: "PTR", signal });
    },
    addressesOf: (name, { family, signal }) => {
      return ask(server, { name, type: family === 4 ? "A" : "AAAA", signal });
    },
  };
}

async function ask(
  { ipAddr: hostname, port }: DnsServer,
  { name, type, signal }: {
    readonly name: string;
    readonly type: DnsType;
    readonly signal: AbortSignal;
  },
): Promise<string[]> {
  const [id = 0] = crypto.getRandomValues(new Uint16Array(1));
  const question = { id, name, type };
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
