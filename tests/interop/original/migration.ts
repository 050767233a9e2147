/** The page on moving from the original, followed step by step with the command lines it shows. */
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { FakeFluxApi } from "../../support/fake_flux_api.ts";
import type { ProcessEnd } from "../../support/followed_process.ts";
import { freePort } from "../../support/free_port.ts";
import type { RunningProgram } from "../../support/running_program.ts";
import { hasManyLoopbacks, modeOf, readKeeperRun, Site } from "../../support/site.ts";
import {
  DIALECTS,
  type PythonDialect,
  PythonNode,
  type PythonVaultRun,
  runPythonVault,
} from "./python_programs.ts";

const PAGE = new URL("../../../protocol/original/README.md", import.meta.url);
/** The app, the port and the files of the page. */
const APP = "myapp";
const PORT = "39898";
const NAMES = ["quotes.txt", "readme.txt"];
/** What the page calls the vault and two of the nodes, and where they are here. */
const HOSTS: readonly (readonly [string, string])[] = [
  ["203.0.113.7", "127.0.0.1"],
  ["203.0.113.20", "127.0.0.1"],
  ["203.0.113.21", "127.0.0.2"],
];
const COMMANDS = [
  "pythonNode",
  "pythonVault",
  "agent",
  "keeper",
  "list",
  "approve",
  "agentAlone",
  "keeperOriginal",
  "keeperMixed",
  "fluxvaultNode",
  "fluxvaultVault",
] as const;
type Command = typeof COMMANDS[number];

/** Returns the command lines of the page, in their order. */
async function readPage(): Promise<Record<Command, string>> {
  const page = await Deno.readTextFile(PAGE);
  const lines = [...page.matchAll(/^```(?:sh|text)\n([^]*?)^```/gm)]
    .flatMap(([, block = ""]) => block.trimEnd().split("\n"));
  assertEquals(
    lines.length,
    COMMANDS.length,
    `the page shows other commands:\n${lines.join("\n")}`,
  );
  return Object.fromEntries(COMMANDS.map((name, i) => [name, lines[i] ?? ""])) as Record<
    Command,
    string
  >;
}

const LINES = await readPage();

/** The folder of one operator, in which the commands of the page are typed. */
class Move implements AsyncDisposable {
  readonly site: Site;
  readonly api: FakeFluxApi;
  /** What stands for the port of the page. */
  readonly port: number = freePort();

  private constructor(site: Site, api: FakeFluxApi) {
    this.site = site;
    this.api = api;
  }

  static async open(): Promise<Move> {
    const move = new Move(await Site.open(), FakeFluxApi.start());
    move.api.setLocations(APP, ["127.0.0.1"]);
    await move.store("1");
    return move;
  }

  /** Puts a new version of both files into the folder of the vault. */
  async store(version: string): Promise<void> {
    const files = NAMES.map((name) => [name, `${name} ${version}\n`]);
    await this.site.store(Object.fromEntries(files), "files");
  }

  /** Returns which version a node holds. */
  async heldBy(node: string): Promise<string[]> {
    return await Promise.all(NAMES.map(async (name) => {
      const text = await Deno.readTextFile(this.site.path(`${node}/${name}`));
      return text.slice(name.length).trim();
    }));
  }

  /** Returns the words of a command of the page behind the name of the program, for this place. */
  words(command: Command, node = "node"): string[] {
    let line = LINES[command].replace(/^(?:deno task (?:agent|keeper)|\S+)\s+/, "")
      .replaceAll(PORT, `${this.port}`)
      .replaceAll("/srv/node", this.site.path(node))
      .replaceAll("/srv/state", this.site.path(`${node}-state`));
    for (const [shown, here] of HOSTS) {
      line = line.replaceAll(new RegExp(`${shown.replaceAll(".", "\\.")}(?!\\d)`, "g"), here);
    }
    return line.split(" ");
  }

  /** Starts a node of the original. */
  async startPythonNode(dialect: PythonDialect, host = "127.0.0.1"): Promise<PythonNode> {
    const files = this.words("pythonNode").slice(-NAMES.length);
    const folder = this.site.path(host === "127.0.0.1" ? "node" : "other");
    return await PythonNode.start({ folder, files, dialect, host, port: this.port });
  }

  /** Runs the vault of the original. */
  async runPythonVault(dialect: PythonDialect): Promise<PythonVaultRun> {
    const folder = this.site.path(this.words("pythonVault").at(-1) ?? "");
    return await runPythonVault({ folder, nodes: [`127.0.0.1:${this.port}`], dialect });
  }

