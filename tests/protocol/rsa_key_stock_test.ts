import type { Bytes } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { wrapSecret } from "../../protocol/key_wrap.ts";
import { RSA_KEY_LIFETIME_MS, RSA_KEY_MAX_FAILURES } from "../../protocol/limits.ts";
import {
  decodePublicKeyPem,
  encodePublicKeyPem,
  generateRsaKeyPair,
  generateSharedRsaKeyPair,
  importRsaPublicKey,
  type RsaKeyPair,
} from "../../protocol/rsa_key.ts";
import { RsaKeyStock } from "../../protocol/rsa_key_stock.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { fixedRsaKeyPair } from "../support/session_pair.ts";

const MINUTE_MS = 60_000;
const SECRET = new Uint8Array(32).fill(4);

const sharedPair = await generateSharedRsaKeyPair();

class Reason extends Error {}

/** A stock whose generator counts, makes no real keys, and whose clock the test turns. */
class Workbench implements Disposable {
  nowMs = 0;
  made = 0;
  readonly stock: RsaKeyStock;

  constructor(make: () => Promise<RsaKeyPair> = () => this.#next()) {
    this.stock = new RsaKeyStock({
      generate: () => {
        this.made++;
        return make();
      },
      restockDelayMs: 0,
      now: () => this.nowMs,
    });
  }

  /** Every key has another modulus, so that they can be told apart. */
  async #next(): Promise<RsaKeyPair> {
    const { privateKey, publicKeyPem } = await fixedRsaKeyPair();
    const der = decodePublicKeyPem(publicKeyPem);
    der[40] = this.made;
    return { privateKey, publicKeyPem: encodePublicKeyPem(der) };
  }

  [Symbol.dispose](): void {
    this.stock[Symbol.dispose]();
  }
}

/** Waits for the timers of 0 ms that were set before. */
function nextTimers(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  return promise;
}

async function finishHandshake(stock: RsaKeyStock): Promise<string> {
  const lease = await stock.lease();
  lease.retire();
  lease.release();
  return lease.publicKeyPem;
}

Deno.test("RsaKeyStock offers one key to everybody until a handshake is complete", async () => {
  using bench = new Workbench();
  await bench.stock.restock();
  const leases = await Promise.all([bench.stock.lease(), bench.stock.lease()]);
  leases.push(await bench.stock.lease());
  assertEquals(new Set(leases.map(({ publicKeyPem }) => publicKeyPem)).size, 1);
  leases.forEach((lease) => lease.release());
  assertEquals(bench.made, 1);
});

Deno.test("RsaKeyStock makes no key for strangers, however many come", async () => {
  using bench = new Workbench();
  await bench.stock.restock();
  for (let i = 0; i < 200; i++) (await bench.stock.lease()).release();
  await nextTimers();
  assertEquals(bench.made, 1);
});

Deno.test("RsaKeyStock makes the next key after a complete handshake, ahead of need", async () => {
  using bench = new Workbench();
  await bench.stock.restock();
  const first = await finishHandshake(bench.stock);
  assertEquals(bench.made, 1);
  await nextTimers();
  assertEquals(bench.made, 2);
  const lease = await bench.stock.lease();
  assert(lease.publicKeyPem !== first);
  lease.release();
  assertEquals(bench.made, 2);
});

Deno.test("RsaKeyStock lets those who hold a retired key finish with it", async () => {
  using bench = new Workbench(fixedRsaKeyPair);
  await bench.stock.restock();
  const [first, second] = await Promise.all([bench.stock.lease(), bench.stock.lease()]);
  first.retire();
  first.release();
  const publicKey = await importRsaPublicKey(decodePublicKeyPem(second.publicKeyPem));
  assertEquals(await second.unwrap(await wrapSecret(publicKey, SECRET)), SECRET);
  second.retire();
  second.release();
  await nextTimers();
  assertEquals(bench.made, 2);
});

Deno.test("RsaKeyStock keeps a second key after a handshake that waited, and forgets it", async () => {
  using bench = new Workbench();
  await finishHandshake(bench.stock);
  await nextTimers();
  assertEquals(bench.made, 3, "one that was used, one on offer, one to spare");
  bench.nowMs = 2 * MINUTE_MS;
  await finishHandshake(bench.stock);
  await finishHandshake(bench.stock);
  await nextTimers();
  assertEquals(bench.made, 4);
});

