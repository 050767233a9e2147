import fc from "fast-check";
import { FluxApiError } from "../../flux/errors.ts";
import { readBodyText } from "../../flux/response_body.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const { signal } = new AbortController();

/** A body that arrives in pieces, and says whether it was cancelled. */
function pieces(...parts: readonly Uint8Array<ArrayBuffer>[]) {
  const seen = { cancelled: false, pulls: 0 };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const part = parts[seen.pulls++];
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
    cancel() {
      seen.cancelled = true;
    },
  }, { highWaterMark: 0 });
  return { response: new Response(body), seen };
}

Deno.test("readBodyText joins characters that were cut between pieces", async () => {
  const text = "\u00e9\u{1f600}z";
  const bytes = new TextEncoder().encode(text);
  const { response } = pieces(...[...bytes].map((byte) => Uint8Array.of(byte)));
  assertEquals(await readBodyText(response, { maxBytes: 100, signal }), text);
});

Deno.test("readBodyText gives no text for a response without a body", async () => {
  assertEquals(await readBodyText(new Response(null), { maxBytes: 1, signal }), "");
});

Deno.test("readBodyText takes exactly the limit", async () => {
  assertEquals(await readBodyText(new Response("1234"), { maxBytes: 4, signal }), "1234");
});

Deno.test("readBodyText cuts an endless body at the limit", async () => {
  const seen = { cancelled: false, bytes: 0 };
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      seen.bytes += 1_000;
      controller.enqueue(new Uint8Array(1_000).fill(0x20));
    },
    cancel() {
      seen.cancelled = true;
    },
  }, { highWaterMark: 0 });
  await assertRejects(
    () => readBodyText(new Response(endless), { maxBytes: 9_500, signal }),
    FluxApiError,
    "response-too-large",
  );
  assert(seen.cancelled);
  assert(seen.bytes <= 11_000, `${seen.bytes} bytes were pulled`);
});

Deno.test("readBodyText refuses bytes that are not UTF-8, also at the very end", async () => {
  for (const bytes of [[0xff, 0x61], [0x61, 0xc3]]) {
    const error = await assertRejects(
      () => readBodyText(new Response(Uint8Array.from(bytes)), { maxBytes: 9, signal }),
      FluxApiError,
      "response-malformed",
    );
    assert(error.transient);
  }
});

Deno.test("readBodyText stops a silent body with the reason of its signal", async () => {
  const controller = new AbortController();
  const reason = new RangeError("enough");
  let cancelledWith: unknown;
  const silent = new ReadableStream({
    pull: () => new Promise<void>(() => {}),
    cancel: (why) => void (cancelledWith = why),
  });
  const reading = readBodyText(new Response(silent), { maxBytes: 9, signal: controller.signal });
  controller.abort(reason);
  assertEquals(await reading.catch((error) => error), reason);
  assertEquals(cancelledWith, reason);
});

Deno.test("readBodyText gives text or a FluxApiError for any bytes, however they are cut", async () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  await fc.assert(fc.asyncProperty(parts, async (chunks) => {
    const { response } = pieces(...chunks.map((chunk) => Uint8Array.from(chunk)));
    try {
      assert(typeof await readBodyText(response, { maxBytes: 150, signal }) === "string");
    } catch (error) {
      assert(error instanceof FluxApiError, String(error));
    }
  }));
});
