import { type Bytes, decodeUtf8, encodeUtf8 } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { MAX_CERTIFICATES } from "../../protocol/limits.ts";
import { decodeManifest, decodeManifestBeside, encodeManifest } from "../../protocol/manifest.ts";
import { checkManifest } from "../../protocol/manifest_check.ts";
import type {
  DeclaredCertificate,
  IssuedEntry,
  Manifest,
  ManifestEntry,
} from "../../protocol/manifest_entry.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

function certificate(name: string, more: Partial<DeclaredCertificate> = {}): DeclaredCertificate {
  return { name, key: "P-256", terms: "ab".repeat(32), ...more };
}

function issued(path: string, more: Partial<IssuedEntry> = {}): IssuedEntry {
  return {
    ...{ kind: "issued", path, certificate: "web", part: "key", mode: 0o600 },
    strategy: "STRICT",
    ...more,
  };
}

const FILE: ManifestEntry = {
  ...{ kind: "file", path: "a", digest: "00".repeat(32), size: 0, mode: 0o600 },
  strategy: "STRICT",
};
const WHOLE: Manifest = {
  entries: [FILE, issued("b")],
  hooks: [{ name: "x", action: { kind: "touch", path: "t" }, timeoutS: 30 }],
  certificates: [certificate("web")],
  isWipe: false,
};

Deno.test("checkManifest takes a file, what is issued, and what both name", () => {
  checkManifest(WHOLE);
  checkManifest({ entries: [], hooks: [], certificates: [certificate("unused")], isWipe: false });
});

const BAD: Readonly<Record<string, Partial<Manifest>>> = {
  "what is issued of a certificate that is not there": { certificates: [certificate("mail")] },
  "what is issued of no certificate at all": { certificates: [] },
  "two certificates of one name": {
    certificates: [certificate("web"), certificate("web", { key: "P-384" })],
  },
  "a certificate without a proper name": { certificates: [certificate("web"), certificate("W")] },
  "more certificates than it may have": {
    certificates: Array.from({ length: MAX_CERTIFICATES }, (_, i) => certificate(`c${i}`))
      .concat(certificate("web")),
  },
  "something below what is issued": { entries: [issued("b"), { kind: "keep", path: "b/c" }] },
  "what is issued below a file": { entries: [FILE, issued("a/b")] },
  "what is issued below what is kept": { entries: [{ kind: "keep", path: "a" }, issued("a/b")] },
  "what is issued and names a hook that is not there": { entries: [issued("b", { hook: "y" })] },
  "a path of something issued that climbs": { entries: [issued("../b")] },
  "a wipe that defines a certificate": { entries: [], hooks: [], isWipe: true },
};

for (const [what, more] of Object.entries(BAD)) {
  Deno.test(`checkManifest refuses ${what}`, () => {
    assertThrows(() => checkManifest({ ...WHOLE, ...more }), ProtocolError, "manifest-malformed");
  });
}

Deno.test("encodeManifest puts certificates behind hooks and before entries, by their names", async () => {
  const certificates = [certificate("web"), certificate("a", { key: "Ed25519" })];
  const { bytes, digest } = await encodeManifest(WHOLE.entries, { ...WHOLE, certificates });
  const lines = decodeUtf8(bytes).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ Kind, Name, Path }) => `${Kind} ${Name ?? Path}`), [
    "hook x",
    "certificate a",
    "certificate web",
    "file a",
    "issued b",
  ]);
  const read = decodeManifest(bytes);
  assertEquals(read, { ...WHOLE, certificates: [...certificates].reverse() });
  assertEquals(await encodeManifest(read.entries, read), { bytes, digest });
});

Deno.test("encodeManifest writes what a store takes in the place of something issued as it was declared", async () => {
  const line = issued("b");
  const { bytes } = await encodeManifest([line], WHOLE);
  const file: ManifestEntry = { ...FILE, path: "b", issued: line };
  assertEquals((await encodeManifest([file], WHOLE)).bytes, bytes);
  const kept: ManifestEntry = { kind: "keep", path: "b", issued: line };
  assertEquals((await encodeManifest([kept], WHOLE)).bytes, bytes);
});

Deno.test("decodeManifestBeside reads what is issued as it is declared, beside what a store took of it", async () => {
  const line = issued("b");
  const { bytes } = await encodeManifest([FILE, line], WHOLE);
  const manifest: Manifest = {
    ...WHOLE,
    entries: [FILE, { ...FILE, path: "b", issued: line } as ManifestEntry],
  };
  const again = decodeManifestBeside({ bytes, manifest }, bytes);
  assertEquals(again, { ...WHOLE, entries: [FILE, line] });
  assert(again.entries[1] === line, "it was read before");
  const other: Bytes = encodeUtf8(decodeUtf8(bytes).replace('"Part":"key"', '"Part":"root"'));
  const changed = decodeManifestBeside({ bytes, manifest }, other);
  assertEquals(changed.entries, [FILE, issued("b", { part: "root" })]);
});
