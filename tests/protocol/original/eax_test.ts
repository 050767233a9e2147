import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv } from "node:crypto";
import fc from "fast-check";
import { type Bytes, concatBytes, encodeHex, joinBytes } from "../../../protocol/bytes.ts";
import { xorInto } from "../../../protocol/original/cmac.ts";
import { EaxKey, type EaxParameters, type EaxSealed } from "../../../protocol/original/eax.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { flipBit } from "../../support/duplex_cuts.ts";
import { sampleBytes } from "../../support/site.ts";
import vectors from "../../vectors/original/vectors.json" with { type: "json" };
import { cutInto, SIZES } from "./pieces.ts";

const KEY = sampleBytes(32, 5);
const NONCE = sampleBytes(16, 6);
const HEADER = sampleBytes(5, 7);

Deno.test("EaxKey seals what the 55 vectors say, and opens it again", async () => {
  assertEquals(vectors.eax.length, 55);
  for (const [i, vector] of vectors.eax.entries()) {
    const key = await EaxKey.import(Uint8Array.fromHex(vector.key));
    const parameters = {
      nonce: Uint8Array.fromHex(vector.nonce),
      header: Uint8Array.fromHex(vector.header),
    };
    const plaintext = Uint8Array.fromHex(vector.plaintext);
    const sealed = await key.seal(plaintext, parameters);
    assertEquals(encodeHex(sealed.ciphertext), vector.ciphertext, `vector ${i}`);
    assertEquals(encodeHex(sealed.tag), vector.tag, `vector ${i}`);
    assertEquals(await key.open(sealed, parameters), plaintext, `vector ${i}`);
  }
});

Deno.test("EaxKey.seal takes a header that is left out for an empty one", async () => {
  const key = await EaxKey.import(KEY);
  const plaintext = sampleBytes(20);
  const empty = await key.seal(plaintext, { nonce: NONCE, header: new Uint8Array(0) });
  assertEquals(await key.seal(plaintext, { nonce: NONCE }), empty);
});

Deno.test("EaxKey.import refuses a key of a length that AES does not have", async () => {
  for (const length of [0, 15, 20, 33]) {
    await assertRejects(() => EaxKey.import(new Uint8Array(length)), Error);
  }
});

Deno.test("EaxStream seals and opens the same however the message is cut", async () => {
  const key = await EaxKey.import(KEY);
  const messages = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(messages, SIZES, SIZES, async (message, sealSizes, openSizes) => {
      const plaintext = new Uint8Array(message);
      const parameters = { nonce: NONCE, header: HEADER };
      const whole = await key.seal(plaintext, parameters);
      const sealing = await key.stream(parameters);
      const ciphertext: Bytes[] = [];
      for (const piece of cutInto(plaintext, sealSizes)) ciphertext.push(await sealing.seal(piece));
      const sealed = { ciphertext: joinBytes(ciphertext), tag: await sealing.tag() };
      assertEquals(sealed, whole);
      const opening = await key.stream(parameters);
      const opened: Bytes[] = [];
      for (const piece of cutInto(sealed.ciphertext, openSizes)) {
        opened.push(await opening.open(piece));
      }
      assertEquals(joinBytes(opened), plaintext);
      assertEquals(await opening.tag(), whole.tag);
    }),
    { numRuns: 60 },
  );
});

Deno.test("EaxStream seals a message of many pieces as a whole", async () => {
  const key = await EaxKey.import(KEY);
  const plaintext = sampleBytes(300_001);
  const whole = await key.seal(plaintext, { nonce: NONCE });
  const stream = await key.stream({ nonce: NONCE });
  const ciphertext: Bytes[] = [];
  for (const piece of cutInto(plaintext, [65_536, 1, 65_535, 17])) {
    ciphertext.push(await stream.seal(piece));
  }
  assert(joinBytes(ciphertext).every((byte, i) => byte === whole.ciphertext[i]));
  assertEquals(await stream.tag(), whole.tag);
});

Deno.test("EaxStream leaves the pieces that it is given as they are", async () => {
  const key = await EaxKey.import(KEY);
  const piece = sampleBytes(21);
  const stream = await key.stream({ nonce: NONCE });
  await stream.seal(piece);
  await stream.open(piece);
  assertEquals(piece, sampleBytes(21));
});

interface Message {
  readonly sealed: EaxSealed;
  readonly parameters: EaxParameters;
}

