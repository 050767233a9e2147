/**
 * Questions to a DNS server over UDP, for servers that answer nowhere else.
 *
 * Whoever is in the same network may send answers in the name of the server: each question has an id
 * and a port of its own, drawn at random, and after a few answers that fit no question all are refused.
 *
 * @module
 */
import { type Bytes, createDeferred } from "../../protocol/mod.ts";
import { parseIpAddress } from "../door/ip_address.ts";
import { DNS_RESEND_MS, MAX_FOREIGN_DATAGRAMS } from "../limits.ts";

/** A DNS server. */
export interface DnsServer {
  /** Its IP address. */
  readonly ipAddr: string;
  /** Its port. */
  readonly port: number;
}

/** The options of {@linkcode askByDatagram}. */
export interface DatagramOptions {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Tells whether bytes from the address of the server are an answer to this question. */
  readonly isAnswer: (bytes: Bytes) => boolean;
}

/**
 * Sends a question, again and again until there is an answer, and returns that.
 *
 * @throws {RangeError} where too much came that is no answer; else what the system said, or the reason
 * of the signal.
 */
export async function askByDatagram(
  server: DnsServer,
  question: Bytes,
  { signal, isAnswer }: DatagramOptions,
): Promise<Bytes> {
  // The runtime has datagrams of its own only with a flag that the programs are not started with.
  const { createSocket } = await import("node:dgram");
  signal.throwIfAborted();
  const address = parseIpAddress(server.ipAddr);
  const { promise, resolve, reject } = createDeferred<Bytes>();
  // Unbound, it gets a free port at random with the first question.
  const socket = createSocket(address?.family === 6 ? "udp6" : "udp4");
  let foreign = 0;
  socket.on("error", reject);
  socket.on("message", (message, from) => {
    const bytes = new Uint8Array(message);
    const sender = parseIpAddress(from.address);
    const isServer = from.port === server.port && sender !== null &&
      sender.family === address?.family && sender.value === address.value;
    if (isServer && isAnswer(bytes)) resolve(bytes);
    else if (++foreign > MAX_FOREIGN_DATAGRAMS) {
      reject(new RangeError("too much came that is no answer of the DNS server"));
    }
  });
  const send = () => {
    socket.send(question, server.port, server.ipAddr, (error) => {
      if (error) reject(error);
    });
  };
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const resending = setInterval(send, DNS_RESEND_MS);
  try {
    send();
    return await promise;
  } finally {
    clearInterval(resending);
    signal.removeEventListener("abort", stop);
    socket.close();
  }
}