Deno.test("RsaKeyStock makes no second key for strangers that wait", async () => {
  using bench = new Workbench();
  for (const lease of await Promise.all([bench.stock.lease(), bench.stock.lease()])) {
    lease.release();
  }
  await nextTimers();
  assertEquals(bench.made, 1);
});

Deno.test("RsaKeyStock offers no key, spare or not, after an hour", async () => {
  using bench = new Workbench();
  await finishHandshake(bench.stock);
  await nextTimers();
  assertEquals(bench.made, 3);
  bench.nowMs = RSA_KEY_LIFETIME_MS - 1;
  const young = await bench.stock.lease();
  assertEquals(bench.made, 3);
  bench.nowMs = RSA_KEY_LIFETIME_MS;
  const fresh = await bench.stock.lease();
  assert(bench.made > 3, "the spare is as old as the key that it would replace");
  assert(fresh.publicKeyPem !== young.publicKeyPem);
  young.release();
  fresh.release();
});

Deno.test("RsaKeyStock yields random bytes for what does not unwrap", async () => {
  using bench = new Workbench(fixedRsaKeyPair);
  const lease = await bench.stock.lease();
  const secrets = [
    await lease.unwrap(new Uint8Array(256)),
    await lease.unwrap(new Uint8Array(256)),
    await lease.unwrap(new Uint8Array(3)),
  ];
  assertEquals(secrets.map(({ length }) => length), [32, 32, 32]);
  assertEquals(new Set(secrets.map((secret) => secret.join())).size, 3);
  lease.release();
});

Deno.test("RsaKeyStock retires a key after 10,000 failed unwraps", async () => {
  using bench = new Workbench(fixedRsaKeyPair);
  await bench.stock.restock();
  const lease = await bench.stock.lease();
  for (let i = 1; i <= RSA_KEY_MAX_FAILURES; i++) {
    assertEquals(bench.made, 1);
    // The bucket refills by the clock: twenty a second.
    if (i % 20 === 0) bench.nowMs += 1_000;
    await lease.unwrap(new Uint8Array(1));
  }
  lease.release();
  await nextTimers();
  assertEquals(bench.made, 2);
});

Deno.test("RsaKeyStock slows unwraps down after a burst of 64", async () => {
  using bench = new Workbench(fixedRsaKeyPair);
  const lease = await bench.stock.lease();
  for (let i = 0; i < 64; i++) await lease.unwrap(new Uint8Array(1));
  let isDone = false;
  const held = lease.unwrap(new Uint8Array(1)).then(() => isDone = true);
  await nextTimers();
  assert(!isDone);
  await held;
  lease.release();
});

Deno.test("RsaKeyStock meets a failing generator with its error, and recovers", async () => {
  for (
    const fail of [() => Promise.reject(new Reason()), () => {
      throw new Reason();
    }]
  ) {
    let isBroken = true;
    using bench = new Workbench(() => isBroken ? fail() : fixedRsaKeyPair());
    await assertRejects(() => bench.stock.restock(), Reason);
    await assertRejects(() => bench.stock.lease(), Reason);
    isBroken = false;
    (await bench.stock.lease()).release();
  }
});

Deno.test("RsaKeyStock survives a restock that fails behind a session", async () => {
  let isBroken = false;
  using bench = new Workbench(() => isBroken ? Promise.reject(new Reason()) : fixedRsaKeyPair());
  await bench.stock.restock();
  isBroken = true;
  await finishHandshake(bench.stock);
  await nextTimers();
  assertEquals(bench.made, 2);
});

Deno.test("RsaKeyStock refuses a lease once it is closed, and makes no more keys", async () => {
  const bench = new Workbench();
  const lease = await bench.stock.lease();
  await nextTimers();
  const made = bench.made;
  bench.stock[Symbol.dispose]();
  lease.retire();
  lease.release();
  await bench.stock.restock();
  await assertRejects(() => bench.stock.lease(), RangeError);
  await nextTimers();
  assertEquals(bench.made, made);
});

