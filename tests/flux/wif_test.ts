import { encodeHex } from "../../protocol/bytes.ts";
import { zelIdOfKey } from "../../flux/signed_message.ts";
import { decodeWif, encodeWif, generatePrivateKey } from "../../flux/wif.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { readFluxFixture } from "../support/fake_flux_api.ts";

interface Vectors {
  readonly valid: readonly {
    readonly wif: string;
    readonly compressed: boolean;
    readonly privkey_hex: string;
    readonly p2pkh_address: string;
  }[];
  readonly invalid_wif: readonly { readonly wif: string; readonly why: string }[];
}

const VECTORS: Vectors = JSON.parse(await readFluxFixture("wif_and_address_vectors.json"));

Deno.test("private key vectors: there are 12 that are sound and 8 that are not", () => {
  assertEquals([VECTORS.valid.length, VECTORS.invalid_wif.length], [12, 8]);
});

Deno.test("decodeWif reads the keys that others write, and encodeWif writes them", () => {
  for (const { wif, compressed, privkey_hex, p2pkh_address } of VECTORS.valid) {
    const key = decodeWif(wif);
    assertEquals([encodeHex(key.secret), key.isCompressed], [privkey_hex, compressed]);
    assertEquals([zelIdOfKey(key), encodeWif(key)], [p2pkh_address, wif]);
  }
});

for (const { wif, why } of VECTORS.invalid_wif) {
  Deno.test(`decodeWif refuses a text without repeating it: ${why}`, () => {
    const error = assertThrows(() => decodeWif(wif), RangeError);
    assert(wif === "" || !error.message.includes(wif), error.message);
    assert(!(error instanceof Error && error.cause !== undefined));
  });
}

Deno.test("decodeWif says what is wrong where it can tell", () => {
  const messages = VECTORS.invalid_wif.map(({ wif }) =>
    assertThrows(() => decodeWif(wif), RangeError).message
  );
  assertEquals(messages, [
    "is mistyped: its checksum does not fit",
    "is mistyped: its checksum does not fit",
    "is mistyped: its checksum does not fit",
    "is an address, not a private key",
    "is for a test network",
    "is no private key in WIF",
    "is no key of this curve",
    "is no key of this curve",
  ]);
});

Deno.test("generatePrivateKey makes another key each time, one that can be written and read", () => {
  const [one, other] = [generatePrivateKey(), generatePrivateKey()];
  assert(encodeWif(one) !== encodeWif(other));
  assertEquals(decodeWif(encodeWif(one)), one);
});
