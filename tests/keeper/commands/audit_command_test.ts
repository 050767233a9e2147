import { KEEPER_PROGRAM } from "../../../keeper/program.ts";
import { hashLine } from "../../../keeper/audit/log/audit_line.ts";
import { encodeUtf8 } from "../../../protocol/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { textOf } from "../audit/audit_fixtures.ts";

const LOG = await textOf([
  { event: "start", app: "demo", version: "1.0.0", trust: "approve", signer: null },
  { event: "refused", app: "demo", address: "203.0.113.1:8888", code: "agent-pending" },
  { event: "stop", app: "Other" },
]);
const LINES = LOG.split("\n").slice(0, -1);
const LAST = await hashLine(encodeUtf8(LINES[2] ?? ""));

async function runOn(log: string | null, ...args: readonly string[]): Promise<ProgramRun> {
  await using folder = await temporaryFolder();
  if (log !== null) await Deno.writeTextFile(`${folder.path}/audit.jsonl`, log);
  const run = await runInProcess(KEEPER_PROGRAM, [
    ...["audit", ...args],
    ...["--state-dir", folder.path],
  ]);
  const clean = (text: string) => text.replaceAll(folder.path, "STATE");
  return { code: run.code, stdout: clean(run.stdout), stderr: clean(run.stderr) };
}

Deno.test("verify says where a good log ends, for a note elsewhere", async () => {
  assertEquals(await runOn(LOG, "verify"), {
    code: 0,
    stdout: "STATE/audit.jsonl: every line follows the one before it.\n" +
      `The last line is number 3, with the hash ${LAST}\n` +
      "Results that their agents signed: 0; unsigned: 0\n",
    stderr: "",
  });
});

Deno.test("verify exits with 1 at the first line that is wrong", async () => {
  const { code, stdout } = await runOn(LOG.replace("pending", "Pending"), "verify");
  assertEquals(code, 1);
  assert(stdout.startsWith(
    "STATE/audit.jsonl: broken at line 3: it does not follow the line before it.\n",
  ));
});

Deno.test("verify looks for the hash that is expected", async () => {
  const good = await runOn(LOG, "verify", "--expect", LAST);
  assertEquals([good.code, good.stdout.includes(`The hash ${LAST} is in it.`)], [0, true]);
  const cut = await runOn(`${LINES.slice(0, 2).join("\n")}\n`, "verify", "--expect", LAST);
  assertEquals([cut.code, cut.stdout.includes(`The hash ${LAST} is NOT in it.`)], [1, true]);
  assertEquals((await runOn(LOG, "verify", "--expect", "abc")).code, 2);
});

Deno.test("verify writes JSON with stable members", async () => {
  const { stdout } = await runOn(LOG, "verify", "--json");
  assertEquals(JSON.parse(stdout), {
    path: "STATE/audit.jsonl",
    good: true,
    ...{ seq: 3, hash: LAST, fault: null, signed: 0, unsigned: 0, torn: [], expectedFound: null },
  });
});

Deno.test("verify and show exit with 2 where there is no log, and read the one that is named", async () => {
  for (const command of ["verify", "show"]) {
    assertEquals((await runOn(null, command)).code, 2);
    assertEquals((await runOn(LOG, command, "a", "b")).code, 2);
  }
  await using folder = await temporaryFolder();
  const path = `${folder.path}/old.jsonl`;
  await Deno.writeTextFile(path, LOG);
  assertEquals((await runOn(null, "verify", path)).code, 0);
  assertEquals((await runOn(null, "verify", "--audit-log", path)).code, 0);
});

Deno.test("show writes a line for each event", async () => {
  const { code, stdout, stderr } = await runOn(LOG, "show");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.split("\n"), [
    "2030-01-02 00:00:01  start     -                      version 1.0.0, app demo, new agents: approve",
    "2030-01-02 00:00:02  refused   203.0.113.1:8888       agent-pending",
    "2030-01-02 00:00:03  stop      -",
    "",
  ]);
});

Deno.test("show passes lines through as they are with --json", async () => {
  assertEquals((await runOn(LOG, "show", "--json")).stdout, LOG);
});

Deno.test("show leaves out what is about another app, or older than asked for", async () => {
  const ofApp = await runOn(LOG, "show", "--json", "--app-name", "other");
  assertEquals(ofApp.stdout, `${LINES[2]}\n`);
  const late = await runOn(LOG, "show", "--json", "--since", "2030-01-02T00:00:02Z");
  assertEquals(late.stdout, `${LINES[1]}\n${LINES[2]}\n`);
  assertEquals((await runOn(LOG, "show", "--since", "2030-01-03")).stdout, "");
  assertEquals((await runOn(LOG, "show", "--since", "yesterday")).code, 2);
});

Deno.test("show warns of what is no line, and goes on", async () => {
  const { code, stdout, stderr } = await runOn(`${LINES[0]}\nx\n${LINES[1]}\n`, "show", "--json");
  assertEquals([code, stdout], [0, `${LINES[0]}\n${LINES[1]}\n`]);
  assert(stderr.includes("A line is none of an audit log"));
});
