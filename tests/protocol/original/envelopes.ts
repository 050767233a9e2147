/** Sealed messages made by hand, and channels that read what a test sends. */
import { type Bytes, encodeHex, encodeUtf8, randomBytes } from "../../../protocol/bytes.ts";
import { duplexPair } from "../../../protocol/duplex.ts";
import { Link } from "../../../protocol/link.ts";
import { Channel, type ReadOptions } from "../../../protocol/original/channel.ts";
import { EaxKey } from "../../../protocol/original/eax.ts";
import { PLATFORM_ENTROPY } from "../../../protocol/original/entropy.ts";
import { cutArrivals, deafDuplex, recordWrites } from "../../support/duplex_cuts.ts";
import { sampleBytes } from "../../support/site.ts";

/** How the tests read a message. */
export const READ: ReadOptions = { what: "a message", maxBytes: 65_536, timeoutMs: 60_000 };

/** The key of all channels here. */
export const KEY: EaxKey = await EaxKey.import(sampleBytes(32));

/** The parts of a sealed message in hex. */
export interface Envelope {
  /** The nonce. */
  readonly nonce: string;
  /** The tag. */
  readonly tag: string;
  /** The sealed message. */
  readonly ciphertext: string;
}

/** Seals a text, whatever it is. */
export async function sealText(
  text: string | Bytes,
  nonce: Bytes = randomBytes(16),
): Promise<Envelope> {
  const plaintext = typeof text === "string" ? encodeUtf8(text) : text;
  const { ciphertext, tag } = await KEY.seal(plaintext, { nonce });
  return { nonce: encodeHex(nonce), tag: encodeHex(tag), ciphertext: encodeHex(ciphertext) };
}

/** Writes members in the given order, also twice the same, as a line. */
export function lineOf(
  ...members: readonly (readonly [name: string, value: unknown])[]
): Bytes {
  const parts = members.map((pair) => pair.map((part) => JSON.stringify(part)).join(":"));
  return encodeUtf8(`{${parts.join(",")}}\n`);
}

/** Writes the members of an envelope in their own order. */
export function lineOfEnvelope(envelope: Readonly<Record<string, unknown>> | Envelope): Bytes {
  return lineOf(...Object.entries(envelope));
}

/** A channel over a link, with the key. */
export function sealedChannel(link: Link): Channel {
  const channel = new Channel(link, PLATFORM_ENTROPY);
  channel.key = KEY;
  return channel;
}

/** A channel that reads these pieces and then the end. */
export function readerOf(...pieces: readonly Uint8Array[]): Channel {
  return sealedChannel(new Link(deafDuplex(byteStreamOf(pieces))));
}

/** A stream that fills the memory that it is given, the same again and again, as a socket does. */
function byteStreamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = pieces.filter(({ length }) => length > 0);
  return new ReadableStream({
    type: "bytes",
    pull(controller): void {
      const piece = left.shift();
      if (piece !== undefined) return controller.enqueue(piece.slice());
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

/** A channel that writes and reads nothing, and a copy of each of its writes. */
export function writerOf(): { readonly channel: Channel; readonly writes: Uint8Array[] } {
  const writes: Uint8Array[] = [];
  const duplex = recordWrites(deafDuplex(new ReadableStream()), writes);
  return { channel: sealedChannel(new Link(duplex)), writes };
}

/** Two channels with one key; what the second one reads arrives in pieces of these sizes. */
export function channelPair(sizes: readonly number[] = [Infinity]): [Channel, Channel] {
  const [near, far] = duplexPair();
  let i = 0;
  const cut = cutArrivals(far, () => sizes[i++ % sizes.length] ?? 1);
  return [sealedChannel(new Link(near)), sealedChannel(new Link(cut))];
}

/** Reads with a taker of the text `Body`, and shows what it was handed. */
export function withSink(): { readonly options: ReadOptions; readonly pieces: Uint8Array[] } {
  const pieces: Uint8Array[] = [];
  const sink = (utf8: Uint8Array): Promise<void> => {
    pieces.push(utf8.slice());
    return Promise.resolve();
  };
  return { options: { ...READ, maxBytes: 10_000_000, text: { name: "Body", sink } }, pieces };
}
