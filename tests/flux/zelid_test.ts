import { decodeHex } from "../../protocol/bytes.ts";
import { decodeBase58Check, encodeBase58Check, isZelId, zelIdOf } from "../../flux/zelid.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readFluxFixture } from "../support/fake_flux_api.ts";

interface Vectors {
  readonly valid: readonly { readonly pubkey_hex: string; readonly p2pkh_address: string }[];
  readonly not_accepted_as_flux_id: readonly { readonly address: string; readonly why: string }[];
}

const VECTORS: Vectors = JSON.parse(await readFluxFixture("wif_and_address_vectors.json"));

Deno.test("zelIdOf gives the addresses that others give", () => {
  assertEquals(VECTORS.valid.length, 12);
  for (const { pubkey_hex, p2pkh_address } of VECTORS.valid) {
    const publicKey = decodeHex(pubkey_hex, pubkey_hex.length / 2);
    assert(publicKey !== null);
    assertEquals(zelIdOf(publicKey), p2pkh_address);
    assert(isZelId(p2pkh_address));
  }
});

Deno.test("address vectors: there are 7 that are none", () => {
  assertEquals(VECTORS.not_accepted_as_flux_id.length, 7);
});

for (const { address, why } of VECTORS.not_accepted_as_flux_id) {
  Deno.test(`isZelId refuses an address that is none: ${why}`, () => {
    assertEquals(isZelId(address), false);
  });
}

Deno.test("isZelId refuses blanks around an address, and any letter changed", () => {
  const address = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
  for (const text of [` ${address}`, `${address}\n`, `${address}${address}`]) {
    assertEquals(isZelId(text), false);
  }
  for (let i = 0; i < address.length; i++) {
    const other = address[i] === "z" ? "y" : "z";
    assertEquals(isZelId(address.slice(0, i) + other + address.slice(i + 1)), false);
  }
});

Deno.test("decodeBase58Check reads no more than the 52 characters that a private key has", () => {
  const longest = encodeBase58Check(new Uint8Array(34).fill(0x80));
  assertEquals(longest.length, 52);
  assert(decodeBase58Check(longest) !== null);
  const longer = encodeBase58Check(new Uint8Array(35).fill(0x80));
  assertEquals([longer.length, decodeBase58Check(longer)], [54, null]);
});

Deno.test("decodeBase58Check reads what encodeBase58Check wrote", () => {
  for (const length of [0, 1, 21, 33, 34]) {
    const bytes = new Uint8Array(length).fill(7);
    assertEquals(decodeBase58Check(encodeBase58Check(bytes)), bytes);
  }
});
