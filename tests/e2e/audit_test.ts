/**
 * The audit log with the real programs: nothing leaves that is not in it, and no secret is.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { countResults } from "../interop/second_implementation/results.ts";
import { signResults } from "../interop/second_implementation/result_signature.ts";
import type { Session } from "../interop/second_implementation/session.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { find } from "../support/canary.ts";
import { type JsonLine, jsonLines } from "../support/followed_process.ts";
import { assertGolden, replaceAll } from "../support/golden.ts";
import { listenAsAgent, newIdentity } from "../support/second_ends.ts";
import { modeOf, readTree, Site } from "../support/site.ts";
import type { TcpPeer } from "../support/tcp_peer.ts";

const SECRET = "correct horse battery staple";
const LOG = "keeper-state/audit.jsonl";

async function readLog(site: Site, name = LOG): Promise<JsonLine[]> {
  return jsonLines(await Deno.readTextFile(site.path(name)));
}

function eventsOf(lines: readonly JsonLine[]): string[] {
  return lines.map(({ event }) => event);
}

async function audit(site: Site, ...words: readonly string[]) {
  return await site.run("keeper", ["audit", ...words, "--state-dir", site.path("keeper-state")]);
}

Deno.test("keeper: puts on record what it gives, to whom, and what the agent signed of it", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const agent = await site.startAgent();
  assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
  const lines = await readLog(site);
  assertEquals(eventsOf(lines), ["start", "trust", "given", "result", "stop"]);
  const [, trust, given, result] = lines;
  assertEquals([trust?.from, trust?.to, trust?.fingerprint], [
    null,
    "first-use",
    agent.fingerprint,
  ]);
  const { address, fingerprint } = agent;
  for (const line of [given, result]) {
    assertEquals([line?.address, line?.fingerprint, line?.trust], [
      ...[address, fingerprint, "first-use"],
    ]);
  }
  assertEquals([given?.path, given?.size, given?.mode], ["db.password", SECRET.length, "0600"]);
  assertEquals([result?.counts.created, result?.receipt.counts.created], [1, 1]);
  const verdict = JSON.parse((await audit(site, "verify", "--json")).stdout);
  assertEquals([verdict.good, verdict.seq, verdict.signed], [true, 5, 1]);
  assertEquals([await modeOf(site.path(LOG)), await modeOf(site.path("keeper-state/audit.key"))], [
    ...[0o600, 0o600],
  ]);
});

Deno.test("keeper: writes nothing of a pass in which nothing changes, and the same fingerprint twice", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const [one, two] = [await site.startAgent(), await site.startAgent({ name: "two" })];
  const agents = [one.address, two.address];
  await site.deliver({ agents });
  const before = await readLog(site);
  assertEquals((await site.deliver({ agents })).code, 0);
  const after = await readLog(site);
  assertEquals(eventsOf(after.slice(before.length)), ["start", "stop"]);
  const contents = before.filter(({ event }) => event === "given").map((line) => line.contents);
  assertEquals([contents.length, new Set(contents).size], [2, 1]);
});

/** An agent that takes the manifest and then does as the test likes. */
function takingManifest(play: (session: Session) => Promise<void>): TcpPeer {
  return listenAsAgent(async (session) => {
    const { Id } = await session.message("MANIFEST");
    await session.send({ State: "MANIFEST-REPLY", Id, Held: true });
    await play(session);
  });
}

async function ask(session: Session): Promise<Buffer> {
  await session.send({ State: "REQUEST", Id: 1, File: "db.password", Digest: null });
  return await session.stream(await session.message("DATA"));
}

Deno.test("keeper: has a file on record before the first byte of it leaves", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const seen: string[][] = [];
  await using agent = takingManifest(async (session) => {
    seen.push(eventsOf(await readLog(site)));
    assertEquals((await ask(session)).toString(), SECRET);
    seen.push(eventsOf(await readLog(site)));
  });
  await site.deliver({ agents: [agent.address] });
  assertEquals(seen, [["start", "trust"], ["start", "trust", "given"]]);
  const result = (await readLog(site)).find(({ event }) => event === "result");
  assertEquals([result?.outcome, "receipt" in (result ?? {})], ["failed", false]);
});

Deno.test("keeper: gives nothing where the audit log cannot be written, from the start on", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const agent = await site.startAgent();
  const args = ["--audit-log", site.path("vault")];
  const run = await site.deliver({ agents: [agent.address], args });
  assertEquals([run.code, run.agents.size], [1, 0]);
  assert(run.stderr.includes("audit log"), run.stderr);
  assertEquals(Object.keys(await readTree(agent.files)), []);
});

Deno.test("keeper: gives nothing once the audit log cannot be written any more, and says so", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  let answer: unknown = null;
  await using agent = takingManifest(async (session) => {
    await Deno.writeTextFile(site.path(LOG), "garbage\n", { append: true });
    answer = await ask(session).catch((error) => error);
  });
  const run = await site.deliver({ agents: [agent.address] });
  assert(answer instanceof Error, "the agent was given the file");
  const { outcome, code } = run.agents.get(agent.address) ?? {};
  assertEquals([run.code, outcome, code], [1, "failed", "audit-failed"]);
  assertEquals(run.pass?.problems.map((problem: JsonLine) => problem.code), ["audit-failed"]);
  const told = run.stderr.split("\n").filter((line) => line.includes("cannot be written"));
  assertEquals(told.length, 1);
  const verdict = await audit(site, "verify");
  assertEquals([verdict.code, verdict.stdout.includes("broken at line 3")], [1, true]);
});

