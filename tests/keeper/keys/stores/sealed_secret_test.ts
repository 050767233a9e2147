import {
  decodeSealedSecret,
  DEFAULT_KEY_COST,
  encodeSealedSecret,
  openSealedSecret,
  type SealedSecret,
  sealSecret,
} from "../../../../keeper/keys/stores/sealed_secret.ts";
import { decodeUtf8, encodeUtf8, StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";
import { KEY, QUICK } from "../key_fixtures.ts";

const PASSPHRASE = "correct horse";

function seal(): Promise<SealedSecret> {
  return sealSecret(KEY.wif, PASSPHRASE, { id: "keeper-key-x", cost: QUICK });
}

/** The file with one member replaced, by its path. */
async function fileWith(path: readonly string[], value: unknown): Promise<Uint8Array> {
  const file = JSON.parse(decodeUtf8(encodeSealedSecret(await seal())));
  let place = file;
  for (const name of path.slice(0, -1)) place = place[name];
  place[path.at(-1) ?? ""] = value;
  return encodeUtf8(JSON.stringify(file));
}

Deno.test("openSealedSecret opens what sealSecret sealed, through a file", async () => {
  const file = encodeSealedSecret(await seal());
  assert(!decodeUtf8(file).includes(KEY.wif));
  assertEquals(await openSealedSecret(decodeSealedSecret(file), PASSPHRASE), KEY.wif);
});

Deno.test("sealSecret takes a second and 64 MiB unless it is told otherwise", async () => {
  assertEquals(DEFAULT_KEY_COST, { memoryKiB: 65_536, passes: 3 });
  const sealed = await sealSecret("x", PASSPHRASE, { id: "a" });
  assertEquals(sealed.cost, DEFAULT_KEY_COST);
  assertEquals(await openSealedSecret(sealed, PASSPHRASE), "x");
});

Deno.test("sealSecret takes another salt and nonce each time", async () => {
  const [one, other] = [await seal(), await seal()];
  assert(one.salt.join() !== other.salt.join() && one.nonce.join() !== other.nonce.join());
});

Deno.test("openSealedSecret is null for another passphrase", async () => {
  assertEquals(await openSealedSecret(await seal(), "correct horsf"), null);
});

Deno.test("openSealedSecret takes a passphrase however its letters were typed", async () => {
  const sealed = await sealSecret("x", "caf\u00e9 au lait", { id: "a", cost: QUICK });
  assertEquals(await openSealedSecret(sealed, "cafe\u0301 au lait"), "x");
});

Deno.test("openSealedSecret is null where anything was changed", async () => {
  const sealed = await seal();
  const flip = (bytes: Uint8Array) => bytes.map((byte, i) => i === 0 ? byte ^ 1 : byte);
  const changed: Partial<SealedSecret>[] = [
    { id: "keeper-key-y" },
    { cost: { memoryKiB: 16, passes: 1 } },
    { cost: { memoryKiB: 8, passes: 2 } },
    { salt: flip(sealed.salt) as SealedSecret["salt"] },
    { nonce: flip(sealed.nonce) as SealedSecret["nonce"] },
    { sealed: flip(sealed.sealed) as SealedSecret["sealed"] },
  ];
  for (const change of changed) {
    assertEquals(await openSealedSecret({ ...sealed, ...change }, PASSPHRASE), null);
  }
});

for (
  const [path, value] of [
    [["version"], 2],
    [["id"], 1],
    [["kdf"], null],
    [["kdf", "name"], "pbkdf2"],
    [["kdf", "lanes"], 4],
    [["kdf", "memoryKiB"], 4_194_304],
    [["kdf", "memoryKiB"], 7],
    [["kdf", "memoryKiB"], 64.5],
    [["kdf", "memoryKiB"], "65536"],
    [["kdf", "passes"], 0],
    [["kdf", "passes"], 200_000],
    [["kdf", "passes"], 1e300],
    [["kdf", "salt"], "AAAA"],
    [["kdf", "salt"], "!"],
    [["cipher", "name"], "none"],
    [["cipher", "nonce"], "AAAAAAAAAAAAAAAAAAAAAA"],
    [["sealed"], ""],
    [["sealed"], "A".repeat(4_000)],
    [["sealed"], 5],
  ] as const
) {
  Deno.test(`decodeSealedSecret refuses ${path.join(".")} of ${String(value).slice(0, 12)}`, async () => {
    const file = await fileWith(path, value);
    assertThrows(() => decodeSealedSecret(file), StorageError, "state-malformed");
  });
}

for (const text of ["", "x", "[]", "null", "1", "{}"]) {
  Deno.test(`decodeSealedSecret refuses the file ${JSON.stringify(text)}`, () => {
    assertThrows(() => decodeSealedSecret(encodeUtf8(text)), StorageError, "state-malformed");
  });
}
