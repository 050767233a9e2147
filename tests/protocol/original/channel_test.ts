import fc from "fast-check";
import {
  type Bytes,
  concatBytes,
  decodeUtf8,
  encodeUtf8,
  joinBytes,
} from "../../../protocol/bytes.ts";
import { duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError, FluxVaultError, ProtocolError } from "../../../protocol/errors.ts";
import { Link } from "../../../protocol/link.ts";
import { Channel, TEXT_WAS_STREAMED } from "../../../protocol/original/channel.ts";
import { EaxKey } from "../../../protocol/original/eax.ts";
import { PLATFORM_ENTROPY } from "../../../protocol/original/entropy.ts";
import { encodeJsonObject } from "../../../protocol/original/json_text.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { deafDuplex, flipBit, recordWrites, tamperWrites } from "../../support/duplex_cuts.ts";
import { sampleBytes } from "../../support/site.ts";
import {
  channelPair,
  type Envelope,
  lineOf,
  lineOfEnvelope,
  READ,
  readerOf,
  sealedChannel,
  sealText,
  withSink,
  writerOf,
} from "./envelopes.ts";
import { cutInto, readPieces, SIZES } from "./pieces.ts";

const SOON_MS = 10;
const MEMBERS = new Map<string, unknown>([["State", "DONE"], ["fill", "00ff"]]);
const PLAINTEXT = encodeJsonObject(MEMBERS);

class Reason extends Error {}

async function refuse(channel: Channel, code: string): Promise<void> {
  await assertRejects(() => channel.readSealed(READ), ProtocolError, code);
}

