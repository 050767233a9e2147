import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../../flux/mod.ts";
import { holdsPrivateKey, looksLikePrivateKey } from "../../../protocol/host/private_key_text.ts";
import { assert } from "../../support/assert.ts";

Deno.test("looksLikePrivateKey knows keys, mistyped ones too, and no address", () => {
  const key = generatePrivateKey();
  const wif = encodeWif(key);
  const mistyped = `${wif.slice(0, -1)}${wif.endsWith("1") ? "2" : "1"}`;
  const uncompressed = encodeWif({ ...key, isCompressed: false });
  const keys = [wif, mistyped, uncompressed, "0x" + "ab".repeat(32), "AB".repeat(32)];
  assert(keys.every(looksLikePrivateKey));
  assert(![zelIdOfKey(key), "demo", "", "ab".repeat(31)].some(looksLikePrivateKey));
});

Deno.test("holdsPrivateKey finds a key among other words, and takes no path or hash for one", () => {
  const key = generatePrivateKey();
  const wif = encodeWif(key);
  const texts = [wif, `--zelid=${wif}`, `a,${wif}:b`, `export KEY='${wif}'`, `/tmp/${wif}.key`];
  assert(texts.every(holdsPrivateKey));
  const others = [zelIdOfKey(key), "ab".repeat(32), `${wif}${wif}`, wif.slice(2), "a/b,c=d"];
  assert(!others.some(holdsPrivateKey));
});