Deno.test("keeper: approves and forgets nobody where that cannot be put on record", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const agent = await site.startAgent();
  await site.deliver({ agents: [agent.address], args: ["--trust", "approve"] });
  const state = site.path("keeper-state");
  const before = await Deno.readTextFile(`${state}/known_agents.json`);
  const approve = async (...args: readonly string[]) =>
    await site.run("keeper", [
      ...["agents", "approve", agent.fingerprint, "--state-dir", state],
      ...args,
    ]);
  assertEquals((await approve("--audit-log", site.path("vault"))).code, 1);
  assertEquals(await Deno.readTextFile(`${state}/known_agents.json`), before);
  assertEquals((await approve()).code, 0);
  assertEquals((await readLog(site)).slice(-2).map(({ event, by, to }) => [event, by, to]), [
    ["command", undefined, undefined],
    ["trust", "operator", "approved"],
  ]);
});

Deno.test("keeper: refuses results that the agent signed by another key", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const counts = countResults([], 1);
  await using agent = takingManifest(async (session) => {
    await ask(session);
    const digest = createHash("sha256").digest();
    const { transcript } = session.schedule;
    const signature = signResults(newIdentity(), { transcript, digest, counts });
    await session.sendWithStream({
      ...{ State: "DONE", Counts: counts, Digest: digest.toString("hex") },
      Signature: signature.toString("hex"),
    }, Buffer.alloc(0));
    await session.message("DONE-REPLY").catch(() => {});
  });
  const run = await site.deliver({ agents: [agent.address] });
  const { outcome, code } = run.agents.get(agent.address) ?? {};
  assertEquals([run.code, outcome, code], [1, "failed", "message-malformed"]);
});

Deno.test("keeper: two on one folder of state write one chain", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const agents = [await site.startAgent(), await site.startAgent({ name: "two" })];
  const args = ["--first-use-limit", "2"];
  const runs = await Promise.all(
    agents.map((agent) => site.deliver({ agents: [agent.address], args })),
  );
  assertEquals(runs.map(({ code }) => code), [0, 0]);
  const events = eventsOf(await readLog(site));
  assertEquals(events.filter((event) => event === "given").length, 2);
  assertEquals((await audit(site, "verify")).code, 0);
});

Deno.test("keeper: has neither a secret nor its digest in the audit log", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const agent = await site.startAgent();
  const agents = [agent.address];
  await site.deliver({ agents, args: ["--trust", "approve", "--debug"] });
  await site.deliver({ agents, args: ["--debug"] });
  await Deno.writeTextFile(`${agent.files}/db.password`, "damaged");
  await site.deliver({ agents, args: ["--debug"] });
  const text = await Deno.readTextFile(site.path(LOG));
  assert(text.includes('"given"') && text.includes('"refused"') && text.includes("updated"));
  const places = new Map([["the log", text], ["shown", (await audit(site, "show")).stdout]]);
  const secret = new Uint8Array(Buffer.from(SECRET));
  const digest = new Uint8Array(createHash("sha256").update(secret).digest());
  const key = new Uint8Array(
    Buffer.from((await Deno.readTextFile(site.path("keeper-state/audit.key"))).trim(), "hex"),
  );
  const start = digest.slice(0, 16);
  assertEquals(find(places, { secret, digest, start, key }), []);
  // The same search finds what is there.
  const contents = Buffer.from(/"contents":"([0-9a-f]{32})"/.exec(text)?.[1] ?? "", "hex");
  assertEquals(find(places, { contents: new Uint8Array(contents) }).length, 2);
});

Deno.test("keeper: shows and checks the audit log", async () => {
  await using site = await Site.open({ "db.password": SECRET });
  const agent = await site.startAgent();
  const agents = [agent.address];
  await site.deliver({ agents, args: ["--trust", "approve"] });
  const state = ["--state-dir", site.path("keeper-state")];
  await site.run("keeper", ["agents", "approve", agent.fingerprint, ...state]);
  // One file: several are given in the order in which they are asked for.
  await site.deliver({ agents });
  let transcript = "";
  const run = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await audit(site, ...words);
    transcript += `$ fluxvault-keeper audit ${words.join(" ")}\n${stdout}${stderr}(${code})\n\n`;
  };
  await run("show");
  await run("verify");
  const text = await Deno.readTextFile(site.path(LOG));
  await Deno.writeTextFile(site.path(LOG), text.replace('"mode":"0600"', '"mode":"0700"'));
  await run("verify");
  await run("verify", "no-such-file");
  await run("show", "--since", "yesterday");
  const shown = replaceAll(transcript, [
    [new RegExp(site.folder, "g"), "FOLDER"],
    [new RegExp(agent.fingerprint, "g"), "FINGERPRINT"],
    [new RegExp(agent.address.padEnd(21), "g"), "HOST:PORT"],
    [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME"],
    [/\b[0-9a-f]{64}\b/g, "HASH"],
    [/contents [0-9a-f]{32}/g, "contents PRINT"],
    [/revision \d+/g, "revision NUMBER"],
    [/version [\d.]+/g, "version VERSION"],
  ]);
  await assertGolden("audit_show_verify", shown);
});
