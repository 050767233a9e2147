import fc from "fast-check";
import { parseArgs } from "node:util";
import { cutArguments } from "../../../../protocol/host/command_line/argument_tokens.ts";
import { assertEquals } from "../../../support/assert.ts";

const OPTIONS = {
  port: { type: "string", short: "p", multiple: true },
  files: { type: "string", multiple: true },
  once: { type: "boolean", short: "o", multiple: true },
  quiet: { type: "boolean", short: "q", multiple: true },
} as const;
const LETTERS = new Map([["p", "port"], ["o", "once"], ["q", "quiet"]]);

function cut(args: readonly string[]) {
  return cutArguments(args, {
    longNameOf: (letter) => LETTERS.get(letter),
    takesValue: (name) => name === "port" || name === "files",
  });
}

/** What `node:util` makes of them, in the same words. */
function cutByNode(args: readonly string[]): unknown[] {
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.flatMap((token): unknown[] => {
    if (token.kind === "positional") {
      return [{ kind: "operand", text: token.value, index: token.index }];
    }
    if (token.kind === "option-terminator") return [];
    const { name, rawName: written, value, inlineValue: isInline = false } = token;
    return [{ kind: "flag", name, written, value, isInline }];
  });
}

Deno.test("cutArguments reads letters that stand together, the value of the last too", () => {
  assertEquals(cut(["-oqp80", "rest"]), [
    { kind: "flag", name: "once", written: "-o", value: undefined, isInline: false },
    { kind: "flag", name: "quiet", written: "-q", value: undefined, isInline: false },
    { kind: "flag", name: "port", written: "-p", value: "80", isInline: true },
    { kind: "operand", text: "rest", index: 1 },
  ]);
});

Deno.test("cutArguments makes of any command line what node:util makes", () => {
  const word = fc.oneof(
    fc.constantFrom("--port", "--files", "--once", "--port=1", "--once=false", "--other", "--o=1"),
    fc.constantFrom(
      "-p",
      "-p1",
      "-o",
      "-oq",
      "-oqp",
      "-oqp1",
      "-x",
      "-ox",
      "-",
      "--",
      "",
      "--=",
      "a",
    ),
    fc.string({ maxLength: 4 }).filter((text) => !/^-[^-].*-/s.test(text)),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (args) => {
      assertEquals(cut(args), cutByNode(args));
    }),
    { numRuns: 2_000 },
  );
});
