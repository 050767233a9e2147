/** Strangers at an agent's door, thousands of them, who stay, talk nonsense, and are in no hurry. */
import { connect, type Socket } from "node:net";

/** From how many addresses they come unless a test says: 127.0.1.1 to 127.0.1.250, 127.0.2.1 and on. */
const STRANGE_ADDRESSES = 200;
const HOSTS_PER_NETWORK = 250;

/** What one of them says, which no log may repeat. */
export const STRANGE_WORDS = "words-of-a-stranger";

/** How many of them are dialling at a time. */
const CALLERS = 25;
const DRIP_INTERVAL_MS = 250;

/** An opening line of a keeper, whole but for its key: nobody ever wrapped anything. */
function garbageKeyLine(): string {
  const hex = (length: number) =>
    crypto.getRandomValues(new Uint8Array(length)).reduce(
      (text, byte) => text + byte.toString(16).padStart(2, "0"),
      "",
    );
  const choice = { State: "AESKEY", Version: 2, Suite: "RSA-OAEP-256+A256GCM" };
  return `${JSON.stringify({ ...choice, Nonce: hex(32), Key: hex(256) })}\n`;
}

/** How to send strangers. */
export interface StrangersOptions {
  /** How many are connected at a time, at most; below what a process may have open. @default {300} */
  readonly atOnce?: number;
  /** From how many addresses they come, where they do not come from one. @default {200} */
  readonly addresses?: number;
  /** Whether they come from many addresses; needs a machine that has them. @default {true} */
  readonly areScattered?: boolean;
}

/** Sends strangers to an agent; `await using` ends those who are still there. */
export class Strangers implements AsyncDisposable {
  /** How many have come so far. */
  count = 0;
  readonly #agent: { readonly host: string; readonly port: number };
  readonly #atOnce: number;
  readonly #addresses: number;
  readonly #areScattered: boolean;
  readonly #sockets: Socket[] = [];
  readonly #dripping = new Set<Socket>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** Sends nobody yet. */
  constructor(
    agent: { readonly host: string; readonly port: number },
    options: StrangersOptions = {},
  ) {
    this.#agent = agent;
    this.#atOnce = options.atOnce ?? 300;
    this.#addresses = options.addresses ?? STRANGE_ADDRESSES;
    this.#areScattered = options.areScattered ?? true;
    this.#timer = setInterval(() => {
      for (const socket of this.#dripping) if (socket.writable) socket.write("{");
    }, DRIP_INTERVAL_MS);
  }

  /** Has strangers come until it is enough; whoever has stayed for longest goes for the next. */
  async come(isEnough: () => boolean): Promise<void> {
    await Promise.all(Array.from({ length: CALLERS }, async () => {
      while (!isEnough()) {
        const index = this.count++;
        this.#behave(await this.#call(index), index);
        if (this.#sockets.length > this.#atOnce - CALLERS) await this.#end(1);
      }
    }));
  }

  /** Ends those who are still there. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#end(this.#sockets.length);
  }

  async #call(index: number): Promise<Socket> {
    const { host, port } = this.#agent;
    const localAddress = this.#areScattered ? this.#addressOf(index) : "127.0.0.1";
    const socket = connect({ host, port, localAddress });
    socket.on("error", () => {});
    this.#sockets.push(socket);
    // Once the agent has spoken it has taken the connection, which the system alone would not tell.
    await until(socket, "data", "close");
    return socket;
  }

  #addressOf(index: number): string {
    const host = index % this.#addresses;
    return `127.0.${Math.floor(host / HOSTS_PER_NETWORK) + 1}.${host % HOSTS_PER_NETWORK + 1}`;
  }

  #behave(socket: Socket, index: number): void {
    if (socket.destroyed) return;
    // Each address has a habit of its own for a while, and another later.
    switch ((index + Math.floor(index / this.#addresses)) % 4) {
      case 1:
        socket.write(`GET /${STRANGE_WORDS} HTTP/1.1\n`);
        break;
      case 2:
        socket.write(garbageKeyLine());
        break;
      case 3:
        this.#dripping.add(socket);
        socket.once("close", () => this.#dripping.delete(socket));
        break;
    }
  }

  async #end(count: number): Promise<void> {
    const leaving = this.#sockets.splice(0, count).filter((socket) => !socket.closed);
    await Promise.all(leaving.map((socket) => {
      const closed = until(socket, "close");
      socket.destroy();
      return closed;
    }));
  }
}

/** Waits for the first of these events; that of an error is none. */
function until(socket: Socket, ...events: readonly ("data" | "close")[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) socket.once(event, () => resolve());
  });
}
