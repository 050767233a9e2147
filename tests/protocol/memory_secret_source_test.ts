import { type Bytes, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import type { ResumePoint, SecretContent } from "../../protocol/secret_source.ts";
import { assert, assertEquals } from "../support/assert.ts";

const BYTES = encodeUtf8("0123456789");

async function open(from: ResumePoint): Promise<{ offset: number; text: string }> {
  const source = await MemorySecretSource.from({ a: BYTES });
  const [entry] = source.entries;
  assert(entry);
  const content = await source.open(entry, from) as SecretContent;
  let text = "";
  for await (const chunk of content.chunks) text += new TextDecoder().decode(chunk);
  return { offset: content.offset, text };
}

Deno.test("MemorySecretSource describes its files and copies them", async () => {
  const bytes = BYTES.slice();
  const source = await MemorySecretSource.from({ a: bytes, "b/c": new Uint8Array(0) });
  bytes.fill(0);
  assertEquals(source.entries, [
    {
      kind: "file",
      path: "a",
      digest: encodeHex(await sha256Digest(BYTES)),
      size: 10,
      mode: 0o600,
      strategy: "STRICT",
    },
    {
      kind: "file",
      path: "b/c",
      digest: encodeHex(await sha256Digest(new Uint8Array(0))),
      size: 0,
      mode: 0o600,
      strategy: "STRICT",
    },
  ]);
  assertEquals(source.missing.size, 0);
});

Deno.test("MemorySecretSource opens a file from where the prefix agrees", async () => {
  const prefixOf = (length: number): Promise<Bytes> => sha256Digest(BYTES.slice(0, length));
  assertEquals(await open({ offset: 0, prefix: null }), { offset: 0, text: "0123456789" });
  assertEquals(await open({ offset: 4, prefix: await prefixOf(4) }), { offset: 4, text: "456789" });
  assertEquals(await open({ offset: 10, prefix: await prefixOf(10) }), { offset: 10, text: "" });
  assertEquals(await open({ offset: 4, prefix: await prefixOf(5) }), {
    offset: 0,
    text: "0123456789",
  });
});

Deno.test("MemorySecretSource returns null for what it no longer holds", async () => {
  const { entries: [entry] } = await MemorySecretSource.from({ a: BYTES });
  assert(entry);
  const none = { offset: 0, prefix: null };
  assertEquals(await new MemorySecretSource([entry], new Map()).open(entry, none), null);
  const other = new MemorySecretSource([entry], new Map([["a", encodeUtf8("x")]]));
  assertEquals(await other.open(entry, none), null);
});
