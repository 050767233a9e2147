/**
 * The commands about known agents with the real program: what an operator reads, word for word.
 *
 * @module
 */
import { encodeKnownAgents } from "../../keeper/trust/known_agents_state.ts";
import { fingerprintGroups } from "../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { assertGolden, replaceAll } from "../support/golden.ts";
import { Site } from "../support/site.ts";
import {
  fingerprintOf,
  NODE,
  pendingOf,
  pinOf,
  stateOf,
} from "../keeper/trust/known_agents_fixtures.ts";

const at = (host: number) => ({ address: `203.0.113.${host}:8888`, component: "web" });

/** An agent of each kind. */
const STATE = stateOf({
  agents: [
    pinOf("approved-1", { ...at(1), node: NODE }),
    pinOf("first-use-1", { ...at(2), trust: "first-use" }),
    pinOf("enrolled-1", { ...at(3), trust: "enrolled", node: NODE, firstSeenMs: null }),
    pinOf("unseen-1", { address: null, component: undefined, firstSeenMs: null, lastSeenMs: null }),
  ],
  pending: [
    pendingOf("pending-1", { ...at(4), node: NODE }),
    pendingOf("changed-1", { ...at(1), reason: "changed" }),
  ],
});

/** The beginning of a fingerprint, as short as one may be. */
function beginningOf(name: string): string {
  return fingerprintOf(name).slice("SHA256:".length, "SHA256:".length + 16);
}

/** Plays commands one after the other and writes down what an operator sees. */
class Transcript {
  readonly #site: Site;
  #text = "";

  constructor(site: Site) {
    this.#site = site;
  }

  async run(...words: readonly string[]): Promise<string> {
    return await this.runWith("", ...words);
  }

  async runWith(input: string, ...words: readonly string[]): Promise<string> {
    const folder = words.includes("--state-dir") ? [] : ["--state-dir", "state"];
    const { code, stdout, stderr } = await this.#site.run("keeper", [...words, ...folder], {
      input,
    });
    this.#text += `$ fluxvault-keeper ${words.join(" ")}\n${stdout}${stderr}(status ${code})\n\n`;
    return stdout;
  }

  /** What was seen, with words for what is another in each run. */
  toString(): string {
    return replaceAll(this.#text, [[/\b20[23]\d-\d\d-\d\dT(?!23:59:59\.000Z)[\d:.]+Z/g, "TIME"]]);
  }
}

async function openSite(): Promise<Site> {
  const site = await Site.open();
  for (const folder of ["state", "other"]) await Deno.mkdir(site.path(folder), { mode: 0o700 });
  await Deno.writeFile(site.path("state/known_agents.json"), encodeKnownAgents(STATE), {
    mode: 0o600,
  });
  return site;
}

Deno.test("keeper: lists and shows agents", async () => {
  await using site = await openSite();
  const transcript = new Transcript(site);
  await transcript.run("agents", "list");
  await transcript.run("agents", "list", "--json", "--app-name", "demo");
  await transcript.run("agents", "list", "--app-name", "other");
  await transcript.run("agents", "show", "203.0.113.1:8888");
  await transcript.run("agents", "show", fingerprintGroups(fingerprintOf("enrolled-1")));
  await transcript.run("agents", "show", beginningOf("unseen-1"), "--json");
  await transcript.run("agents", "show", "nobody-here");
  await transcript.run("agents", "show");
  await assertGolden("agents_list_show", transcript.toString());
});

Deno.test("keeper: approves and forgets agents", async () => {
  await using site = await openSite();
  const transcript = new Transcript(site);
  await transcript.run("agents", "approve", "203.0.113.4:8888");
  await transcript.run("agents", "approve", "203.0.113.1:8888");
  await transcript.run("agents", "approve", beginningOf("pending-1"), beginningOf("first-use-1"));
  await transcript.run("agents", "approve", fingerprintOf("changed-1"));
  await transcript.run("agents", "approve", fingerprintGroups(fingerprintOf("new")), "--json");
  await transcript.run("agents", "approve", "203.0");
  await transcript.run("agents", "approve", "203.0.113.9:8888");
  await transcript.run("agents", "forget", beginningOf("enrolled-1"), "203.0.113.2:8888");
  await transcript.run("agents", "forget", beginningOf("enrolled-1"));
  await transcript.run("agents", "list");
  await assertGolden("agents_approve_forget", transcript.toString());
});

