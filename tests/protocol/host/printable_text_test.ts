import fc from "fast-check";
import { printableJson, sanitiseText } from "../../../protocol/host/printable_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";

for (
  const [what, text, shown] of [
    ["an ANSI escape", "\x1b[31mred", "\\x1b[31mred"],
    ["a C1 control", "\x9b2J", "\\x9b2J"],
    ["ends of lines", "a\r\nb", "a\\x0d\\x0ab"],
    ["the separators of lines and paragraphs", "a\u2028b\u2029", "a\\u{2028}b\\u{2029}"],
    ["a change of text direction", "a\u202Eb", "a\\u{202e}b"],
    ["characters without width", "a\u200Bb\uFEFF", "a\\u{200b}b\\u{feff}"],
    ["half a character", "a\uD800b", "a\\u{d800}b"],
    ["a hidden tag", "a\u{E0041}", "a\\u{e0041}"],
  ] as const
) {
  Deno.test(`sanitiseText shows ${what} as an escape`, () => {
    assertEquals(sanitiseText(text), shown);
  });
}

Deno.test("sanitiseText leaves text of any language as it is", () => {
  const text = "Gr\u00FC\u00DFe, \u4F60\u597D, \u{1F600} 100 %";
  assertEquals(sanitiseText(text), text);
});

Deno.test("sanitiseText cuts a long text", () => {
  assertEquals(sanitiseText("abcdef", { maxLength: 3 }), "abc...");
  assertEquals(sanitiseText("abc", { maxLength: 3 }), "abc");
});

Deno.test("sanitiseText lets no control character through, whatever the text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
    assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(sanitiseText(text)));
  }));
});

Deno.test("printableJson escapes what moves a cursor, and leaves text of any language", () => {
  const value = { "\x9b": "\x1b[2J\x9b2J\x7f\u202Eb\u{E0041}\n \u4F60\u{1F600}" };
  const escaped = "\\u001b[2J\\u009b2J\\u007f\\u202eb\\udb40\\udc41\\n";
  assertEquals(printableJson(value), `{"\\u009b":"${escaped} \u4F60\u{1F600}"}`);
});

Deno.test("printableJson lets no control character through, and is read as what it was", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
    const line = printableJson(value);
    assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(line));
    assertEquals(JSON.parse(line), JSON.parse(JSON.stringify(value)));
  }));
});
