import fc from "fast-check";
import { LogText } from "../../../../keeper/commands/services/log_text.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

function show(
  pieces: readonly Uint8Array[],
  options: Partial<ConstructorParameters<typeof LogText>[0]> = {},
) {
  const text = new LogText({ isSafe: true, label: () => null, ...options });
  return pieces.map((piece) => text.add(piece)).join("") + text.end();
}

function bytesOf(text: string): Uint8Array[] {
  return [new TextEncoder().encode(text)];
}

Deno.test("LogText shows what could move a cursor or hide text as an escape, on a terminal alone", () => {
  const text = "\x1b[31mred\x1b[0m\ttab\r\nnull\0 \u202ereversed \x9b2J\n";
  assertEquals(
    show(bytesOf(text)),
    "\\x1b[31mred\\x1b[0m\ttab\nnull\\x00 \\u{202e}reversed \\x9b2J\n",
  );
  assertEquals(show(bytesOf(text), { isSafe: false }), text);
});

Deno.test("LogText leaves no control character but tabs and newlines, whatever comes", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 });
  fc.assert(fc.property(pieces, (pieces) => {
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(show(pieces)));
  }));
});

Deno.test("LogText comes to the same however its bytes are cut", () => {
  const text = "one\ntwo \u{1f511}\n\nwithout end";
  const [bytes = new Uint8Array()] = bytesOf(text);
  const single = [...bytes].map((byte) => new Uint8Array([byte]));
  assertEquals([show(single), show([bytes])], [`${text}\n`, `${text}\n`]);
});

Deno.test("LogText names an agent in front of each line", () => {
  assertEquals(show(bytesOf("a\nb"), { label: () => "host:1" }), "host:1: a\nhost:1: b\n");
});

Deno.test("LogText holds no endless line back", () => {
  const text = new LogText({ isSafe: true, label: () => null });
  assert(text.add(new Uint8Array(20_000).fill(0x61)).length > 16_000);
});
