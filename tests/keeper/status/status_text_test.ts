import { formatStatusJson } from "../../../keeper/status/status_json.ts";
import { formatStatusText } from "../../../keeper/status/status_text.ts";
import { isStatusWanted, viewStatus } from "../../../keeper/status/status_view.ts";
import type { AgentStatus } from "../../../keeper/status/agent_status.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { jsonLines } from "../../support/followed_process.ts";
import { hookOf } from "../report/report_fixtures.ts";
import { NOW_MS, REVISION, statusOf } from "./status_fixtures.ts";

const REVISIONS = [{ app: "demo", component: "web", revision: REVISION, digest: "" }];
const OLD = { revision: REVISION - 1, isWhole: true, isWiped: false, sinceMs: NOW_MS - 864e5 };

function viewsOf(agents: readonly AgentStatus[]) {
  return viewStatus({ agents }, { revisions: REVISIONS, nowMs: NOW_MS });
}

function textOf(agents: readonly AgentStatus[], width = 200, isWhole = false): string {
  return formatStatusText(viewsOf(agents), { nowMs: NOW_MS, width, isWhole });
}

Deno.test("formatStatusText shows who holds what since when, and marks an old revision", () => {
  const behind = statusOf({
    address: "203.0.113.2:8888",
    held: OLD,
    servedMs: NOW_MS - 864e5,
    contact: {
      atMs: NOW_MS - 5_000,
      outcome: "unreachable",
      code: "connection-refused",
      by: null,
      failures: 12,
    },
  });
  assertEquals(
    textOf([behind, statusOf()]),
    `AGENT             COMPONENT  KEY              TRUST     HOLDS               SINCE (UTC)       SEEN      STATE
203.0.113.1:8888  web        SHA256:aaaaaaaa  approved  1893456000000       2030-01-01 23:00  60 s ago  as wanted
203.0.113.2:8888  web        SHA256:aaaaaaaa  approved  1893455999999, OLD  2030-01-01 00:00  5 s ago   unreachable, old revision
203.0.113.2:8888: unreachable (connection-refused), 12 times in a row; served
  last 2030-01-01 00:00 UTC
status: 2 agents: 1 as wanted, 1 on an older revision, 1 not reached or turned away; the last contact was 5 s ago
`,
  );
});

Deno.test("formatStatusText says what is wrong with each agent", () => {
  const text = textOf([statusOf({
    files: [{ path: "f", outcome: "failed", code: "disk-full" }],
    moreFiles: 2,
    drift: [
      { path: "d", found: "changed", foundMs: NOW_MS - 6e4, repairedMs: NOW_MS - 6e4 },
      { path: "e", found: "reowned", foundMs: NOW_MS - 6e4, repairedMs: null },
      { path: "g", found: "extra", foundMs: NOW_MS - 6e5, repairedMs: NOW_MS - 6e4 },
    ],
    hooks: [hookOf("failed", { code: "hook-failed", exitStatus: 1, output: "bad\n" })],
    withheld: [{ path: "w", required: "enrolled" }],
    planned: 3,
    dueMs: NOW_MS - 1,
  })]);
  for (
    const line of [
      "203.0.113.1:8888: f: failed (disk-full)",
      "203.0.113.1:8888: and 2 more files",
      "203.0.113.1:8888: d: was changed at 2030-01-01 23:59 UTC, and was put right",
      "203.0.113.1:8888: e: had another mode or owner at 2030-01-01 23:59 UTC, and was not put right",
      "203.0.113.1:8888: g: should not have been there at 2030-01-01 23:50 UTC, and was put right 2030-01-01 23:59",
      "203.0.113.1:8888: hook reload: failed (hook-failed), exit status 1",
      "  | bad",
      "203.0.113.1:8888: w: withheld (it asks for enrolled, and the agent is approved)",
      "203.0.113.1:8888: nobody has looked for it for too long: is a keeper running?",
    ]
  ) assert(text.split("\n").includes(line), `${line}\nis not in\n${text}`);
  assert(
    /overdue, 3 files not as declared, 1 drifted, 1 hook not run, 1 withheld, 3 planned/.test(text),
    text,
  );
});

