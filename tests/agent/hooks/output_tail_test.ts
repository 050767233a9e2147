import { OutputTail } from "../../../agent/hooks/output_tail.ts";
import { limits } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const { MAX_HOOK_OUTPUT_BYTES } = limits;

/** Returns what is told of these pieces. */
function tailOf(...pieces: readonly (string | Uint8Array)[]): string {
  const tail = new OutputTail();
  for (const piece of pieces) {
    tail.add(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  }
  return tail.text;
}

Deno.test("OutputTail keeps short output, line by line, however it is cut", () => {
  assertEquals(tailOf("one\r\ntw", "o\n\nthree\n"), "one\ntwo\n\nthree");
  assertEquals(tailOf(), "");
  assertEquals(tailOf(new Uint8Array([0xc3]), new Uint8Array([0xa9])), "\u00e9");
});

Deno.test("OutputTail keeps the end of long output, and never more than may be told", () => {
  const text = tailOf("x".repeat(10_000), "y".repeat(MAX_HOOK_OUTPUT_BYTES - 3), "end");
  assertEquals(text, "y".repeat(MAX_HOOK_OUTPUT_BYTES - 3) + "end");
  assertEquals(tailOf("a".repeat(100), "z".repeat(5_000)).length, MAX_HOOK_OUTPUT_BYTES);
});

Deno.test("OutputTail shows what could move a cursor, and stays within what may be told", () => {
  assertEquals(tailOf("\x1b[31mred\x07\u202e"), "\\x1b[31mred\\x07\\u{202e}");
  const escapes = tailOf("\x1b".repeat(5_000));
  assertEquals(escapes.length, MAX_HOOK_OUTPUT_BYTES);
});

Deno.test("OutputTail begins with no piece of a character", () => {
  for (const cut of [0, 1, 2, 3]) {
    const text = tailOf("\u{1f600}".repeat(1_000) + "x".repeat(cut));
    assert(!text.includes("\ufffd"), text);
    assert(new TextEncoder().encode(text).length <= MAX_HOOK_OUTPUT_BYTES);
  }
});
