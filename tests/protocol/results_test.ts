import fc from "fast-check";
import { decodeUtf8, encodeUtf8 } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type { HookResult } from "../../protocol/hook_result.ts";
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

const HOOK_RESULT = fc.record({
  hook: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/),
  outcome: fc.constantFrom("ran", "failed", "running", "due", "refused"),
  changeId: fc.option(fc.stringMatching(/^[0-9a-f]{32}$/)),
  attempts: fc.nat(),
  exitStatus: fc.option(fc.nat(255)),
  signal: fc.option(fc.stringMatching(/^SIG[A-Z][A-Z0-9]{0,15}$/)),
  output: fc.array(fc.constantFrom("\u00e9", "\n", '"', "\\", "\u{1f511}", "a"), { maxLength: 400 })
    .map((letters) => letters.join("")),
  code: fc.option(fc.constantFrom("exit-status", "timed-out"), { nil: undefined }),
}, { requiredKeys: ["hook", "outcome", "changeId", "attempts", "exitStatus", "signal", "output"] })
  .map(({ code, ...result }) => (code === undefined ? result : { ...result, code }) as HookResult);

Deno.test("decodeResults reads the hooks that encodeResults writes, behind the files", () => {
  const file: FileResult = { path: "a", outcome: "reowned" };
  fc.assert(
    fc.property(fc.array(HOOK_RESULT, { maxLength: 5 }), (hooks) => {
      const bytes = encodeResults({ files: [file], hooks });
      assertEquals(decodeResults(bytes), { files: [file], hooks: structuredClone(hooks) });
    }),
    { numRuns: 50 },
  );
});

const RAN: HookResult = {
  hook: "reload",
  outcome: "failed",
  changeId: "ab".repeat(16),
  attempts: 2,
  exitStatus: 1,
  signal: null,
  output: "no such file\n",
  code: "exit-status",
};
const RAN_TEXT =
  '{"Hook":"reload","Outcome":"failed","Change":"abababababababababababababababab",' +
  '"Attempts":2,"Exit":1,"Output":"no such file\\n","Code":"exit-status"}\n';

Deno.test("encodeResults writes exactly the line of section 8 for a hook", () => {
  assertEquals(decodeUtf8(encodeResults({ files: [], hooks: [RAN] })), RAN_TEXT);
  const due = { ...RAN, outcome: "due", changeId: null, attempts: 0, exitStatus: null } as const;
  const { code: _code, ...rest } = due;
  assertEquals(
    decodeUtf8(encodeResults({ files: [], hooks: [{ ...rest, output: "" }] })),
    '{"Hook":"reload","Outcome":"due","Attempts":0}\n',
  );
});

Deno.test("encodeResults has room in a line for the longest that a hook may tell", () => {
  const output = '"\\'.repeat(896);
  const hook = {
    ...{ ...RAN, hook: "h".repeat(63), outcome: "running", attempts: 2 ** 32 - 1 } as const,
    ...{ exitStatus: 255, signal: "SIGABCDEFGHIJKLMNOP", output, code: "c".repeat(64) },
  };
  const bytes = encodeResults({ files: [], hooks: [hook] });
  assertEquals(decodeResults(bytes).hooks, [hook]);
});

const BAD: Readonly<Record<string, string>> = {
  "no newline": '{"Path":"a","Outcome":"created"}',
  "an unchanged file": '{"Path":"a","Outcome":"unchanged"}\n',
  "a path that climbs": '{"Path":"../a","Outcome":"created"}\n',
  "a code that is more than a word": '{"Path":"a","Outcome":"failed","Code":"a b"}\n',
  "a list": "[]\n",
  "a hook of no name": RAN_TEXT.replace('"reload"', '""'),
  "a hook in capitals": RAN_TEXT.replace("reload", "RELOAD"),
  "a hook that is no text": RAN_TEXT.replace('"reload"', "null"),
  "a hook with the outcome of a file": RAN_TEXT.replace('"failed"', '"created"'),
  "a change of 15 bytes": RAN_TEXT.replace("abab", "ab"),
  "attempts below 0": RAN_TEXT.replace('"Attempts":2', '"Attempts":-1'),
  "no attempts": RAN_TEXT.replace('"Attempts":2,', ""),
  "attempts of 33 bits": RAN_TEXT.replace('"Attempts":2', '"Attempts":4294967296'),
  "an exit status of 256": RAN_TEXT.replace('"Exit":1', '"Exit":256'),
  "a signal of no proper name": RAN_TEXT.replace('"Exit":1', '"Signal":"HUP"'),
  "an output that moves the cursor": RAN_TEXT.replace("no such", "\\u001b[2J"),
  "an output with a carriage return": RAN_TEXT.replace("\\n", "\\r"),
  "an output with a tab": RAN_TEXT.replace("\\n", "\\t"),
  "an output with a line separator": RAN_TEXT.replace("no such", "\u2028"),
  "an output of 1,793 bytes": RAN_TEXT.replace("no such file\\n", "x".repeat(1_793)),
  "an output of 1,793 bytes in fewer letters": RAN_TEXT.replace(
    "no such file\\n",
    "\u00e9".repeat(897),
  ),
  "a hook's code that is more than a word": RAN_TEXT.replace("exit-status", "exit status"),
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
