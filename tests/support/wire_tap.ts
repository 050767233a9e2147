/** A man in the middle between a keeper and an agent: he sees lines and frames, and may change them. */
import { TcpPeer, writeAll } from "./tcp_peer.ts";

/** An opening line or a frame, as one side sent it. */
export interface WireUnit {
  /** Who sent it. */
  readonly from: "agent" | "keeper";
  /** Its number in its direction: 0 is the opening line, frames count from 1. */
  readonly index: number;
  /** All its bytes: the newline, or the length and the tag, included. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of the connection, from 0. */
  readonly connection: number;
}

/** What goes on in place of a unit: some pieces, or a last one behind which all is cut off. */
export type Meddling = readonly Uint8Array[] | { readonly last: Uint8Array };

/** Says what becomes of a unit. */
export type Meddler = (unit: WireUnit) => Meddling;

/** The relay; `await using` ends it. */
export class WireTap implements AsyncDisposable {
  /** Every unit that was sent, as it was sent, in the order of arrival. */
  readonly units: WireUnit[] = [];
  readonly #peer: TcpPeer;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #meddle: Meddler;

  /** Listens, and dials the target for each connection. */
  constructor(
    target: { readonly host: string; readonly port: number },
    options: {
      readonly meddle?: Meddler;
      readonly hostname?: string;
      readonly port?: number;
    } = {},
  ) {
    const { meddle = ({ bytes }) => [bytes], ...address } = options;
    this.#target = target;
    this.#meddle = meddle;
    this.#peer = TcpPeer.listen((keeper, index) => this.#relay(keeper, index), address);
  }

  /** The address as a keeper is told: `host:port`. */
  get address(): string {
    return this.#peer.address;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }

  async #relay(keeper: Deno.TcpConn, connection: number): Promise<void> {
    const { host: hostname, port } = this.#target;
    using agent = await Deno.connect({ hostname, port });
    const cut = Promise.withResolvers<void>();
    const pass = async (
      from: "agent" | "keeper",
      [source, sink]: readonly [Deno.TcpConn, Deno.TcpConn],
    ): Promise<void> => {
      let index = 0;
      for await (const bytes of readUnits(source)) {
        const unit = { from, index: index++, bytes, connection };
        this.units.push(unit);
        const meddling = this.#meddle(unit);
        if ("last" in meddling) {
          await writeAll(sink, meddling.last);
          return cut.resolve();
        }
        for (const piece of meddling) await writeAll(sink, piece);
      }
      await sink.closeWrite();
    };
    // One direction may live on when the other has ended well; what breaks is broken off whole.
    const both = Promise.all([
      pass("agent", [agent, keeper]),
      pass("keeper", [keeper, agent]),
    ]);
    both.catch(() => {});
    await Promise.race([both, cut.promise]);
  }
}

/** Cuts what arrives into the opening line and frames; what is left at the end is a unit too. */
async function* readUnits(source: Deno.TcpConn): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(65_536);
  let held = new Uint8Array(0);
  let isLine = true;
  for (let length; (length = await source.read(buffer)) !== null;) {
    const joined = new Uint8Array(held.length + length);
    joined.set(held);
    joined.set(buffer.subarray(0, length), held.length);
    held = joined;
    for (;;) {
      const end = unitLength(held, isLine);
      if (end === 0 || held.length < end) break;
      yield held.slice(0, end);
      held = held.slice(end);
      isLine = false;
    }
  }
  if (held.length > 0) yield held;
}

/** Returns the length of the unit at the beginning, 0 where that is not known yet. */
function unitLength(held: Uint8Array<ArrayBuffer>, isLine: boolean): number {
  if (isLine) return held.indexOf(0x0a) + 1;
  return held.length < 4 ? 0 : 4 + new DataView(held.buffer).getUint32(held.byteOffset);
}