Deno.test("Channel carries messages both ways, whatever the cuts, with newlines or without", async () => {
  // JSON.parse makes what arrives: it gives other values than -0, for one, which is written as 0.
  const value = fc.json({ stringUnit: "binary", maxDepth: 3 }).map((json) => JSON.parse(json));
  const members = fc.array(fc.tuple(fc.string({ unit: "binary", minLength: 1 }), value), {
    maxLength: 4,
  })
    .map((pairs) => new Map(pairs));
  await fc.assert(
    fc.asyncProperty(fc.array(members, { maxLength: 2 }), SIZES, async (list, sizes) => {
      const [left, right] = channelPair(sizes);
      for (const [i, message] of list.entries()) {
        const options = { newline: i % 2 === 0 };
        const [, clear] = await Promise.all([
          left.writeClear(message, options),
          right.readClear(READ),
        ]);
        const [, sealed] = await Promise.all([
          left.writeSealed(message, options),
          right.readSealed(READ),
        ]);
        const [, back] = await Promise.all([
          right.writeSealed(sealed, options),
          left.readSealed(READ),
        ]);
        assertEquals([clear, sealed, back], [message, message, message]);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("Channel.writeSealed writes the original's envelope in one write", async () => {
  const { channel, writes } = writerOf();
  await channel.writeSealed(MEMBERS, { newline: true });
  await channel.writeSealed(MEMBERS, { newline: false });
  const [first = "", second = "", ...others] = writes.map(decodeUtf8);
  const envelope: Envelope = JSON.parse(first);
  assertEquals(first, `${encodeJsonObject(new Map(Object.entries(envelope)))}\n`);
  assertEquals(Object.keys(envelope), ["nonce", "tag", "ciphertext"]);
  assertEquals(envelope.nonce.length, 32);
  assertEquals(second.length, 106 + 2 * PLAINTEXT.length);
  assertEquals(first.length, second.length + 1);
  assertEquals(others, []);
});

Deno.test("Channel seals nothing and opens nothing before there is a key", async () => {
  const channel = new Channel(new Link(duplexPair()[0]), PLATFORM_ENTROPY);
  await assertRejects(() => channel.writeSealed(MEMBERS, { newline: true }), RangeError);
  await assertRejects(() => channel.readSealed(READ), RangeError);
});

Deno.test("Channel reads messages that arrive together, and skips white space before each", async () => {
  const lines = [await sealText('{"n":1}'), await sealText('{"n":2}')].map(lineOfEnvelope);
  const channel = readerOf(concatBytes(encodeUtf8("\r\n \t"), ...lines, encodeUtf8('{"n":3}')));
  for (const n of [1, 2]) assertEquals(await channel.readSealed(READ), new Map([["n", n]]));
  assertEquals(await channel.readClear(READ), new Map([["n", 3]]));
});

Deno.test("Channel.readSealed hands a text on and says that there was one", async () => {
  const text = "\u{1f511}\n".repeat(30_000);
  const body = new Map<string, unknown>([["State", "DATA"], ["Body", text], ["n", 1]]);
  for (const size of [Infinity, 4_096]) {
    const [left, right] = channelPair([size]);
    const { options, pieces } = withSink();
    const reading = right.readSealed(options);
    await left.writeSealed(body, { newline: true });
    assertEquals(await reading, new Map(body).set("Body", TEXT_WAS_STREAMED));
    assertEquals(decodeUtf8(joinBytes(pieces)), text);
  }
});

Deno.test("Channel.writeSealedPieces writes what readSealed reads, the tag behind it", async () => {
  const json = encodeUtf8(encodeJsonObject(new Map([["Body", "a\u00e9\n".repeat(40_000)]])));
  const [near, far] = duplexPair();
  const writes: Uint8Array[] = [];
  const left = sealedChannel(new Link(recordWrites(near, writes)));
  const { options, pieces } = withSink();
  const reading = sealedChannel(new Link(far)).readSealed(options);
  await left.writeSealedPieces(readPieces(cutInto(json, [50_000, 0, 17])));
  assertEquals(await reading, new Map([["Body", TEXT_WAS_STREAMED]]));
  assertEquals(decodeUtf8(joinBytes(pieces)), "a\u00e9\n".repeat(40_000));
  const line = decodeUtf8(joinBytes(writes));
  const envelope = JSON.parse(line);
  assertEquals(line, `${encodeJsonObject(new Map(Object.entries(envelope)))}\n`);
  assertEquals(Object.keys(envelope), ["nonce", "ciphertext", "tag"]);
});

const ORDERS = [
  ["nonce", "tag", "ciphertext"],
  ["nonce", "ciphertext", "tag"],
  ["tag", "nonce", "ciphertext"],
  ["tag", "ciphertext", "nonce"],
  ["ciphertext", "nonce", "tag"],
  ["ciphertext", "tag", "nonce"],
] as const;

for (const order of ORDERS) {
  Deno.test(`Channel.readSealed takes ${order.join(", ")} in this order, in either case`, async () => {
    const envelope = await sealText(PLAINTEXT);
    for (const inCase of [(text: string) => text, (text: string) => text.toUpperCase()]) {
      const members = order.map((name) => [name, inCase(envelope[name])] as const);
      for (const size of [1_000, 1]) {
        const channel = readerOf(...cutInto(lineOf(...members), [size]));
        assertEquals(await channel.readSealed(READ), MEMBERS);
      }
    }
  });
}

Deno.test("Channel.readSealed ignores other members, and takes a nonce of another length", async () => {
  for (const length of [1, 12, 64]) {
    const envelope = await sealText(PLAINTEXT, sampleBytes(length));
    const line = lineOfEnvelope({ Version: [2], ...envelope, cipher: "x" });
    assertEquals(await readerOf(line).readSealed(READ), MEMBERS);
  }
});

Deno.test("Channel.readSealed refuses a message that is sent twice with open-failed", async () => {
  const [near, far] = duplexPair();
  const left = sealedChannel(new Link(tamperWrites(near, (bytes) => [bytes, bytes.slice()])));
  const right = sealedChannel(new Link(far));
  const writing = left.writeSealed(MEMBERS, { newline: true }).catch(() => {});
  assertEquals(await right.readSealed(READ), MEMBERS);
  await refuse(right, "open-failed");
  await writing;
});

Deno.test("Channel.readSealed refuses an older message, in another case and order, too", async () => {
  const old = await sealText(PLAINTEXT);
  const { nonce, tag, ciphertext } = old;
  const again = lineOfEnvelope({ ciphertext, tag, nonce: nonce.toUpperCase() });
  const channel = readerOf(lineOfEnvelope(old), lineOfEnvelope(await sealText("{}")), again);
  assertEquals(await channel.readSealed(READ), MEMBERS);
  assertEquals(await channel.readSealed(READ), new Map());
  await refuse(channel, "open-failed");
});

Deno.test("Channel.readSealed refuses an older message that a second nonce disguises", async () => {
  const envelope = await sealText(PLAINTEXT);
  const nonce = ["nonce", envelope.nonce] as const;
  const tag = ["tag", envelope.tag] as const;
  const ciphertext = ["ciphertext", envelope.ciphertext] as const;
  const other = ["nonce", "00".repeat(16)] as const;
  const disguises = [
    [nonce, ciphertext, other, tag],
    [nonce, ciphertext, tag, other],
    [other, nonce, ciphertext, tag],
    [nonce, other, ciphertext, tag],
    [ciphertext, nonce, other, tag],
  ];
  for (const members of disguises) {
    const channel = readerOf(lineOfEnvelope(envelope), lineOf(...members));
    assertEquals(await channel.readSealed(READ), MEMBERS);
    const error = await assertRejects(() => channel.readSealed(READ), ProtocolError);
    assert(["open-failed", "message-malformed"].includes(error.code), error.code);
  }
});

Deno.test("Channel.readSealed refuses its own message when it comes back with open-failed", async () => {
  const [near, far] = duplexPair();
  const channel = sealedChannel(new Link(near));
  far.readable.pipeTo(far.writable).catch(() => {});
  const writing = channel.writeSealed(MEMBERS, { newline: true });
  await refuse(channel, "open-failed");
  await writing;
});

for (const part of ["nonce", "tag", "ciphertext"] as const) {
  Deno.test(`Channel.readSealed refuses every flipped bit of the ${part} with open-failed`, async () => {
    const envelope = await sealText('{"a":1}');
    const bytes = Uint8Array.fromHex(envelope[part]);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = { ...envelope, [part]: flipBit(bytes, bit).toHex() };
      await refuse(readerOf(lineOfEnvelope(flipped)), "open-failed");
    }
  });
}

Deno.test("Channel.readSealed refuses what another key has sealed with open-failed", async () => {
  const channel = readerOf(lineOfEnvelope(await sealText(PLAINTEXT)));
  channel.key = await EaxKey.import(sampleBytes(32, 2));
  await refuse(channel, "open-failed");
});

const TAG = "00".repeat(16);
const BAD_ENVELOPES: readonly (readonly [what: string, change: Record<string, unknown>])[] = [
  ["an empty nonce", { nonce: "" }],
  ["a nonce of 65 bytes", { nonce: "00".repeat(65) }],
  ["a nonce that is no text", { nonce: 1 }],
  ["a nonce with half a byte", { nonce: "000" }],
  ["a nonce that is no hex", { nonce: "0g" }],
  ["a tag of 17 bytes", { tag: `${TAG}00` }],
  ["a tag that is no text", { tag: null }],
  ["a tag that is no hex", { tag: `${TAG.slice(1)}\u00e9` }],
  ["a ciphertext that is no text", { ciphertext: ["00"] }],
  ["a ciphertext that is no hex", { ciphertext: "0x" }],
  ["no nonce", { nonce: undefined }],
  ["no tag", { tag: undefined }],
];

for (const [what, change] of BAD_ENVELOPES) {
  Deno.test(`Channel.readSealed refuses ${what} with message-malformed`, async () => {
    const changed = Object.entries({ ...await sealText(PLAINTEXT), ...change })
      .filter(([, value]) => value !== undefined);
    await refuse(readerOf(lineOf(...changed)), "message-malformed");
    await refuse(readerOf(lineOf(...changed.toReversed())), "message-malformed");
  });
}

Deno.test("Channel.readSealed refuses a tag that was cut, half a byte, and no text at all", async () => {
  const envelope = await sealText(PLAINTEXT);
  const { nonce, tag, ciphertext } = envelope;
  for (const short of [tag.slice(0, 2), tag.slice(0, 30)]) {
    await refuse(readerOf(lineOfEnvelope({ ...envelope, tag: short })), "open-failed");
  }
  await refuse(
    readerOf(lineOfEnvelope({ nonce, ciphertext: `${ciphertext}0`, tag })),
    "open-failed",
  );
  await refuse(readerOf(lineOfEnvelope({ nonce, tag })), "open-failed");
});

const BAD_PLAINTEXTS: readonly (readonly [what: string, plaintext: string | Bytes])[] = [
  ["nothing", ""],
  ["white space", " \n"],
  ["a list", "[]"],
  ["half an object", '{"a":1'],
  ["two objects", "{}{}"],
  ["an object and a letter", "{} x"],
  ["a trailing comma", '{"a":1,}'],
  ["a lone surrogate in its text", '{"Body":"\\ud83d"}'],
  [
    "a text that is not UTF-8",
    concatBytes(encodeUtf8('{"Body":"'), Uint8Array.of(0xff, 0x22, 0x7d)),
  ],
  ["its text twice", '{"Body":"a","Body":"b"}'],
  ["too much beside its text", `{"a":"${"x".repeat(65_536)}"}`],
];

for (const [what, plaintext] of BAD_PLAINTEXTS) {
  Deno.test(`Channel.readSealed tells that a message holds ${what} only if its tag is right`, async () => {
    const envelope = await sealText(plaintext);
    const { options } = withSink();
    const line = (tag: string) => readerOf(lineOfEnvelope({ ...envelope, tag }));
    const good = () => line(envelope.tag).readSealed(options);
    await assertRejects(good, ProtocolError, "message-malformed");
    const bad = () => line(TAG).readSealed(options);
    await assertRejects(bad, ProtocolError, "open-failed");
  });
}

Deno.test("Channel.readSealed fails with what the taker of the text threw, once the tag is right", async () => {
  const envelope = await sealText(`{"Body":"${"x\\n".repeat(50)}"}`);
  let calls = 0;
  const sink = () => {
    calls++;
    return Promise.reject(new Reason());
  };
  const options = { ...READ, text: { name: "Body", sink } };
  const channel = readerOf(...cutInto(lineOfEnvelope(envelope), [50]));
  await assertRejects(() => channel.readSealed(options), Reason);
  assertEquals(calls, 1);
  const forged = readerOf(lineOfEnvelope({ ...envelope, tag: TAG }));
  await assertRejects(() => forged.readSealed(options), ProtocolError, "open-failed");
});

Deno.test("Channel.readSealed refuses much ciphertext that no nonce precedes", async () => {
  const { nonce, tag } = await sealText("");
  const options = { ...READ, maxBytes: 1_000_000 };
  const line = (ciphertext: string) => lineOfEnvelope({ ciphertext, nonce, tag });
  const most = () => readerOf(...cutInto(line("0".repeat(131_072)), [9_999])).readSealed(options);
  await assertRejects(most, ProtocolError, "open-failed");
  const more = () => readerOf(...cutInto(line("0".repeat(131_074)), [9_999])).readSealed(options);
  await assertRejects(more, ProtocolError, "message-malformed");
});

Deno.test("Channel fails with truncated wherever the peer ends within a message", async () => {
  const line = lineOfEnvelope(await sealText('{"a":1}'));
  const object = line.subarray(0, line.length - 1);
  assertEquals(await readerOf(object).readSealed(READ), new Map([["a", 1]]));
  for (let length = 0; length < object.length; length++) {
    const channel = readerOf(object.slice(0, length));
    await assertRejects(() => channel.readSealed(READ), ConnectionError, "truncated");
  }
});

Deno.test("Channel allows the limit of a message and not one byte more, whatever the cuts", async () => {
  const line = lineOfEnvelope(await sealText(PLAINTEXT));
  const object = line.subarray(0, line.length - 1);
  for (const size of [1, 64, 1_000]) {
    const channel = (text: Uint8Array) => readerOf(...cutInto(text, [size]));
    const options = { ...READ, maxBytes: object.length };
    assertEquals(await channel(line).readSealed(options), MEMBERS);
    const tight = { ...READ, maxBytes: object.length - 1 };
    const run = () => channel(line).readSealed(tight);
    await assertRejects(run, ProtocolError, "line-too-long");
  }
});

Deno.test("Channel refuses white space without end with line-too-long", async () => {
  const readable = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1_000).fill(0x0a)),
  });
  const channel = sealedChannel(new Link(deafDuplex(readable)));
  await assertRejects(() => channel.readClear(READ), ProtocolError, "line-too-long");
});

Deno.test("Channel refuses to write a line that is too long, and writes nothing of it", async () => {
  const { channel, writes } = writerOf();
  const maxBytes = 106 + 2 * PLAINTEXT.length + 1;
  await channel.writeSealed(MEMBERS, { newline: true, maxBytes });
  const run = () => channel.writeSealed(MEMBERS, { newline: true, maxBytes: maxBytes - 1 });
  await assertRejects(run, ProtocolError, "line-too-long");
  assertEquals(writes.map(({ length }) => length), [maxBytes]);
});

for (const [what, start] of [["nothing", ""], ["half a message", '{"nonce": "00']] as const) {
  Deno.test(`Channel fails with timed-out where a peer sends ${what} and no more`, async () => {
    const [near, far] = duplexPair();
    const link = new Link(near);
    const writing = far.writable.getWriter().write(encodeUtf8(start)).catch(() => {});
    const run = () => sealedChannel(link).readSealed({ ...READ, timeoutMs: SOON_MS });
    await assertRejects(run, ConnectionError, "timed-out");
    await assertRejects(() => link.broken, ConnectionError, "timed-out");
    await writing;
  });
}

Deno.test("Channel.drain waits for the peer's end, whatever it still sends", async () => {
  await readerOf(encodeUtf8("{"), sampleBytes(100_000)).drain(60_000);
});

Deno.test("Channel.drain fails with timed-out where the peer does not end", async () => {
  const link = new Link(duplexPair()[0]);
  await assertRejects(() => sealedChannel(link).drain(SOON_MS), ConnectionError, "timed-out");
});

Deno.test("Channel throws a FluxVaultError or nothing, whatever arrives", async () => {
  const envelope = lineOfEnvelope(await sealText(PLAINTEXT));
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 3 }),
      SIZES,
      async (list, sizes) => {
        const bytes = envelope.slice();
        for (const [at, byte] of list) bytes[at % bytes.length] = byte;
        for (const read of ["readSealed", "readClear"] as const) {
          try {
            await readerOf(...cutInto(bytes, sizes))[read](READ);
          } catch (error) {
            assert(error instanceof FluxVaultError);
          }
        }
      },
    ),
  );
});
