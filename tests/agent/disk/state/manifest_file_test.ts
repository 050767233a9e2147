import {
  MANIFEST_FILE_NAME,
  mustRenewManifest,
  readManifestFile,
  writeManifestFile,
} from "../../../../agent/disk/state/manifest_file.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { recallIssued } from "../../../../protocol/issued_files.ts";
import { encodeManifest } from "../../../../protocol/manifest.ts";
import type { IssuedEntry } from "../../../../protocol/manifest_entry.ts";
import type { ManifestMessage } from "../../../../protocol/messages.ts";
import type { HeldManifest } from "../../../../protocol/secret_store.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

async function sampleManifest(): Promise<HeldManifest> {
  const entries = [{
    kind: "file",
    path: "tls/key.pem",
    digest: "ab".repeat(32),
    size: 1_024,
    mode: 0o440,
    strategy: "STRICT",
  }] as const;
  const { bytes, digest } = await encodeManifest(entries);
  const times = { revision: 1_767_225_600_000, issued: 1_767_225_600, expires: 1_769_817_600 };
  const message = {
    state: "MANIFEST",
    id: 0,
    ...times,
    digest,
    size: bytes.length,
    signature: null,
  } as const;
  return { message, bytes, manifest: { entries, hooks: [], isWipe: false }, declaredBy: "1keeper" };
}

Deno.test("readManifestFile reads what writeManifestFile wrote", async () => {
  await using folder = await temporaryFolder();
  const manifest = await sampleManifest();
  await writeManifestFile(folder.path, manifest);
  assertEquals(await readManifestFile(folder.path), manifest);
  const { mode } = await Deno.stat(`${folder.path}/${MANIFEST_FILE_NAME}`);
  if (Deno.build.os !== "windows") assertEquals((mode ?? 0) & 0o777, 0o600);
});

Deno.test("readManifestFile returns null where nothing is kept", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await readManifestFile(folder.path), null);
});

const DAMAGES: Readonly<Record<string, (text: string) => string>> = {
  "is empty": () => "",
  "has another version": (text) => text.replace('"version":1', '"version":2'),
  "has another digest in its header": (text) => text.replace(/"digest":"../, '"digest":"00'),
  "has a revision that is no number": (text) => text.replace(/"revision":\d+/, '"revision":"1"'),
  "lost its end": (text) => text.slice(0, -1),
  "has another entry": (text) => text.replace('"Size":1024', '"Size":1025'),
  "is no JSON": (text) => `x${text}`,
  "has no header": (text) => text.slice(text.indexOf("\n") + 1),
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  Deno.test(`readManifestFile refuses a file that ${name}`, async () => {
    await using folder = await temporaryFolder();
    await writeManifestFile(folder.path, await sampleManifest());
    const path = `${folder.path}/${MANIFEST_FILE_NAME}`;
    await Deno.writeTextFile(path, damage(await Deno.readTextFile(path)));
    await assertRejects(() => readManifestFile(folder.path), StorageError, "state-malformed");
  });
}

const HOUR_S = 3_600;
const SIGNATURE = "A".repeat(88);

const RENEWALS: Readonly<Record<string, [boolean, Partial<ManifestMessage>]>> = {
  "another digest": [true, { digest: new Uint8Array(32) }],
  "another revision": [true, { revision: 1_767_225_600_001 }],
  "another signature alone": [false, { signature: "B".repeat(88) }],
  "no signature": [true, { signature: null }],
  "an hour more to go": [false, {
    expires: 1_769_817_600 + HOUR_S,
    issued: 1_767_225_600 + HOUR_S,
  }],
  "more than an hour more to go": [true, { expires: 1_769_817_600 + HOUR_S + 1 }],
  "an earlier end": [false, { expires: 1_769_817_600 - HOUR_S }],
};

for (const [what, [expected, changes]] of Object.entries(RENEWALS)) {
  Deno.test(`mustRenewManifest says ${expected} of one with ${what}`, async () => {
    const kept = { ...(await sampleManifest()).message, signature: SIGNATURE };
    assertEquals(mustRenewManifest(kept, { ...kept, ...changes }), expected);
  });
}

Deno.test("mustRenewManifest has the first one written, and the first that is signed", async () => {
  const { message } = await sampleManifest();
  assertEquals(mustRenewManifest(null, message), true);
  assertEquals(mustRenewManifest(message, { ...message, signature: SIGNATURE }), true);
});

Deno.test("mustRenewManifest has nothing written anew of one that vouches for nothing", async () => {
  const { message } = await sampleManifest();
  const next = { ...message, revision: message.revision + 1, expires: message.expires + 86_400 };
  assertEquals(mustRenewManifest(message, next), false);
});

Deno.test("readManifestFile has what is remembered of certificates, and keeps the rest as it is", async () => {
  await using folder = await temporaryFolder();
  const issued: IssuedEntry = {
    ...{ kind: "issued", path: "key", certificate: "web", part: "key", mode: 0o600 },
    strategy: "STRICT",
  };
  const entries = [issued];
  const certificates = [{ name: "web", key: "P-256", terms: "ab".repeat(32) }] as const;
  const { bytes, digest } = await encodeManifest(entries, { certificates });
  const { message } = await sampleManifest();
  const declared = { entries, hooks: [], certificates, isWipe: false };
  const manifest = recallIssued(declared, { desk: null, declaredBy: "1keeper" });
  const held = { message: { ...message, digest, size: bytes.length }, bytes, manifest };
  await writeManifestFile(folder.path, { ...held, declaredBy: "1keeper" });
  const read = await readManifestFile(folder.path);
  assertEquals(read?.manifest.entries, [{ kind: "keep", path: "key", issued }]);
  const known = await readManifestFile(folder.path, {
    recall: (found, declaredBy) => {
      assertEquals([found, declaredBy], [declared, "1keeper"]);
      return { ...found, entries: [] };
    },
  });
  assertEquals(known?.manifest.entries, []);
});
