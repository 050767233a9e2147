import fc from "fast-check";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  countResults,
  decodeResults,
  encodeResults,
  type FileOutcome,
  type FileResult,
} from "../../protocol/results.ts";
import { findPathFault } from "../../protocol/secret_path.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const OUTCOMES: readonly FileOutcome[] = [
  "created",
  "updated",
  "reowned",
  "removed",
  "unchanged",
  "missing",
  "denied",
  "changed",
  "failed",
];

Deno.test("decodeResults reads what encodeResults writes, without the unchanged", () => {
  const result = fc.record({
    path: fc.string({ unit: "binary", minLength: 1, maxLength: 30 })
      .filter((path) => findPathFault(path) === null),
    outcome: fc.constantFrom(...OUTCOMES),
    code: fc.constantFrom("disk-full", "read-only"),
  }).map(({ path, outcome, code }): FileResult => {
    return outcome === "failed" ? { path, outcome, code } : { path, outcome };
  });
  fc.assert(
    fc.property(fc.array(result), (results) => {
      const told = results.filter(({ outcome }) => outcome !== "unchanged");
      assertEquals(decodeResults(encodeResults({ files: results, hooks: [] })), {
        files: told,
        hooks: [],
      });
    }),
    { numRuns: 30 },
  );
});

Deno.test("countResults counts denied as missing and changed as failed", () => {
  const results = OUTCOMES.map((outcome) => ({ path: outcome, outcome }));
  assertEquals(countResults(results), {
    created: 1,
    updated: 1,
    reowned: 1,
    removed: 1,
    unchanged: 1,
    missing: 2,
    failed: 2,
  });
});

const BAD: Readonly<Record<string, string>> = {
  "no newline": '{"Path":"a","Outcome":"created"}',
  "an unchanged file": '{"Path":"a","Outcome":"unchanged"}\n',
  "a path that climbs": '{"Path":"../a","Outcome":"created"}\n',
  "a code that is more than a word": '{"Path":"a","Outcome":"failed","Code":"a b"}\n',
  "a list": "[]\n",
  "an empty line": "\n",
  "a line of 4,097 bytes": `{"Path":"a","Outcome":"created"${" ".repeat(4_064)}}\n`,
};

for (const [what, text] of Object.entries(BAD)) {
  Deno.test(`decodeResults refuses ${what}`, () => {
    assertThrows(() => decodeResults(encodeUtf8(text)), ProtocolError, "message-malformed");
  });
}

Deno.test("decodeResults refuses more than 32 MiB before it reads them", () => {
  const bytes = new Uint8Array(33_554_433);
  assertThrows(() => decodeResults(bytes), ProtocolError, "message-malformed");
});