/** Each part of a message with a bit flipped, one by one. */
const FLIPS:
  readonly (readonly [what: string, bytes: number, (bit: number, m: Message) => Message])[] = [
    ["ciphertext", 21, (bit, { sealed, parameters }) => ({
      sealed: { ...sealed, ciphertext: flipBit(sealed.ciphertext, bit) },
      parameters,
    })],
    ["tag", 16, (bit, { sealed, parameters }) => ({
      sealed: { ...sealed, tag: flipBit(sealed.tag, bit) },
      parameters,
    })],
    ["nonce", 16, (bit, { sealed, parameters }) => ({
      sealed,
      parameters: { ...parameters, nonce: flipBit(parameters.nonce, bit) },
    })],
    ["header", 5, (bit, { sealed, parameters }) => ({
      sealed,
      parameters: { ...parameters, header: flipBit(HEADER, bit) },
    })],
  ];

for (const [what, length, flip] of FLIPS) {
  Deno.test(`EaxKey.open refuses every flipped bit of the ${what}`, async () => {
    const key = await EaxKey.import(KEY);
    const parameters = { nonce: NONCE, header: HEADER };
    const message = { sealed: await key.seal(sampleBytes(21), parameters), parameters };
    for (let bit = 0; bit < 8 * length; bit++) {
      const flipped = flip(bit, message);
      assertEquals(await key.open(flipped.sealed, flipped.parameters), null, `bit ${bit}`);
    }
  });
}

Deno.test("EaxKey.open refuses a message or tag that is shorter or longer", async () => {
  const key = await EaxKey.import(KEY);
  const parameters = { nonce: NONCE };
  const { ciphertext, tag } = await key.seal(sampleBytes(21), parameters);
  const others = [
    { ciphertext: ciphertext.subarray(1), tag },
    { ciphertext: ciphertext.subarray(0, 20), tag },
    { ciphertext: new Uint8Array(0), tag },
    { ciphertext: concatBytes(ciphertext, Uint8Array.of(0)), tag },
    { ciphertext, tag: tag.subarray(0, 15) },
    { ciphertext, tag: new Uint8Array(0) },
    { ciphertext, tag: concatBytes(tag, Uint8Array.of(0)) },
  ];
  for (const sealed of others) assertEquals(await key.open(sealed, parameters), null);
});

Deno.test("EaxKey.open refuses what another key has sealed", async () => {
  const sealed = await (await EaxKey.import(KEY)).seal(sampleBytes(21), { nonce: NONCE });
  const other = await EaxKey.import(flipBit(KEY, 0));
  assertEquals(await other.open(sealed, { nonce: NONCE }), null);
});

/** Puts one block through the bare cipher. */
function cryptBlock(cipher: Cipheriv | Decipheriv, block: Uint8Array): Bytes {
  const out = cipher.setAutoPadding(false).update(block);
  cipher.final();
  return new Uint8Array(out);
}

function encryptBlock(block: Uint8Array): Bytes {
  return cryptBlock(createCipheriv("aes-256-ecb", KEY, null), block);
}

function decryptBlock(block: Uint8Array): Bytes {
  return cryptBlock(createDecipheriv("aes-256-ecb", KEY, null), block);
}

function blockOf(number: bigint): Bytes {
  return Uint8Array.fromHex(BigInt.asUintN(128, number).toString(16).padStart(32, "0"));
}

/** Finds the nonce of one block for which the counter starts where it is told to. */
function nonceFor(start: bigint): Bytes {
  const zero = BigInt(`0x${encodeHex(encryptBlock(new Uint8Array(16)))}`);
  const forFullBlock = BigInt.asUintN(128, zero << 1n) ^ (zero >> 127n === 1n ? 0x87n : 0n);
  const nonce = decryptBlock(blockOf(start));
  xorInto(nonce, blockOf(zero));
  xorInto(nonce, blockOf(forFullBlock));
  return nonce;
}

const STARTS: readonly (readonly [what: string, start: bigint])[] = [
  ["begins anew after its last value", 2n ** 128n - 1n],
  ["begins anew within a message", 2n ** 128n - 3n],
  ["carries over 32 bits", 2n ** 32n - 2n],
  ["carries over 64 bits", 2n ** 64n - 2n],
  ["carries over 120 bits", 2n ** 120n - 2n],
];

for (const [what, start] of STARTS) {
  Deno.test(`EaxStream counts with a counter that ${what}`, async () => {
    const key = await EaxKey.import(KEY);
    const plaintext = sampleBytes(90);
    const expected = plaintext.slice();
    const blocks = Array.from({ length: 6 }, (_, i) => encryptBlock(blockOf(start + BigInt(i))));
    xorInto(expected, joinBytes(blocks));
    const nonce = nonceFor(start);
    assertEquals((await key.seal(plaintext, { nonce })).ciphertext, expected);
    for (const size of [1, 16, 23, 48]) {
      const stream = await key.stream({ nonce });
      const ciphertext: Bytes[] = [];
      for (const piece of cutInto(plaintext, [size])) ciphertext.push(await stream.seal(piece));
      assertEquals(joinBytes(ciphertext), expected, `in pieces of ${size}`);
    }
  });
}