  /** Starts an agent that says in JSON that it listens. */
  async startAgent(
    command: Command,
    { node = "node", host = "127.0.0.1" } = {},
  ): Promise<RunningProgram> {
    const variables = { FLUXVAULT_JSON: "true", FLUXVAULT_BIND_ADDRESS: host };
    const agent = this.site.start("agent", this.words(command, node), { variables });
    await agent.waitForJson(({ event }) => event === "listening");
    return agent;
  }

  /** Starts the keeper, which asks this machine instead of the network. */
  startKeeper(words: readonly string[], more: Record<string, string> = {}): RunningProgram {
    return this.site.start("keeper", words, {
      variables: {
        FLUXVAULT_JSON: "true",
        XDG_STATE_HOME: this.site.path("home"),
        ...(words.includes("--agent-ips") ? {} : { FLUXVAULT_FLUX_API: this.api.url }),
        ...more,
      },
    });
  }

  /** Runs the keeper once. */
  async deliver(words: readonly string[]): Promise<ReturnType<typeof readKeeperRun>> {
    return readKeeperRun(await this.startKeeper(words, { FLUXVAULT_RUN_ONCE: "true" }).end);
  }

  /** Runs `agents list` or `agents approve`. */
  async runAgents(words: readonly string[]): Promise<ProcessEnd> {
    const variables = { XDG_STATE_HOME: this.site.path("home") };
    const end = await this.site.run("keeper", words, { variables });
    assertEquals(end.code, 0, end.stderr);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    await this.api[Symbol.asyncDispose]();
  }
}

