import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { type Bytes, encodeHex } from "../../../protocol/bytes.ts";
import { Cmac, CmacKey, xorInto } from "../../../protocol/original/cmac.ts";
import { assertEquals } from "../../support/assert.ts";
import { sampleBytes } from "../../support/site.ts";
import { cutInto, SIZES } from "./pieces.ts";

/** The message of all vectors, of which they take the beginning. */
const MESSAGE = "6bc1bee22e409f96e93d7e117393172a" + "ae2d8a571e03ac9c9eb76fac45af8e51" +
  "30c81c46a35ce411e5fbc1191a0a52ef" + "f69f2445df4f9b17ad2b417be66c3710";

interface Vectors {
  readonly source: string;
  readonly key: string;
  /** Of the first so many bytes of the message. */
  readonly macs: Readonly<Record<number, string>>;
}

const VECTORS: readonly Vectors[] = [{
  source: "RFC 4493, AES-128",
  key: "2b7e151628aed2a6abf7158809cf4f3c",
  macs: {
    0: "bb1d6929e95937287fa37d129b756746",
    16: "070a16b46b4d4144f79bdd9dd04a287c",
    40: "dfa66747de9ae63030ca32611497c827",
    64: "51f0bebf7e3b9d92fc49741779363cfe",
  },
}, {
  source: "NIST SP 800-38B, AES-192",
  key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
  macs: {
    0: "d17ddf46adaacde531cac483de7a9367",
    16: "9e99a7bf31e710900662f65e617c5184",
    40: "8a1de5be2eb31aad089a82e6ee908b0e",
    64: "a1d5df0eed790f794d77589659f39a11",
  },
}, {
  source: "NIST SP 800-38B, AES-256",
  key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
  macs: {
    0: "028962f61b7bf89efc6b551f4667d983",
    16: "28a7023f452e8f82bd4bf28d8c37c35c",
    40: "aaf3d8f1de5640c232f5b169b9c911e6",
    64: "e1992190549f6ed5696a2c056c315410",
  },
}];

const KEY = Uint8Array.fromHex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");

async function macOf(key: CmacKey, pieces: readonly Uint8Array[]): Promise<string> {
  const mac = new Cmac(key);
  for (const piece of pieces) await mac.update(piece);
  return encodeHex(await mac.digest());
}

/** What the platform's own CBC says of a message of whole blocks. */
function wholeBlocksMac(key: CmacKey, message: Bytes): string {
  const last = message.slice();
  xorInto(last.subarray(-16), key.forFullBlock);
  const cbc = createCipheriv("aes-256-cbc", KEY, new Uint8Array(16)).setAutoPadding(false);
  const encrypted = cbc.update(last);
  cbc.final();
  return encrypted.subarray(-16).toString("hex");
}

for (const { source, key, macs } of VECTORS) {
  Deno.test(`Cmac gives what the vectors of ${source} say`, async () => {
    const imported = await CmacKey.import(Uint8Array.fromHex(key));
    for (const [length, expected] of Object.entries(macs)) {
      const message = Uint8Array.fromHex(MESSAGE).subarray(0, Number(length));
      assertEquals(await macOf(imported, [message]), expected, `${length} bytes`);
    }
  });
}

Deno.test("CmacKey.import makes the two subkeys of RFC 4493", async () => {
  const key = await CmacKey.import(Uint8Array.fromHex("2b7e151628aed2a6abf7158809cf4f3c"));
  assertEquals(encodeHex(key.forFullBlock), "fbeed618357133667c85e08f7236a8de");
  assertEquals(encodeHex(key.forFilledBlock), "f7ddac306ae266ccf90bc11ee46d513b");
});

Deno.test("CmacKey.import doubles as numbers of 128 bits do", async () => {
  for (let seed = 0; seed < 1_000; seed++) {
    const { forFullBlock, forFilledBlock } = await CmacKey.import(sampleBytes(16, seed));
    const number = BigInt(`0x${encodeHex(forFullBlock)}`);
    const doubled = BigInt.asUintN(128, number << 1n) ^ (number >> 127n === 1n ? 0x87n : 0n);
    assertEquals(encodeHex(forFilledBlock), doubled.toString(16).padStart(32, "0"));
  }
});

Deno.test("Cmac gives the same however the message is cut", async () => {
  const key = await CmacKey.import(KEY);
  const messages = fc.uint8Array({ maxLength: 300 });
  await fc.assert(fc.asyncProperty(messages, SIZES, async (message, sizes) => {
    assertEquals(await macOf(key, cutInto(message, sizes)), await macOf(key, [message]));
  }));
});

Deno.test("Cmac gives the same however a message is cut that is gathered more than once", async () => {
  const key = await CmacKey.import(KEY);
  for (const length of [65_535, 65_536, 65_537, 65_552, 131_072, 196_608, 200_003]) {
    const message = sampleBytes(length);
    const expected = await macOf(key, [message]);
    for (const size of [1_000, 4_096, 65_535, 65_536, 65_537, 131_072]) {
      const mac = await macOf(key, cutInto(message, [size]));
      assertEquals(mac, expected, `${length} in pieces of ${size}`);
    }
  }
});

Deno.test("Cmac of a message that is gathered is that of the platform's CBC", async () => {
  const key = await CmacKey.import(KEY);
  for (const length of [64, 65_536, 131_072, 1_048_576]) {
    const message = sampleBytes(length);
    assertEquals(await macOf(key, [message]), wholeBlocksMac(key, message), `${length}`);
    assertEquals(await macOf(key, cutInto(message, [999])), wholeBlocksMac(key, message));
  }
});

Deno.test("Cmac.update keeps a copy of what it has to keep", async () => {
  const key = await CmacKey.import(KEY);
  const mac = new Cmac(key);
  const memory = Uint8Array.of(1, 2, 3);
  await mac.update(memory);
  memory.fill(9);
  assertEquals(encodeHex(await mac.digest()), await macOf(key, [Uint8Array.of(1, 2, 3)]));
});

Deno.test("xorInto changes the first block alone", () => {
  const [target, other] = [Uint8Array.of(0xff, 0x0f), Uint8Array.of(0xf0, 0x0f)];
  xorInto(target, other);
  assertEquals([target, other], [Uint8Array.of(0x0f, 0), Uint8Array.of(0xf0, 0x0f)]);
});