Deno.test("keeper: hands trusted agents on to another keeper", async () => {
  await using site = await openSite();
  const transcript = new Transcript(site);
  const exported = await transcript.run("agents", "export");
  await transcript.run("agents", "export", beginningOf("enrolled-1"), "203.0.113.2:8888");
  await transcript.run("agents", "export", beginningOf("pending-1"));
  const other = ["--state-dir", "other"];
  await transcript.runWith(exported, "agents", "import", "-", ...other);
  await transcript.runWith(exported, "agents", "import", "-", ...other);
  await transcript.runWith(exported, "agents", "import", "-", "--as", "approved", ...other);
  await transcript.run("agents", "list", ...other);
  const changed = exported.replace(fingerprintOf("approved-1"), fingerprintOf("impostor-1"));
  await transcript.runWith(changed, "agents", "import", "-", ...other);
  await transcript.runWith(changed, "agents", "import", "-", "--replace", ...other);
  await transcript.runWith(exported.slice(0, -20), "agents", "import", "-", ...other);
  await transcript.run("agents", "import", "no-such-file.json", ...other);
  await assertGolden("agents_export_import", transcript.toString());
});

Deno.test("keeper: serves at once whom another keeper trusted and handed on", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  await site.deliver({ agents: [agent.address], state: "first" });
  const exported = await site.run("keeper", [
    "agents",
    "export",
    "--state-dir",
    site.path("first"),
  ]);
  const imported = await site.run(
    "keeper",
    ["agents", "import", "-", "--state-dir", site.path("second")],
    { input: exported.stdout },
  );
  assertEquals(imported.code, 0, imported.stderr);
  await site.store({ "db.password": "2" });
  const run = await site.deliver({
    ...{ agents: [agent.address], state: "second" },
    args: ["--trust", "pinned"],
  });
  const line = run.agents.get(agent.address);
  assertEquals([run.code, line?.trust, line?.counts.updated], [0, "first-use", 1]);
});

const SECRETS = {
  "an enrolment secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  "a private key": "Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7",
};

for (const [what, secret] of Object.entries(SECRETS)) {
  Deno.test(`keeper: calls ${what} that is to name an agent disclosed, and repeats it not`, async () => {
    await using site = await openSite();
    const before = await Deno.readTextFile(site.path("state/known_agents.json"));
    for (const word of ["show", "approve", "forget", "export", "import"]) {
      const end = await site.run("keeper", ["agents", word, secret, "--state-dir", "state"]);
      assertEquals([end.code, end.stdout], [2, ""]);
      assertMatch(end.stderr, /regard it as\s+disclosed/);
      assert(!end.stderr.includes(secret), end.stderr);
    }
    assertEquals(await Deno.readTextFile(site.path("state/known_agents.json")), before);
  });
}

Deno.test("keeper: trusts whom it knows however the name of the app is written", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent({ args: ["--app-name", "VaultDemo"] });
  const state = ["--state-dir", site.path("state")];
  const approval = ["agents", "approve", agent.fingerprint, "--app-name", "VaultDemo", ...state];
  assertEquals((await site.run("keeper", approval)).code, 0);
  for (const app of ["vaultdemo", "VAULTDEMO"]) {
    const args = ["--trust", "pinned", "--app-name", app];
    const run = await site.deliver({ agents: [agent.address], state: "state", args });
    assertEquals([run.code, run.agents.get(agent.address)?.trust], [0, "approved"], run.stderr);
  }
  const list = ["agents", "list", "--json", "--app-name", "vaultDEMO", ...state];
  const { stdout } = await site.run("keeper", list);
  assertEquals(jsonLines(stdout).map(({ app }) => app), ["VaultDemo"]);
});

Deno.test({
  name: "keeper: reads no list of agents that others can write, and warns of such a folder",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using site = await openSite();
    const path = site.path("state/known_agents.json");
    const list = ["agents", "list", "--state-dir", "state"];
    await Deno.chmod(site.path("state"), 0o770);
    const warned = await site.run("keeper", list);
    assertEquals([warned.code, warned.stderr.match(/chmod 700/g)?.length], [0, 1]);
    await Deno.chmod(site.path("state"), 0o700);
    await Deno.chmod(path, 0o666);
    const refused = await site.run("keeper", list);
    assertEquals([refused.code, refused.stdout], [1, ""]);
    assertMatch(refused.stderr, /chmod 600 state\/known_agents\.json/);
    await Deno.chmod(site.path("state"), 0o777);
    await site.store({ "db.password": "1" });
    const run = await site.deliver({ agents: ["127.0.0.1:1"], state: "state" });
    assertEquals([run.code, run.agents.size], [1, 0], run.stderr);
    assertMatch(run.stderr, /chmod 600/);
    assertEquals(run.stderr.match(/chmod 700/g)?.length, 1);
  },
});
