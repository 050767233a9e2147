import { formatReportText } from "../../../keeper/report/report_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  agentOf,
  delivered,
  hooked,
  hookOf,
  passOf,
  UNCHANGED,
  withheld,
} from "./report_fixtures.ts";

const FINGERPRINT = `SHA256:${"a".repeat(43)}`;

Deno.test("formatReportText writes a line for each agent and one for the pass", () => {
  const text = formatReportText(passOf([
    agentOf(delivered(UNCHANGED)),
    agentOf(delivered({ path: "a", outcome: "updated" }), { address: "203.0.113.2:8888" }),
    agentOf({ kind: "unreachable", code: "connection-refused" }, {
      address: "203.0.113.30:8888",
      trust: null,
    }),
  ]));
  assertEquals(text.split("\n"), [
    "AGENT              TRUST     STATE        FILES                 TIME",
    "203.0.113.1:8888   approved  unchanged    1 unchanged         0.05 s",
    "203.0.113.2:8888   approved  delivered    1 updated           0.05 s",
    "203.0.113.30:8888  -         unreachable  connection-refused  0.05 s",
    "203.0.113.30:8888: nothing listens there; an instance on standby is one reason",
    "pass 1: 3 agents, 2 as wanted, 1 unreachable; 0 B sent in 0.25 s",
    "",
  ]);
});

Deno.test("formatReportText says whom another pass has in hand", () => {
  const served = agentOf(delivered(UNCHANGED));
  const lines = [[], [served]].map((agents) => {
    const text = formatReportText(passOf(agents, { elsewhere: ["203.0.113.2:8888"] }));
    return text.split("\n").at(-2);
  });
  assertEquals(lines, [
    "pass 1: no agent was free; 1 still in an earlier pass; 0 B sent in 0.25 s",
    "pass 1: 1 agent, 1 as wanted; 1 still in an earlier pass; 0 B sent in 0.25 s",
  ]);
});

Deno.test("formatReportText names each file that is not as it should be", () => {
  const text = formatReportText(passOf([
    agentOf(delivered(
      { path: "a", outcome: "failed", code: "disk-full" },
      { path: "b", outcome: "denied" },
    )),
  ]));
  assert(text.includes("203.0.113.1:8888: a: failed (disk-full)\n"), text);
  assert(text.includes("203.0.113.1:8888: b: denied\n"), text);
  assert(text.includes("incomplete"), text);
});

Deno.test("formatReportText gives the command that lets a waiting agent in", () => {
  const pending = agentOf({ kind: "pending", reason: "new" });
  const approveFlags = " --state-dir ./s";
  assert(
    formatReportText(passOf([pending]), { approveFlags }).includes(
      `\n  fluxvault-keeper agents approve ${FINGERPRINT} --app-name demo --state-dir ./s\n`,
    ),
  );
  assert(
    formatReportText(passOf([pending], { app: null }))
      .includes(`\n  fluxvault-keeper agents approve ${FINGERPRINT}\n`),
  );
});

Deno.test("formatReportText gives it for a changed key too", () => {
  const changed = agentOf({ kind: "rejected", code: "identity-changed", by: "us" });
  const text = formatReportText(passOf([changed]));
  assert(text.includes("it shows another key than the one on record"), text);
  assert(text.includes(`agents approve ${FINGERPRINT}`), text);
});

Deno.test("formatReportText names what is withheld, and how the agent is raised", () => {
  const [first, second] = ["approved", "enrolled"].map((required, i) => {
    return { path: `file-${i}`, required: required as "approved" | "enrolled" };
  });
  assert(first !== undefined && second !== undefined);
  const text = formatReportText(passOf([agentOf(withheld(first, second), { trust: "first-use" })]));
  const lines = text.split("\n");
  for (
    const line of [
      "203.0.113.1:8888  first-use  incomplete  2 withheld  0.05 s",
      "203.0.113.1:8888: file-0: withheld (it asks for approved, and the agent is first-use)",
      `  fluxvault-keeper agents approve ${FINGERPRINT} --app-name demo`,
      "(FLUXVAULT_ENROLL_SECRET), which this keeper has to have too.",
      "pass 1: 1 agent, 1 incomplete; 2 files withheld; 0 B sent in 0.25 s",
    ]
  ) assert(lines.includes(line), text);
});

Deno.test("formatReportText advises only what can raise the agent", () => {
  const file = { path: "a", required: "enrolled" } as const;
  const approved = formatReportText(passOf([agentOf(withheld(file))]));
  assert(!approved.includes("agents approve"), approved);
  const original = formatReportText(passOf([agentOf(withheld(file), { trust: "address" })]));
  assert(original.includes("serve it by protocol 2 (--wire)"), original);
  assert(!/ENROLL|agents approve/.test(original), original);
});

