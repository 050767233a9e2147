import {
  type ApprovalPage,
  complaintFor,
  formatPageHead,
  formatPageRows,
  pagesOf,
  promptFor,
  readAnswer,
} from "../../../keeper/commands/approval_page.ts";
import type { AgentReport } from "../../../keeper/report/report.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { agentOf } from "../report/report_fixtures.ts";
import { fingerprintOf, NODE } from "../trust/known_agents_fixtures.ts";

const CHANGED = { kind: "rejected", code: "identity-changed", by: "us" } as const;

function agentsOf(count: number): AgentReport[] {
  return Array.from({ length: count }, (_, i) => {
    const address = `203.0.113.${i + 1}:8888`;
    const fingerprint = fingerprintOf(`agent-${i + 1}`);
    return agentOf({ kind: "pending", reason: "new" }, { address, fingerprint, trust: null });
  });
}

function pageOf(count: number, first = 1, total = count): ApprovalPage {
  return { agents: agentsOf(count), first, total };
}

const NOBODY_GONE = { width: 80, isGone: () => false };

Deno.test("pagesOf makes pages of ten, whose numbers go on", () => {
  const pages = pagesOf(agentsOf(23));
  assertEquals(pages.map(({ agents, first, total }) => [agents.length, first, total]), [
    [10, 1, 23],
    [10, 11, 23],
    [3, 21, 23],
  ]);
  assertEquals(pages.flatMap(({ agents }) => agents), agentsOf(23));
});

Deno.test("formatPageRows writes two lines for an agent, on a wide terminal with its node", () => {
  const [first, second] = agentsOf(2);
  assert(first !== undefined && second !== undefined);
  const agents = [
    { ...first, component: "web\u001b[2J", node: NODE },
    { ...second, outcome: CHANGED },
  ];
  assertEquals(formatPageRows({ agents, first: 9, total: 10 }, NOBODY_GONE).split("\n"), [
    "#   AGENT             COMPONENT   KEY      NODE (unsigned)",
    "9   203.0.113.1:8888  web\\x1b[2J  new      203.0.113.1 DE",
    `   ${fingerprintOf("agent-1")}`,
    "10  203.0.113.2:8888  -           CHANGED  -",
    `   ${fingerprintOf("agent-2")}`,
    "",
  ]);
});

Deno.test("formatPageRows fits 60 columns, whatever strangers are called", () => {
  const agents = agentsOf(10).map((agent, i) => ({
    ...agent,
    address: `203.113.113.${110 + i}:65535`,
    component: "a-component-of-some-length-and-more",
    node: { ...NODE, ip: "203.113.113.113:16127" },
  }));
  const rows = formatPageRows({ agents, first: 91, total: 100 }, { ...NOBODY_GONE, width: 60 });
  const lines = rows.split("\n");
  assertEquals(lines.filter((line) => line.length > 60), []);
  assertEquals(
    lines.filter((line) => line.includes("203.113.113.113:16127 DE (unsigned)")).length,
    10,
  );
});

Deno.test("formatPageRows keeps the numbers where an agent waits no more", () => {
  const rows = formatPageRows(pageOf(2), {
    width: 80,
    isGone: ({ address }) => /\.1:/.test(address),
  });
  const lines = rows.split("\n").filter((line) => /^\d/.test(line));
  assertEquals(lines.map((line) => line.split(/ {2,}/).slice(0, 4)), [
    ["1", "203.0.113.1:8888", "-", "gone"],
    ["2", "203.0.113.2:8888", "-", "new"],
  ]);
});

Deno.test("formatPageHead says which page it is, and what CHANGED means", () => {
  assertEquals(formatPageHead(pageOf(3)), "");
  assert(formatPageHead(pageOf(10, 11, 23)).includes("Agents 11 to 20 of 23;"));
  const agents = agentsOf(1).map((agent) => ({ ...agent, outcome: CHANGED }));
  const head = formatPageHead({ agents, first: 1, total: 1 });
  assert(head.includes("another key is on record for this address"), head);
});

Deno.test("promptFor offers to stop where another page follows", () => {
  assert(promptFor(pageOf(10, 1, 23)).includes("q: stop"));
  assert(!promptFor(pageOf(3, 21, 23)).includes("q: stop"));
  assert(promptFor(pageOf(10, 1, 23)).length <= 60);
});

const ANSWERS: readonly (readonly [answer: string, names: readonly number[]])[] = [
  ["11", [11]],
  ["13,11", [11, 13]],
  [" 12 13 ", [12, 13]],
  ["11-13", [11, 12, 13]],
  ["11-12,14, 12-12", [11, 12, 14]],
  ["a", [11, 12, 13, 14]],
  ["ALL", [11, 12, 13, 14]],
  ["", []],
];

for (const [answer, numbers] of ANSWERS) {
  Deno.test(`readAnswer means ${numbers.length} by ${JSON.stringify(answer)}`, () => {
    const page = pageOf(4, 11, 20);
    const read = readAnswer(answer, page);
    assertEquals(read?.agents, page.agents.filter((_, i) => numbers.includes(11 + i)));
    assertEquals([read?.isAll, read?.isStop], [/^a/i.test(answer), false]);
  });
}

for (const answer of ["10", "15", "0", "yes", "13-11", "10-12", "14-15", "-11", "11-", "1.5"]) {
  Deno.test(`readAnswer makes no sense of ${JSON.stringify(answer)}`, () => {
    assertEquals(readAnswer(answer, pageOf(4, 11, 20)), null);
    assertEquals(complaintFor(pageOf(4, 11, 20)), "Write numbers from 11 to 14, as in 1,3-5.\n");
  });
}

Deno.test("readAnswer stops by a letter", () => {
  assertEquals(readAnswer("Q", pageOf(2))?.isStop, true);
});
