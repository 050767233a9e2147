/** What a session costs, beside the raw Web Crypto operations that it cannot do without. */
import {
  deliverAsKeeper,
  duplexPair,
  generateIdentitySeed,
  generateRsaKeyPair,
  handshakeAsAgent,
  handshakeAsKeeper,
  importIdentity,
  MemorySecretSource,
  MemorySecretStore,
  randomBytes,
  receiveAsAgent,
  type RsaKeyPair,
  RsaKeyStock,
} from "../../protocol/mod.ts";
import { createNodeHasher } from "../../protocol/host/mod.ts";

const identity = await importIdentity(await generateIdentitySeed());
const instance = randomBytes(16);
const warmPair = await generateRsaKeyPair();
const LARGE_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 65_536;
const large = new Uint8Array(LARGE_BYTES);
for (let i = 0; i < LARGE_BYTES; i += CHUNK_BYTES) {
  crypto.getRandomValues(large.subarray(i, i + CHUNK_BYTES));
}
const smallSource = await MemorySecretSource.from({ "db.password": randomBytes(20) });
const largeSource = await MemorySecretSource.from({ "geo.dat": large });
const heldStore = new MemorySecretStore();

async function runSession(
  generate: () => Promise<RsaKeyPair>,
  work: { readonly source: MemorySecretSource; readonly store: MemorySecretStore },
): Promise<void> {
  const [agentEnd, keeperEnd] = duplexPair();
  using keys = new RsaKeyStock({ generate });
  async function agent(): Promise<void> {
    const session = await handshakeAsAgent(agentEnd, {
      keys,
      identity,
      instance,
      software: "bench/1",
    });
    await receiveAsAgent(session, work.store, { createHasher: createNodeHasher });
  }
  async function keeper(): Promise<void> {
    const session = await handshakeAsKeeper(keeperEnd, { policy: () => null });
    await deliverAsKeeper(session, work.source, { revision: 1 });
  }
  await Promise.all([agent(), keeper()]);
}

await runSession(() => Promise.resolve(warmPair), { source: smallSource, store: heldStore });

/** One RSA wrap and unwrap, one Ed25519 signature and its check: the least that a session needs. */
async function rawHandshake(): Promise<void> {
  const rsa = { name: "RSA-OAEP", hash: "SHA-256" } as const;
  const body = warmPair.publicKeyPem.replaceAll(/-----.*-----|\n/g, "");
  const der = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
  const publicKey = await crypto.subtle.importKey("spki", der, rsa, false, ["encrypt"]);
  const wrapped = await crypto.subtle.encrypt(rsa, publicKey, new Uint8Array(32));
  await crypto.subtle.decrypt(rsa, warmPair.privateKey, wrapped);
  const signature = await identity.sign(instance);
  const raw = identity.publicKey;
  const verifyKey = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  await crypto.subtle.verify("Ed25519", verifyKey, signature, instance);
}

/** Seals and opens everything, eight pieces at a time, with one key. */
async function rawSealing(): Promise<void> {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  const flying: Promise<void>[] = [];
  for (let offset = 0; offset < LARGE_BYTES; offset += CHUNK_BYTES) {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, offset / CHUNK_BYTES);
    const piece = large.subarray(offset, offset + CHUNK_BYTES);
    const parameters = { name: "AES-GCM", iv };
    flying.push(
      crypto.subtle.encrypt(parameters, key, piece)
        .then((sealed) => crypto.subtle.decrypt(parameters, key, sealed))
        .then(() => {}),
    );
    if (flying.length >= 8) await flying.shift();
  }
  await Promise.all(flying);
}

Deno.bench("raw Web Crypto: the public-key operations of a handshake", {
  group: "a session that finds nothing to do, with a warm key",
  baseline: true,
}, rawHandshake);
Deno.bench("FluxVault: handshake, manifest, nothing to do", {
  group: "a session that finds nothing to do, with a warm key",
}, async () => {
  await runSession(() => Promise.resolve(warmPair), { source: smallSource, store: heldStore });
});

Deno.bench("raw Web Crypto: an RSA key of 2048 bits", {
  group: "a session with a key of its own",
  baseline: true,
}, async () => {
  await generateRsaKeyPair();
});
Deno.bench("FluxVault: key, handshake, first delivery", {
  group: "a session with a key of its own",
}, async () => {
  await runSession(generateRsaKeyPair, { source: smallSource, store: new MemorySecretStore() });
});

Deno.bench("raw Web Crypto: seal and open 64 MiB", {
  group: "64 MiB in memory",
  baseline: true,
  n: 3,
  warmup: 1,
}, rawSealing);
Deno.bench("FluxVault: deliver 64 MiB, hashed", {
  group: "64 MiB in memory",
  n: 3,
  warmup: 1,
}, async () => {
  await runSession(() => Promise.resolve(warmPair), {
    source: largeSource,
    store: new MemorySecretStore(),
  });
});