Deno.test("RsaKeyStock closed while it makes a key starts no other", async () => {
  const { promise, resolve } = Promise.withResolvers<RsaKeyPair>();
  const bench = new Workbench(() => promise);
  const leasing = bench.stock.lease();
  bench.stock[Symbol.dispose]();
  resolve(await fixedRsaKeyPair());
  (await leasing).release();
  await nextTimers();
  assertEquals(bench.made, 1);
});

Deno.test("RsaKeyStock knows the length of what is wrapped to larger keys", async () => {
  using bench = new Workbench(() => generateRsaKeyPair(3072));
  bench.nowMs = -2 * MINUTE_MS;
  await bench.stock.restock();
  const lease = await bench.stock.lease();
  assertEquals(lease.wrappedBytes, 384);
  lease.release();
});

Deno.test("RsaKeyStock refuses what a generator of another kind makes", async () => {
  const { privateKey } = await fixedRsaKeyPair();
  using bench = new Workbench(() => Promise.resolve({ privateKey, publicKeyPem: "no" }));
  await assertRejects(() => bench.stock.lease(), ProtocolError, "key-malformed");
});

/** Wraps as the original's vault does. */
async function wrapOriginal(secret: Bytes): Promise<Bytes> {
  const der = decodePublicKeyPem(sharedPair.publicKeyPem);
  const algorithm = { name: "RSA-OAEP", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("spki", der, algorithm, false, ["encrypt"]);
  return await wrapSecret(key, secret);
}

Deno.test("RsaKeyStock unwraps secrets of either wire with a key that was made for both", async () => {
  using bench = new Workbench(() => Promise.resolve(sharedPair));
  const lease = await bench.stock.lease();
  for (const length of [16, 24, 32]) {
    const secret = SECRET.slice(0, length);
    assertEquals(await lease.unwrapOriginal(await wrapOriginal(secret)), secret);
  }
  const publicKey = await importRsaPublicKey(decodePublicKeyPem(lease.publicKeyPem));
  assertEquals(await lease.unwrap(await wrapSecret(publicKey, SECRET)), SECRET);
  lease.release();
});

Deno.test("RsaKeyStock refuses to unwrap for the original's wire with a key not made for it", async () => {
  using bench = new Workbench(fixedRsaKeyPair);
  const lease = await bench.stock.lease();
  await assertRejects(() => lease.unwrapOriginal(new Uint8Array(256)), RangeError);
  lease.release();
});

Deno.test("RsaKeyStock yields random bytes for what does not unwrap on the original's wire", async () => {
  using bench = new Workbench(() => Promise.resolve(sharedPair));
  const lease = await bench.stock.lease();
  const publicKey = await importRsaPublicKey(decodePublicKeyPem(lease.publicKeyPem));
  const bad = [
    new Uint8Array(256),
    new Uint8Array(3),
    await wrapOriginal(SECRET.slice(0, 31)),
    await wrapOriginal(new Uint8Array(0)),
    await wrapSecret(publicKey, SECRET),
  ];
  const secrets = await Promise.all(bad.map((wrapped) => lease.unwrapOriginal(wrapped)));
  assertEquals(secrets.map(({ length }) => length), [32, 32, 32, 32, 32]);
  assertEquals(new Set(secrets.map((secret) => secret.join())).size, bad.length);
  assertEquals((await lease.unwrap(await wrapOriginal(SECRET))).length, 32);
  lease.release();
});

Deno.test("RsaKeyStock counts and slows the unwraps of either wire together", async () => {
  using bench = new Workbench(() => Promise.resolve(sharedPair));
  await bench.stock.restock();
  const lease = await bench.stock.lease();
  for (let i = 1; i < RSA_KEY_MAX_FAILURES; i++) {
    if (i % 20 === 0) bench.nowMs += 1_000;
    await lease.unwrap(new Uint8Array(1));
  }
  assertEquals(bench.made, 1);
  await lease.unwrapOriginal(new Uint8Array(1));
  lease.release();
  await nextTimers();
  assertEquals(bench.made, 2);
});