Deno.test("formatStatusText leaves out what matters least where there is little room", () => {
  const [wide, middle, narrow] = [200, 90, 20].map((width) => textOf([statusOf()], width));
  assert(wide?.includes("KEY") && wide.includes("TRUST"));
  assert(!middle?.includes("KEY") && middle?.includes("SINCE"), middle);
  assert(narrow?.includes("AGENT") && narrow.includes("HOLDS") && !narrow.includes("SINCE"));
});

Deno.test("formatStatusText shows of a large fleet those that need somebody", () => {
  const agents = Array.from({ length: 60 }, (_, i) => {
    return statusOf({ address: `203.0.113.${i}:8888`, ...(i === 7 ? { held: OLD } : {}) });
  });
  const text = textOf(agents);
  assert(text.includes("203.0.113.7:8888") && !text.includes("203.0.113.8:8888"), text);
  assert(text.includes("... and 59 more agents; --all shows them"), text);
  assert(textOf(agents, 200, true).includes("203.0.113.59:8888"));
});

Deno.test("formatStatusText shows the app where there are several, and who left the list", () => {
  const text = textOf([statusOf(), statusOf({ app: "other", isListed: false })]);
  assert(/AGENT +APP +COMPONENT/.test(text) && text.includes("left the list"), text);
  assert(text.includes("status: 1 agent: 1 as wanted"), text);
});

Deno.test("formatStatusText says who has nothing yet, in part, or was wiped", () => {
  const text = textOf([
    statusOf({ held: null, contact: { ...statusOf().contact, outcome: "pending", code: "new" } }),
    statusOf({ address: "203.0.113.2:8888", held: { ...OLD, isWhole: false, revision: REVISION } }),
    statusOf({ address: "203.0.113.3:8888", held: { ...OLD, isWiped: true, revision: REVISION } }),
  ]);
  assert(/nothing +- +60 s ago +pending\n/.test(text), text);
  assert(text.includes(`${REVISION}, in part`) && text.includes("wiped"), text);
});

Deno.test("formatStatusText lets nothing through that moves the cursor", () => {
  const text = textOf([statusOf({
    component: "w\x1b[2J",
    files: [{ path: "\u202e", outcome: "failed" }],
    drift: [{ path: "\x07", found: "gone", foundMs: 0, repairedMs: null }],
    hooks: [hookOf("failed", { output: "\x1b]0;x\x07" })],
    withheld: [{ path: "\x00", required: "approved" }],
  })]);
  assert(!/[^\P{C}\n]/u.test(text), JSON.stringify(text));
});

Deno.test("isStatusWanted asks for an agent, and that nothing is wrong with any", () => {
  assert(isStatusWanted(viewsOf([statusOf()])));
  assert(!isStatusWanted(viewsOf([])));
  assert(!isStatusWanted(viewsOf([statusOf({ isListed: false })])));
  assert(!isStatusWanted(viewsOf([statusOf(), statusOf({ held: OLD })])));
});

Deno.test("viewStatus looks at the agents that are meant", () => {
  const agents = [statusOf(), statusOf({ component: "db" })];
  const isMeant = ({ component }: AgentStatus) => component === "db";
  const views = viewStatus({ agents }, { revisions: REVISIONS, isMeant, nowMs: NOW_MS });
  assertEquals(views.map(({ agent, declared }) => [agent.component, declared]), [["db", null]]);
});

Deno.test("formatStatusJson writes each agent with its files, and the whole", () => {
  const file = { path: "f", outcome: "failed", code: "disk-full" } as const;
  const lines = jsonLines(formatStatusJson(viewsOf([statusOf({ held: OLD, files: [file] })])));
  const [agent, whole] = lines;
  assertEquals([agent?.type, agent?.wire, agent?.wanted, agent?.concerns, agent?.declared], [
    ...["agent-status", 2, false, ["old", "files"], REVISION],
  ]);
  assertEquals([agent?.files, agent?.held.since, agent?.contact.outcome], [
    ...[[file], "2030-01-01T00:00:00.000Z", "delivered"],
  ]);
  assertEquals(whole, { type: "status", wanted: false, agents: 1, agentsWanted: 0, agentsOld: 1 });
});
