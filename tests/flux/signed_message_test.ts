import fc from "fast-check";
import { base64 } from "@scure/base";
import { encodeHex } from "../../protocol/bytes.ts";
import {
  hashSignedMessage,
  recoverSigner,
  signMessage,
  zelIdOfKey,
} from "../../flux/signed_message.ts";
import { decodeWif, generatePrivateKey } from "../../flux/wif.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readFluxFixture } from "../support/fake_flux_api.ts";

interface Vector {
  readonly id: string;
  readonly address: string;
  readonly message: string;
  readonly signature: string;
  readonly magic_hash?: string;
  readonly wif?: string;
  readonly deterministic?: boolean;
  readonly rfc6979_deterministic?: boolean;
  /** Stands for a message that is too long to be written down. */
  readonly message_repeat?: { readonly char: string; readonly count: number };
}

interface Vectors {
  readonly published: readonly Vector[];
  readonly derived_from_public_demo_key: readonly Vector[];
  readonly negative: readonly Vector[];
  readonly malleability: readonly Vector[];
  readonly segwit_informational: readonly Omit<Vector, "id">[];
}

const VECTORS: Vectors = JSON.parse(
  await readFluxFixture("signature_vectors_bitcoin_message.json"),
);
const POSITIVE = [...VECTORS.published, ...VECTORS.derived_from_public_demo_key].map((vector) => {
  const { message_repeat: repeat } = vector;
  return repeat === undefined ? vector : { ...vector, message: repeat.char.repeat(repeat.count) };
});

Deno.test("signed message vectors: there are 30 that hold and 16 that do not", () => {
  assertEquals([POSITIVE.length, VECTORS.negative.length], [30, 16]);
});

for (const vector of POSITIVE) {
  Deno.test(`recoverSigner finds the signer of ${vector.id}`, async () => {
    const { address, message, signature, magic_hash: hash } = vector;
    if (hash !== undefined) assertEquals(encodeHex(hashSignedMessage(message)), hash);
    assertEquals(await recoverSigner(message, signature), address);
  });
}

for (const vector of POSITIVE) {
  const { wif, deterministic, rfc6979_deterministic: isRfc6979 } = vector;
  if (wif === undefined || !(deterministic ?? isRfc6979)) continue;
  Deno.test(`signMessage signs ${vector.id} as others do, to the byte`, async () => {
    assertEquals(await signMessage(vector.message, decodeWif(wif)), vector.signature);
  });
}

for (const { id, address, message, signature } of VECTORS.negative) {
  Deno.test(`recoverSigner does not find the signer of ${id}`, async () => {
    assert(await recoverSigner(message, signature) !== address);
  });
}

const MALFORMED = /^(?:header-(?:26|43|segwit)|64-bytes|66-bytes|empty-signature|[rs]-)/;

for (const { id, message, signature } of VECTORS.negative) {
  if (!MALFORMED.test(id)) continue;
  Deno.test(`recoverSigner takes ${id} for no signature at all`, async () => {
    assertEquals(await recoverSigner(message, signature), null);
  });
}

Deno.test("recoverSigner takes the twin of a signature, whose s is high, and signMessage makes none", async () => {
  for (const { address, message, signature } of VECTORS.malleability) {
    assertEquals(await recoverSigner(message, signature), address);
  }
  for (let i = 0; i < 16; i++) {
    const signature = base64.decode(await signMessage(`text ${i}`, generatePrivateKey()));
    assert((signature[33] ?? 0xff) < 0x80);
  }
});

Deno.test("recoverSigner takes signatures of other kinds of address for none", async () => {
  for (const { message, signature } of VECTORS.segwit_informational) {
    assertEquals(await recoverSigner(message, signature), null);
  }
});

Deno.test("recoverSigner takes base64 only as it is written canonically", async () => {
  const [first] = POSITIVE;
  assert(first !== undefined);
  const { message, signature } = first;
  const odd = [
    ...[`${signature}\n`, ` ${signature}`, signature.replace(/=+$/, ""), signature.slice(1)],
    ...[signature.replaceAll("+", "-").replaceAll("/", "_"), signature.replace(/.=$/, "d=")],
  ].filter((text) => text !== signature);
  for (const text of odd) assertEquals(await recoverSigner(message, text), null);
});

Deno.test("recoverSigner finds who signed any text, and nobody else where a bit is flipped", async () => {
  const key = generatePrivateKey();
  const address = zelIdOfKey(key);
  const text = fc.string({ unit: "grapheme", maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(text, fc.nat(65 * 8 - 1), async (message, bit) => {
      const signature = await signMessage(message, key);
      assertEquals(await recoverSigner(message, signature), address);
      const bytes = base64.decode(signature);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert(await recoverSigner(message, base64.encode(bytes)) !== address);
      assert(await recoverSigner(`${message}.`, signature) !== address);
    }),
    { numRuns: 30 },
  );
});

Deno.test("hashSignedMessage writes each form of the length", () => {
  const hashes = [252, 253, 65_535, 65_536].map((length) =>
    encodeHex(hashSignedMessage("a".repeat(length)))
  );
  assertEquals(new Set(hashes).size, 4);
});
