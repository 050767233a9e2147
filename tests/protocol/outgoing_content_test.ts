import { randomBytes } from "../../protocol/bytes.ts";
import { decompress } from "../../protocol/content_encoding.ts";
import { StorageError } from "../../protocol/errors.ts";
import { chooseEncoding, type OutgoingContent } from "../../protocol/outgoing_content.ts";
import type { SecretContent } from "../../protocol/secret_source.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const TEXT = new TextEncoder().encode("server { listen 8080; }\n".repeat(1_000));

function contentOf(bytes: Uint8Array, again: Uint8Array | null = bytes): SecretContent {
  async function* chunks(of: Uint8Array): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(of);
  }
  return {
    offset: 0,
    chunks: chunks(bytes),
    reopen: () => Promise.resolve(again === null ? null : chunks(again)),
  };
}

async function lengthOf({ chunks }: OutgoingContent): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  return length;
}

Deno.test("chooseEncoding compresses what gets shorter, to the length that it states", async () => {
  const options = { size: TEXT.length, acceptsDeflate: true };
  const outgoing = await chooseEncoding(contentOf(TEXT), options);
  assert(outgoing.size < TEXT.length / 10);
  assertEquals([outgoing.plainSize, await lengthOf(outgoing)], [TEXT.length, outgoing.size]);
  const { chunks } = await chooseEncoding(contentOf(TEXT), options);
  assertEquals(await lengthOf({ size: 0, chunks: decompress(chunks, TEXT.length) }), TEXT.length);
});

for (
  const [what, bytes, acceptsDeflate] of [
    ["what gets no shorter", randomBytes(20_000), true],
    ["what is short", TEXT.subarray(0, 400), true],
    ["what the agent takes only as it is", TEXT, false],
  ] as const
) {
  Deno.test(`chooseEncoding leaves ${what} as it is`, async () => {
    const size = bytes.length;
    const outgoing = await chooseEncoding(contentOf(bytes), { size, acceptsDeflate });
    assertEquals([outgoing.size, outgoing.plainSize, await lengthOf(outgoing)], [
      size,
      undefined,
      size,
    ]);
  });
}

Deno.test("chooseEncoding leaves as it is what its source opens once", async () => {
  const { offset, chunks } = contentOf(TEXT);
  const options = { size: TEXT.length, acceptsDeflate: true };
  const outgoing = await chooseEncoding({ offset, chunks }, options);
  assertEquals([outgoing.size, outgoing.plainSize], [TEXT.length, undefined]);
});

Deno.test("chooseEncoding says so where the file is another by the second look", async () => {
  const options = { size: TEXT.length, acceptsDeflate: true };
  const error = await assertRejects(
    () => chooseEncoding(contentOf(TEXT, null), options),
    StorageError,
  );
  assertEquals(error.code, "file-changed");
});
