import fc from "fast-check";
import { base64 } from "@scure/base";
import { decodeHex, encodeHex } from "../../protocol/bytes.ts";
import { composeKeeperStatement, isStatement } from "../../protocol/statement.ts";
import {
  hashSignedMessage,
  recoverSigner,
  signMessage,
  zelIdOfKey,
} from "../../flux/signed_message.ts";
import { decodeWif, type FluxPrivateKey, generatePrivateKey } from "../../flux/wif.ts";
import { zelIdOf } from "../../flux/zelid.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readFluxFixture } from "../support/fake_flux_api.ts";

interface Vector {
  readonly id: string;
  readonly address: string;
  readonly message: string;
  readonly signature: string;
  readonly magic_hash?: string;
  readonly message_utf8_bytes?: number;
  readonly header?: number;
  readonly compressed?: boolean;
  readonly pubkey?: string;
  readonly wif?: string;
  readonly privkey_hex?: string;
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

const KEYED = POSITIVE.flatMap((vector) => {
  const key = keyOf(vector);
  return key === null ? [] : [{ vector, key }];
});

function keyOf({ wif, privkey_hex: hex, compressed }: Vector): FluxPrivateKey | null {
  if (wif !== undefined) return decodeWif(wif);
  const secret = hex === undefined ? null : decodeHex(hex, 32);
  return secret === null ? null : { secret, isCompressed: compressed === true };
}

Deno.test("signed message vectors: there are 12 published and 18 derived, 22 with the key", () => {
  const { published, derived_from_public_demo_key: derived } = VECTORS;
  assertEquals([published.length, derived.length, KEYED.length], [12, 18, 22]);
});

Deno.test("signed message vectors: there are 16 that do not hold, a twin and 2 of other kinds", () => {
  const { negative, malleability, segwit_informational: segwit } = VECTORS;
  assertEquals([negative.length, malleability.length, segwit.length], [16, 1, 2]);
});

for (const vector of POSITIVE) {
  Deno.test(`recoverSigner finds the signer of ${vector.id}`, async () => {
    const { address, message, signature, header, compressed, pubkey } = vector;
    assertEquals(encodeHex(hashSignedMessage(message)), vector.magic_hash);
    assertEquals(await recoverSigner(message, signature), address);
    const [first = 0] = base64.decode(signature);
    assertEquals([first, first >= 31], [header, compressed]);
    const length = new TextEncoder().encode(message).length;
    assertEquals(length, vector.message_utf8_bytes ?? length);
    if (pubkey !== undefined) assertEquals(zelIdOf(bytesOf(pubkey)), address);
  });
}

function bytesOf(hex: string): Uint8Array {
  const bytes = decodeHex(hex, hex.length / 2);
  assert(bytes !== null);
  return bytes;
}

for (const { vector, key } of KEYED) {
  Deno.test(`zelIdOfKey gives the address of ${vector.id}`, () => {
    assertEquals(zelIdOfKey(key), vector.address);
  });

  const { deterministic, rfc6979_deterministic: isRfc6979 } = vector;
  if (!(deterministic ?? isRfc6979)) continue;
  Deno.test(`signMessage signs ${vector.id} as others do, to the byte`, async () => {
    assertEquals(await signMessage(vector.message, key), vector.signature);
  });
}

for (const { id, address, message, signature } of VECTORS.negative) {
  Deno.test(`recoverSigner does not find the signer of ${id}`, async () => {
    assert(await recoverSigner(message, signature) !== address);
  });
}

const MALFORMED = /^(?:header-(?:26|43|segwit)|64-bytes|66-bytes|empty-signature|[rs]-)/;

Deno.test("signed message vectors: there are 10 malformed signatures among those", () => {
  assertEquals(VECTORS.negative.filter(({ id }) => MALFORMED.test(id)).length, 10);
});

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

Deno.test("recoverSigner takes signatures of Ethereum addresses for none", async () => {
  const { vectors } = JSON.parse(await readFluxFixture("signature_vectors_ethereum.json"));
  assertEquals(vectors.length, 2);
  for (const { message, signature } of vectors) {
    assertEquals(await recoverSigner(message, signature), null);
  }
});

Deno.test("recoverSigner does not find the signer of a message of the Flux chain itself", async () => {
  const file = await readFluxFixture("signature_vectors_flux_chain_message.json");
  const { vectors } = JSON.parse(file);
  assertEquals(vectors.length, 1);
  for (const { message, signature, pubkey, wif } of vectors) {
    const key = decodeWif(wif);
    assertEquals(zelIdOfKey(key), zelIdOf(bytesOf(pubkey)));
    const signer = await recoverSigner(message, signature);
    assert(signer !== null && signer !== zelIdOfKey(key));
    // The very same key over the very same message, in the form that FluxOS takes.
    assertEquals(await recoverSigner(message, await signMessage(message, key)), zelIdOfKey(key));
  }
});

Deno.test("isStatement knows no text that FluxOS takes for a login or a command, so none is signed", async () => {
  const { cases } = JSON.parse(await readFluxFixture("must_refuse_to_sign.json"));
  assertEquals(cases.length, 6);
  for (const { id, message } of cases) assertEquals(isStatement(message), false, id);
  const scope = { app: null, component: null, agentDigestHex: "0".repeat(64) };
  const statement = { ...scope, transcript: new Uint8Array(32), issued: 0 };
  assert(isStatement(composeKeeperStatement(statement)));
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
