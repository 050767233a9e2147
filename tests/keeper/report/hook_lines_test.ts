import { countHooks, describeHook, hookTroublesOf } from "../../../keeper/report/hook_lines.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { hookOf } from "./report_fixtures.ts";

Deno.test("hookTroublesOf names hooks that did not do their work, with what they wrote last", () => {
  const output = "one\ntwo\nthree\n\nfour\r\n";
  const failed = hookOf("failed", { code: "hook-failed", exitStatus: 3, attempts: 2, output });
  assertEquals(hookTroublesOf([hookOf("ran"), failed], "203.0.113.1:8888"), [
    "203.0.113.1:8888: hook reload: failed (hook-failed), exit status 3, 2 attempts\n" +
    "  | two\n  | three\n  | four",
  ]);
});

Deno.test("hookTroublesOf lets nothing through that moves the cursor", () => {
  const output = `\x1b[2J${"x".repeat(500)}\nsecond\x07\u202e`;
  const [text = ""] = hookTroublesOf([hookOf("failed", { output })], "203.0.113.1:8888");
  assert(!/[^\P{C}\n]/u.test(text), JSON.stringify(text));
  assert(text.split("\n").every((line) => line.length < 160), text);
});

Deno.test("describeHook says how a hook stands, and how its last run ended", () => {
  assertEquals(
    [
      hookOf("running", { exitStatus: null }),
      hookOf("failed", { signal: "SIGKILL", code: "hook-timed-out" }),
      hookOf("refused", { attempts: 0, code: "hook-refused" }),
      hookOf("due", { attempts: 0 }),
    ].map(describeHook),
    [
      "has not ended yet",
      "failed (hook-timed-out), ended by SIGKILL",
      "refused (hook-refused)",
      "waits to be run",
    ],
  );
});

Deno.test("countHooks counts by standing, what matters most first", () => {
  assertEquals(countHooks([hookOf("ran"), hookOf("failed"), hookOf("ran")]), [
    ...["1 hook failed", "2 hooks ran"],
  ]);
  assertEquals(countHooks([]), []);
});
