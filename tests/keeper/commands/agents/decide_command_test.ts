import { assert, assertEquals } from "../../../support/assert.ts";
import { fingerprintOf, pendingOf, pinOf, stateOf } from "../../trust/known_agents_fixtures.ts";
import { AgentsDesk, KNOWN, STATE, WAITING } from "./agents_desk.ts";

Deno.test("approve pins who waits and says so", async () => {
  await using desk = await AgentsDesk.open();
  const { code, stdout } = await desk.run("approve", WAITING);
  assertEquals(code, 0);
  assertEquals(stdout, `approved ${fingerprintOf(WAITING)} (app demo, 203.0.113.2:8888)\n`);
  const { agents, pending } = await desk.file.load();
  assertEquals([agents.length, pending.length, agents[1]?.trust], [2, 0, "approved"]);
});

Deno.test("approve says whose place was taken", async () => {
  const pending = [pendingOf(WAITING, { reason: "changed" })];
  await using desk = await AgentsDesk.open(stateOf({ agents: [pinOf(KNOWN)], pending }));
  const { stdout } = await desk.run("approve", fingerprintOf(WAITING));
  assert(stdout.includes(`replaced ${fingerprintOf(KNOWN)}`), stdout);
});

Deno.test("forget strikes an agent off", async () => {
  await using desk = await AgentsDesk.open();
  const { code, stdout } = await desk.run("forget", "203.0.113.1:8888");
  assertEquals(code, 0);
  assertEquals(stdout, `forgotten ${fingerprintOf(KNOWN)} (app demo, 203.0.113.1:8888)\n`);
  assertEquals((await desk.file.load()).agents, []);
});

Deno.test("approve takes no address, which another key may have meanwhile", async () => {
  await using desk = await AgentsDesk.open();
  const { code, stdout, stderr } = await desk.run("approve", "203.0.113.2:8888");
  assertEquals([code, stdout, await desk.file.load()], [2, "", STATE]);
  assert(stderr.includes(`${fingerprintOf(WAITING)} waits`), stderr);
});

Deno.test("approve refuses what is no name of an app, and writes nothing", async () => {
  await using desk = await AgentsDesk.open();
  const { code } = await desk.run("approve", fingerprintOf("new"), "--app-name", "de mo");
  assertEquals([code, await desk.file.load()], [2, STATE]);
});

for (const args of [["approve"], ["forget"], ["approve", "nobody-here"], ["forget", "bbb"]]) {
  Deno.test(`agents ${args.join(" ")} exits with 2 and changes nothing`, async () => {
    await using desk = await AgentsDesk.open();
    const { code, stdout, stderr } = await desk.run(...args);
    assertEquals([code, stdout], [2, ""]);
    assert(stderr.includes("hint: "), stderr);
    assertEquals(await desk.file.load(), STATE);
  });
}

Deno.test("approve says that an unseen agent without an app is one of no app's keeper", async () => {
  await using desk = await AgentsDesk.open();
  const unseen = await desk.run("approve", fingerprintOf("new".padEnd(42, "_") + "8"));
  assertEquals(unseen.code, 0);
  assert(unseen.stderr.includes("for keepers without --app-name alone"), unseen.stderr);
  const named = ["--app-name", "demo"];
  const seen = await desk.run("approve", WAITING);
  const ofApp = await desk.run("approve", fingerprintOf("two".padEnd(42, "_") + "8"), ...named);
  assertEquals([seen.stderr, ofApp.code, ofApp.stderr], ["", 0, ""]);
});