for (const dialect of DIALECTS) {
  Deno.test(`migration page: leads from a ${dialect} node and vault to protocol 2, nodes first`, async () => {
    await using move = await Move.open();
    const { site } = move;

    // 0. What there is before
    await using node = await move.startPythonNode(dialect);
    assertEquals((await move.runPythonVault(dialect)).code, 0);
    assertEquals(await move.heldBy("node"), ["1", "1"]);
    await node.stop();

    // 1. Nodes first
    const agent = site.start("agent", move.words("agent"));
    await agent.waitForLog(/wire of the original FluxVault is on.*addresses=127\.0\.0\.1/);
    await agent.waitForLog(/made a new identity/);
    const [, logged] = /fingerprint=(SHA256:\S+)/.exec(agent.stderr) ?? [];
    await site.store({ "quotes.txt": "quotes.txt 2\n" }, "files");
    assertEquals((await move.runPythonVault(dialect)).code, 0, agent.stderr);
    await agent.waitForLog(/a keeper has delivered.*wire=original/);
    assertEquals(await move.heldBy("node"), ["2", "1"]);
    assertEquals(await modeOf(site.path("node/quotes.txt")), 0o600);

    // 2. Then the vault
    const keeper = move.startKeeper(move.words("keeper"), { FLUXVAULT_DISCOVERY_INTERVAL: "1" });
    await keeper.waitForJson(({ outcome }) => outcome === "pending");
    const list = await move.runAgents(move.words("list"));
    const [fingerprint = ""] = /SHA256:\S+/.exec(list.stdout) ?? [];
    assertMatch(list.stdout, / pending .* SHA256:/);
    assertEquals(fingerprint, logged);
    const approval = move.words("approve").map((word) => {
      return word.startsWith("SHA256:") ? fingerprint : word;
    });
    assertMatch((await move.runAgents(approval)).stdout, /^approved SHA256:/);
    await keeper.waitForJson(({ type, wire, outcome }) => {
      return type === "agent" && wire === 2 && outcome === "delivered";
    });
    await keeper.waitForJson(({ type, wanted }) => type === "pass" && wanted);
    assertEquals(await move.heldBy("node"), ["2", "1"]);
    // A file that the original made and that never changed is for its owner alone now, too.
    for (const name of NAMES) assertEquals(await modeOf(site.path(`node/${name}`)), 0o600);

    // 3. Turn the old wire off
    assertEquals((await agent.stop()).code, 0);
    const alone = await move.startAgent("agentAlone");
    await move.store("3");
    const old = await move.runPythonVault(dialect);
    assertEquals([old.code, old.sessions.map(({ files }) => files)], [1, [{}]]);
    await alone.waitForLog(
      /it speaks the wire of the original FluxVault, which --original-wire would let in/,
    );
    assertEquals(await move.heldBy("node"), ["2", "1"]);
    await keeper.stop();
    const run = await move.deliver(move.words("keeper"));
    assertEquals([run.code, run.pass?.["agentsWanted"]], [0, 1], run.stderr);
    assertEquals(await move.heldBy("node"), ["3", "3"]);
    assert(!alone.stderr.includes("wire of the original FluxVault is on"));
  });

  Deno.test({
    name: `migration page: leads from ${dialect} nodes and a vault to protocol 2, the vault first`,
    ignore: !hasManyLoopbacks(),
    async fn() {
      await using move = await Move.open();
      const [one, other] = ["127.0.0.1", "127.0.0.2"];
      move.api.setLocations(APP, [one, other]);
      await using node = await move.startPythonNode(dialect, one);
      await using second = await move.startPythonNode(dialect, other);
      const addresses = [node.address, second.address];
      const wiresOf = ({ agents }: ReturnType<typeof readKeeperRun>): unknown[] => {
        return addresses.map((address) => agents.get(address)?.wire);
      };

      // All nodes are the original's
      const all = await move.deliver(move.words("keeperOriginal"));
      assertEquals([all.code, wiresOf(all)], [0, ["original", "original"]], all.stderr);
      assertMatch(all.stderr, /wire of the original FluxVault is on/);
      assertEquals([await move.heldBy("node"), await move.heldBy("other")], [["1", "1"], [
        "1",
        "1",
      ]]);

      // One of them has become an agent
      await second.stop();
      await move.startAgent("agentAlone", { node: "other", host: other });
      await move.store("2");
      const mixed = await move.deliver(move.words("keeperMixed"));
      assertEquals([mixed.code, wiresOf(mixed)], [0, ["original", 2]], mixed.stderr);
      assertEquals([await move.heldBy("node"), await move.heldBy("other")], [["2", "2"], [
        "2",
        "2",
      ]]);

      // Nothing is tried out, and no agent that is known is spoken to on the old wire
      await move.store("3");
      const words = move.words("keeperMixed");
      const without = await move.deliver(words.slice(0, words.indexOf("--wire")));
      assertEquals(without.agents.get(node.address)?.["code"], "original-wire");
      const onlyOld = await move.deliver([...words.slice(0, -1), "original"]);
      assertEquals(onlyOld.agents.get(second.address)?.["code"], "key-on-record");
      assertEquals([await move.heldBy("node"), await move.heldBy("other")], [["3", "3"], [
        "3",
        "3",
      ]]);

      // All have
      await node.stop();
      await move.startAgent("agentAlone", { host: one });
      await move.store("4");
      const last = await move.deliver(words.slice(0, words.indexOf("--wire")));
      assertEquals([last.code, wiresOf(last)], [0, [2, 2]], last.stderr);
      assertEquals([await move.heldBy("node"), await move.heldBy("other")], [["4", "4"], [
        "4",
        "4",
      ]]);
      assert(!last.stderr.includes("wire of the original FluxVault is on"));
    },
  });

  Deno.test(`migration page: fluxvault Node takes what a ${dialect} vault gives`, async () => {
    await using move = await Move.open();
    const node = move.site.start("agent", move.words("fluxvaultNode"), {
      script: "dist/fluxvault.ts",
      variables: { FLUXVAULT_JSON: "true" },
    });
    await node.waitForJson(({ event }) => event === "listening");
    for (const version of ["1", "2"]) {
      await move.store(version);
      assertEquals((await move.runPythonVault(dialect)).code, 0, node.stderr);
      assertEquals(await move.heldBy("node"), [version, version]);
    }
    assertEquals((await node.stop()).code, 0);
  });

  Deno.test(`migration page: fluxvault Vault gives a ${dialect} node what it asks for`, async () => {
    await using move = await Move.open();
    await using node = await move.startPythonNode(dialect);
    await move.site.store({ "more.txt": "nobody asks for this" }, "files");
    const run = async () => {
      return await move.site.run("keeper", move.words("fluxvaultVault"), {
        script: "dist/fluxvault.ts",
        variables: { FLUXVAULT_FLUX_API: move.api.url, XDG_STATE_HOME: move.site.path("home") },
      });
    };
    for (const version of ["1", "2"]) {
      await move.store(version);
      const { code, stderr } = await run();
      assertEquals(code, 0, stderr);
      assertEquals((await node.nextSession()).error, null);
      assertEquals(await move.heldBy("node"), [version, version]);
    }
    await node.stop();
    assertEquals((await run()).code, 1);
  });
}
