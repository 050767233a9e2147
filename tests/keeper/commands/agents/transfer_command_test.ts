import { assert, assertEquals } from "../../../support/assert.ts";
import { fingerprintOf, pinOf, stateOf } from "../../trust/known_agents_fixtures.ts";
import { AgentsDesk, KNOWN, STATE, WAITING } from "./agents_desk.ts";

const MANY = stateOf({
  agents: [
    pinOf("one", { address: "one:1", trust: "first-use" }),
    pinOf("two", { address: "two:1", trust: "enrolled" }),
    pinOf("three", { address: "three:1", app: "other" }),
  ],
  pending: STATE.pending,
});

function fingerprintsIn(text: string): string[] {
  return JSON.parse(text).agents.map(({ fingerprint }: { fingerprint: string }) => fingerprint);
}

Deno.test("exportAgents writes all that are trusted, and nobody who waits", async () => {
  await using desk = await AgentsDesk.open(MANY);
  const { code, stdout } = await desk.run("export");
  assertEquals([code, fingerprintsIn(stdout)], [0, ["one", "two", "three"].map(fingerprintOf)]);
});

Deno.test("exportAgents writes those of an app, and those that are named", async () => {
  await using desk = await AgentsDesk.open(MANY);
  const ofApp = await desk.run("export", "--app-name", "demo");
  assertEquals(fingerprintsIn(ofApp.stdout), ["one", "two"].map(fingerprintOf));
  const named = await desk.run("export", "two:1", fingerprintOf("three"));
  assertEquals(fingerprintsIn(named.stdout), ["two", "three"].map(fingerprintOf));
});

Deno.test("exportAgents does not write an agent that waits, although it is named", async () => {
  await using desk = await AgentsDesk.open(MANY);
  const { code, stdout } = await desk.run("export", fingerprintOf(WAITING));
  assertEquals([code, stdout], [2, ""]);
});

Deno.test("importAgents takes in what exportAgents wrote, from standard input and from a file", async () => {
  await using source = await AgentsDesk.open(MANY);
  const { stdout } = await source.run("export");
  const path = `${source.folder}/export.json`;
  await Deno.writeTextFile(path, stdout);
  await using one = await AgentsDesk.open(stateOf());
  await using other = await AgentsDesk.open(stateOf());
  const runs = [await one.runWith(stdout, "import", "-"), await other.run("import", path)];
  for (const { code, stdout } of runs) {
    assertEquals(code, 0);
    assert(stdout.endsWith("3 added, 0 changed, 0 unchanged, 0 replaced\n"), stdout);
  }
  for (const desk of [one, other]) {
    const trusts = (await desk.file.load()).agents.map(({ trust }) => trust);
    assertEquals(trusts, ["first-use", "enrolled", "approved"]);
  }
});

Deno.test("importAgents raises and restricts as it is told", async () => {
  await using source = await AgentsDesk.open(MANY);
  const { stdout } = await source.run("export");
  await using desk = await AgentsDesk.open(stateOf());
  await desk.runWith(stdout, "import", "-", "--as", "approved", "--app-name", "demo");
  const trusts = (await desk.file.load()).agents.map(({ trust }) => trust);
  assertEquals(trusts, ["approved", "enrolled"]);
});

Deno.test("importAgents says in JSON what it did to each", async () => {
  await using source = await AgentsDesk.open(STATE);
  const { stdout } = await source.run("export");
  const run = await source.runWith(stdout, "import", "-", "--json");
  const lines = run.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ deed, fingerprint }) => [deed, fingerprint]), [
    ["unchanged", fingerprintOf(KNOWN)],
  ]);
});

Deno.test("importAgents lets another key take a place only where it is told to", async () => {
  await using source = await AgentsDesk.open(stateOf({ agents: [pinOf("new")] }));
  const { stdout } = await source.run("export");
  await using desk = await AgentsDesk.open(STATE);
  const refused = await desk.runWith(stdout, "import", "-");
  assertEquals([refused.code, refused.stdout, await desk.file.load()], [2, "", STATE]);
  assert(refused.stderr.includes("--replace"), refused.stderr);
  const taken = await desk.runWith(stdout, "import", "-", "--replace");
  assert(taken.stdout.includes(`replaced ${fingerprintOf(KNOWN)}`), taken.stdout);
});

const MISTAKES: readonly (readonly [what: string, args: readonly string[], input: string])[] = [
  ["no file", [], ""],
  ["two files", ["a", "b"], ""],
  ["a file that is not there", ["./no-such-file"], ""],
  ["what is no JSON", ["-"], "hello"],
  ["half an export", ["-"], '{"kind":"fluxvault known agents","version":1'],
  ["another keeper's state", ["-"], '{"version":1,"agents":[],"pending":[],"revisions":[]}'],
];

for (const [what, args, input] of MISTAKES) {
  Deno.test(`importAgents exits with 2 over ${what} and changes nothing`, async () => {
    await using desk = await AgentsDesk.open(STATE);
    const { code, stdout, stderr } = await desk.runWith(input, "import", ...args);
    assertEquals([code, stdout, await desk.file.load()], [2, "", STATE]);
    assert(stderr.includes("hint: "), stderr);
  });
}

Deno.test("exportAgents and importAgents know an app however it is written", async () => {
  await using source = await AgentsDesk.open(MANY);
  const { stdout } = await source.run("export", "--app-name", "Demo");
  assertEquals(fingerprintsIn(stdout), ["one", "two"].map(fingerprintOf));
  await using desk = await AgentsDesk.open(stateOf());
  await desk.runWith(stdout, "import", "-", "--app-name", "DEMO");
  assertEquals((await desk.file.load()).agents.map(({ app }) => app), ["demo", "demo"]);
});
