/** A DNS server that answers for containers as an engine's does: PTR and A, over TCP or UDP. */
import { createSocket, type Socket } from "node:dgram";
import { freePort } from "./free_port.ts";

/** What it knows. */
export interface DnsRecords {
  /** The names of addresses. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** The addresses of names, which are in lower case and without a dot at the end. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

const TYPES = { A: 1, PTR: 12 };
const NAME_ERROR = 3;

function encodeName(name: string): number[] {
  const labels = name.split(".").filter((label) => label !== "");
  return [
    ...labels.flatMap((label) => {
      return [label.length, ...new TextEncoder().encode(label)];
    }),
    0,
  ];
}

/** Reads the question; `end` is the place behind it. */
function readQuestion(message: Uint8Array): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const type = ((message[at + 1] ?? 0) << 8) | (message[at + 2] ?? 0);
  return { name: labels.join("."), type, end: at + 5 };
}

/** Answers one question. */
export function answerDns(message: Uint8Array, { names, addresses }: DnsRecords): Uint8Array {
  const { name, type, end } = readQuestion(message);
  const address = /^([\d.]+)\.in-addr\.arpa$/.exec(name)?.[1]?.split(".").reverse().join(".");
  const found = type === TYPES.PTR
    ? (names[address ?? ""] ?? []).map(encodeName)
    : type === TYPES.A
    ? (addresses[name.toLowerCase()] ?? []).map((text) => text.split(".").map(Number))
    : [];
  const code = found.length > 0 || name.toLowerCase() in addresses ? 0 : NAME_ERROR;
  const head = [...message.subarray(0, 2), 0x84 | ((message[2] ?? 0) & 1), 0x80 | code];
  const counts = [0, 1, 0, found.length, 0, 0, 0, 0];
  const records = found.flatMap((data) => {
    return [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5, data.length >> 8, data.length & 255, ...data];
  });
  return Uint8Array.from([...head, ...counts, ...message.subarray(12, end), ...records]);
}

/** Answers until the scope ends. */
export class DnsServer implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #conns = new Map<Deno.Conn, Promise<void>>();
  readonly #accepting: Promise<void>;

  /**
   * Takes a free port of 127.0.0.1, or of another address; without records it never answers. Records
   * that change are asked for anew for each connection.
   *
   * @param options.ended How many connections it ends at first without an answer. @default {0}
   * @param options.port The port; any that is free for 0. @default {0}
   */
  constructor(
    records: DnsRecords | (() => DnsRecords) | null,
    { ended = 0, hostname = "127.0.0.1", port = 0 }: {
      readonly ended?: number;
      readonly hostname?: string;
      readonly port?: number;
    } = {},
  ) {
    this.#listener = Deno.listen({ hostname, port: port === 0 ? freePort(hostname) : port });
    this.#accepting = this.#accept(typeof records === "function" ? records : () => records, ended);
    // Whoever disposes of it is told.
    this.#accepting.catch(() => {});
  }

  /** Its port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(read: () => DnsRecords | null, ended: number): Promise<void> {
    for await (const conn of this.#listener) {
      if (ended-- > 0) {
        conn.close();
        continue;
      }
      this.#conns.set(conn, answerAll(conn, read()).catch(() => {}));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns.keys()) {
      try {
        conn.close();
      } catch {
        // Whoever asked has gone, and it was closed then.
      }
    }
    await Promise.all([this.#accepting, ...this.#conns.values()]);
  }
}

/** Answers the questions of one connection; each fits into one piece. */
async function answerAll(conn: Deno.Conn, records: DnsRecords | null): Promise<void> {
  const buffer = new Uint8Array(1_024);
  for (let length; (length = await conn.read(buffer)) !== null;) {
    if (records === null) continue;
    const answer = answerDns(buffer.subarray(2, length), records);
    const head = Uint8Array.of(answer.length >> 8, answer.length & 255);
    await conn.write(Uint8Array.from([...head, ...answer]));
  }
  conn.close();
}

function bind(socket: Socket, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, hostname, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}

/** What a {@linkcode DatagramDnsServer} sends for the right answer to a question. */
export type AlterAnswer = (answer: Uint8Array, count: number) => readonly Uint8Array[];

/** The same over UDP alone; answers until the scope ends. */
export class DatagramDnsServer implements AsyncDisposable {
  /** How many questions have come. */
  asked = 0;
  readonly #socket: Socket;
  /** Answers in the name of the server, from another port. */
  readonly #stranger: Socket;
  #isClosed = false;

  private constructor(socket: Socket, stranger: Socket) {
    this.#socket = socket;
    this.#stranger = stranger;
  }

  /**
   * Takes a port of 127.0.0.1, or of another address, and nothing there over TCP.
   *
   * @param options.hostname The address. @default 127.0.0.1
   * @param options.port The port; any that is free for 0. @default {0}
   * @param options.send What is sent; `count` is the number of the question. @default the answer
   * @param options.sendElsewhere What is sent from another port before that. @default nothing
   * @param options.onQuestion Is told from which port a question came.
   */
  static async open(
    records: DnsRecords,
    {
      hostname = "127.0.0.1",
      port = 0,
      send = (answer) => [answer],
      sendElsewhere = () => [],
      onQuestion,
    }: {
      readonly hostname?: string;
      readonly port?: number;
      readonly send?: AlterAnswer;
      readonly sendElsewhere?: AlterAnswer;
      readonly onQuestion?: (fromPort: number) => void;
    } = {},
  ): Promise<DatagramDnsServer> {
    const [socket, stranger] = [createSocket("udp4"), createSocket("udp4")];
    const server = new DatagramDnsServer(socket, stranger);
    socket.on("message", (message, { address, port }) => {
      server.asked++;
      onQuestion?.(port);
      const answer = answerDns(new Uint8Array(message), records);
      const evil = sendElsewhere(answer, server.asked);
      for (const bytes of evil) stranger.send(bytes, port, address);
      const reply = () => {
        if (server.#isClosed) return;
        for (const bytes of send(answer, server.asked)) socket.send(bytes, port, address);
      };
      // What comes from elsewhere comes first.
      if (evil.length === 0) reply();
      else setTimeout(reply, 50);
    });
    // Nobody is to listen at that port over TCP either, unless the test does.
    await bind(socket, port === 0 ? freePort(hostname) : port, hostname);
    await bind(stranger, 0, "127.0.0.1");
    return server;
  }

  /** Its port. */
  get port(): number {
    return this.#socket.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const socket of [this.#socket, this.#stranger]) {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }
  }
}
