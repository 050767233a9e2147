import { explainFile, explainHook, explainOutcome } from "../../../keeper/report/explanations.ts";
import type { RejectionCode } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { delivered } from "./report_fixtures.ts";

/** What can be read in a report, by who turned whom away. */
const CODES: Readonly<Record<"us" | "peer", readonly RejectionCode[]>> = {
  us: [
    "app-mismatch",
    "clone-suspected",
    "enrolment-invalid",
    "identity-changed",
    "identity-invalid",
    "identity-mismatch",
    "rejected",
    "relay-suspected",
  ],
  peer: [
    "app-mismatch",
    "busy",
    "component-mismatch",
    "enrolment-invalid",
    "manifest-stale",
    "owner-unknown",
    "rejected",
    "shutting-down",
    "statement-expired",
    "statement-invalid",
    "statement-missing",
  ],
};

for (const by of ["us", "peer"] as const) {
  for (const code of CODES[by]) {
    Deno.test(`explainOutcome explains ${code} by ${by}`, () => {
      const explanation = explainOutcome({ kind: "rejected", code, by });
      assert(explanation !== null && explanation.length > 20, String(explanation));
    });
  }
}

Deno.test("explainOutcome says for which app an unseen key has to be approved", () => {
  const explanation = explainOutcome({ kind: "rejected", code: "rejected", by: "us" });
  assert(explanation?.includes("--app-name"), String(explanation));
});

Deno.test("explainOutcome tells apart who turned whom away", () => {
  const [us, peer] = (["us", "peer"] as const).map((by) => {
    return explainOutcome({ kind: "rejected", code: "enrolment-invalid", by });
  });
  assert(us !== peer);
});

for (const reason of ["places-taken", "places-unknown", "not-listed"] as const) {
  Deno.test(`explainOutcome explains why an agent waits: ${reason}`, () => {
    assert(explainOutcome({ kind: "pending", reason }) !== null);
  });
}

Deno.test("explainOutcome has nothing to say where nothing is unclear", () => {
  assertEquals(explainOutcome(delivered()), null);
  assertEquals(explainOutcome({ kind: "pending", reason: "new" }), null);
  assertEquals(explainOutcome({ kind: "failed", code: "no-such-code" }), null);
});

Deno.test("explainFile and explainHook explain what a word alone does not say", () => {
  for (const code of ["disk-full", "set-incomplete", "file-mounted", "owner-refused"]) {
    assert((explainFile(code)?.length ?? 0) > 20, code);
  }
  for (const code of ["hook-failed", "hook-refused", "hook-timed-out", "hook-no-process"]) {
    assert((explainHook(code)?.length ?? 0) > 20, code);
  }
  assertEquals([explainFile("no-such-code"), explainHook("no-such-code")], [null, null]);
});

Deno.test("explainFile, explainHook and explainOutcome know no word that every object knows", () => {
  const code = "constructor";
  const outcome = explainOutcome({ kind: "failed", code });
  assertEquals([explainFile(code), explainHook(code), outcome], [null, null, null]);
});
