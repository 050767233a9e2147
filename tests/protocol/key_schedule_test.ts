import { Buffer } from "node:buffer";
import { hkdfSync } from "node:crypto";
import { type Bytes, encodeHex, encodeUtf8, randomBytes } from "../../protocol/bytes.ts";
import { deriveSessionSecrets, DirectionKeys } from "../../protocol/key_schedule.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";

const SECRET = new Uint8Array(32).fill(1);
const transcript = new Uint8Array(32).fill(2);

/** HKDF by another implementation. */
function expand(key: Uint8Array, info: string, length: number): Bytes {
  const bytes = hkdfSync("sha256", key, transcript, Buffer.from(info, "latin1"), length);
  return new Uint8Array(bytes);
}

async function sealZeros(key: CryptoKey): Promise<string> {
  const iv = new Uint8Array(12);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new Uint8Array(16));
  return encodeHex(new Uint8Array(sealed));
}

async function sealZerosWith(raw: Bytes): Promise<string> {
  return await sealZeros(await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]));
}

Deno.test("deriveSessionSecrets follows section 4 of the specification", async () => {
  const secrets = await deriveSessionSecrets(SECRET, transcript);
  assertEquals(secrets.agentToKeeper, expand(SECRET, "fluxvault/2 agent to keeper", 32));
  assertEquals(secrets.keeperToAgent, expand(SECRET, "fluxvault/2 keeper to agent", 32));
  const exporter = expand(SECRET, "fluxvault/2 exporter", 32);
  assertEquals(
    await secrets.exporter("receipt", encodeUtf8("ctx")),
    expand(exporter, "fluxvault/2 export receipt\0ctx", 32),
  );
});

Deno.test("deriveSessionSecrets gives other secrets for another transcript", async () => {
  const one = await deriveSessionSecrets(SECRET, transcript);
  const other = await deriveSessionSecrets(SECRET, randomBytes(32));
  assert(encodeHex(one.agentToKeeper) !== encodeHex(other.agentToKeeper));
  assert(encodeHex(one.agentToKeeper) !== encodeHex(one.keeperToAgent));
});

Deno.test("DirectionKeys follows section 4 over three epochs", async () => {
  const keys = new DirectionKeys(SECRET.slice(), { transcript, use: "seal" });
  let secret = SECRET as Bytes;
  for (let epoch = 0; epoch < 3; epoch++) {
    const { key, iv } = await keys.epoch(epoch);
    assertEquals(iv, expand(secret, "fluxvault/2 iv", 12));
    assertEquals(await sealZeros(key), await sealZerosWith(expand(secret, "fluxvault/2 key", 32)));
    secret = expand(secret, "fluxvault/2 rekey", 32);
  }
});

Deno.test("DirectionKeys serves two epochs that are asked for at once", async () => {
  const keys = new DirectionKeys(SECRET.slice(), { transcript, use: "seal" });
  const [first, again, second] = await Promise.all([keys.epoch(0), keys.epoch(0), keys.epoch(1)]);
  assertEquals(first, again);
  assert(encodeHex(first.iv) !== encodeHex(second.iv));
});

Deno.test("DirectionKeys erases an epoch's secret once the next is derived", async () => {
  const secret = SECRET.slice();
  const keys = new DirectionKeys(secret, { transcript, use: "open" });
  await keys.epoch(0);
  assertEquals(secret, SECRET);
  await keys.epoch(1);
  assertEquals(secret, new Uint8Array(32));
});

Deno.test("DirectionKeys refuses an epoch that is past or too far ahead", async () => {
  const keys = new DirectionKeys(SECRET.slice(), { transcript, use: "seal" });
  assertThrows(() => keys.epoch(1), RangeError);
  await keys.epoch(0);
  await keys.epoch(1);
  assertThrows(() => keys.epoch(0), RangeError);
  assertThrows(() => keys.epoch(3), RangeError);
});

Deno.test("DirectionKeys gives keys that cannot leave and have one use", async () => {
  for (const [use, usage] of [["seal", "encrypt"], ["open", "decrypt"]] as const) {
    const { key } = await new DirectionKeys(SECRET.slice(), { transcript, use }).epoch(0);
    assertEquals([key.extractable, key.usages.join()], [false, usage]);
    await assertRejects(() => crypto.subtle.exportKey("raw", key), DOMException);
  }
});