Deno.test("formatReportText says whom the keeper trusts from now on", () => {
  const news = { kind: "first-use", place: 1, places: 3 } as const;
  const text = formatReportText(passOf([agentOf(delivered(UNCHANGED), { news })]));
  assert(text.includes("203.0.113.1:8888: new, trusted at first use: place 1 of 3\n"), text);
  assert(text.includes(`  ${FINGERPRINT}, component -\n`), text);
});

Deno.test("formatReportText fits 80 columns but for the command to copy", () => {
  const text = formatReportText(passOf([
    agentOf({ kind: "rejected", code: "clone-suspected", by: "us" }, {
      address: "203.113.113.113:65535",
      component: "a-component-of-some-length-and-more",
    }),
    agentOf({ kind: "pending", reason: "places-taken" }, { durationMs: 120_000 }),
  ]));
  const wide = text.split("\n").filter((line) => line.length > 80);
  assertEquals(wide.filter((line) => !line.includes("agents approve")), []);
});

Deno.test("formatReportText stays short for a thousand agents", () => {
  const agents = Array.from({ length: 1_000 }, (_, i) => {
    const address = `203.0.${i >> 8}.${i & 255}:8888`;
    return i % 2 === 0
      ? agentOf(delivered(UNCHANGED), { address })
      : agentOf({ kind: "pending", reason: "new" }, { address });
  });
  const lines = formatReportText(passOf(agents)).split("\n");
  assert(lines.length < 140, `${lines.length} lines`);
  assert(lines.some((line) => line.startsWith("... and 960 more agents")));
  assert(lines.includes("pass 1: 1000 agents, 500 as wanted, 500 pending; 0 B sent in 0.25 s"));
});

Deno.test("formatReportText shows a thousand good agents in one line", () => {
  const agents = Array.from({ length: 1_000 }, () => agentOf(delivered(UNCHANGED)));
  const text = formatReportText(passOf(agents));
  assertEquals(text, "pass 1: 1000 agents, 1000 as wanted; 0 B sent in 0.25 s\n");
});

Deno.test("formatReportText makes what a stranger says harmless", () => {
  const text = formatReportText(passOf([
    agentOf(delivered({ path: "\u202eevil\u001b[2J", outcome: "denied" }), {
      component: "\u001b]0;title\u0007",
    }),
  ]));
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0009\u000b-\u001f\u202e]/.test(text), JSON.stringify(text));
});

Deno.test("formatReportText says that no agent was found, and what went wrong", () => {
  const problems = [{ code: "api-unreachable", message: "cannot ask the API" }];
  assertEquals(formatReportText(passOf([], { problems })).split("\n"), [
    "problem: cannot ask the API",
    "pass 1: no agent was found; 0 B sent in 0.25 s",
    "",
  ]);
});

Deno.test("formatReportText gives no commands where a person is asked", () => {
  const report = passOf([agentOf({ kind: "pending", reason: "new" })]);
  const [asked, list] = (["none", "list"] as const).map((waitingHint) => {
    return formatReportText(report, { waitingHint });
  });
  assert(!asked?.includes("approval") && !asked?.includes("agents approve"), asked);
  assert(list?.includes("`agents list`") && !list.includes("agents approve"), list);
});

Deno.test("formatReportText orders agents by the numbers of their hosts", () => {
  const text = formatReportText(passOf([10, 9].map((host) => {
    const address = `203.0.113.${host}:8888`;
    return agentOf({ kind: "pending", reason: "new" }, { address });
  })));
  const hosts = [...text.matchAll(/203\.0\.113\.(\d+):/g)].map(([, host]) => host);
  assertEquals(hosts, ["9", "10", "9", "10"]);
});

Deno.test("formatReportText tells of hooks, and explains each code once", () => {
  const failed = hookOf("failed", { code: "hook-timed-out", output: "still waiting\n" });
  const agents = [1, 2].map((host) => {
    return agentOf(hooked(hookOf("ran", { hook: "other" }), failed), {
      address: `203.0.113.${host}:8888`,
    });
  });
  const text = formatReportText(passOf(agents));
  assert(/incomplete +1 unchanged, 1 hook failed, 1 hook ran/.test(text), text);
  assert(text.includes("203.0.113.2:8888: hook reload: failed (hook-timed-out)\n  | still"), text);
  assertEquals(text.match(/hook-timed-out: it took longer/g)?.length, 1);
  assert(text.includes("0 as wanted") || text.includes("2 incomplete"), text);
});

Deno.test("formatReportText calls an agent delivered where nothing but a hook ran", () => {
  const text = formatReportText(passOf([agentOf(hooked(hookOf("ran")))]));
  assert(/delivered +1 unchanged, 1 hook ran/.test(text) && text.includes("1 as wanted"), text);
});

Deno.test("formatReportText explains why files are not as declared", () => {
  const outcome = delivered({ path: "a", outcome: "failed", code: "set-incomplete" });
  const text = formatReportText(passOf([agentOf(outcome)]));
  assert(text.includes("set-incomplete: another file of its set"), text);
});
