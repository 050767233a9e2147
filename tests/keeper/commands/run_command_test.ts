import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECT_ROOT } from "../../../dist/tasks/derived_config.ts";
import { RUN_OPTIONS } from "../../../keeper/options.ts";
import { defineCommand, type Program } from "../../../protocol/host/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeAgent, FakeNode } from "../../support/fake_fleet.ts";
import { FakeFluxApi } from "../../support/fake_flux_api.ts";
import { freePort } from "../../support/free_port.ts";
import { COLLISION } from "../../support/original_peers.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";
import { TcpAgent } from "../../support/tcp_agents.ts";

const PROGRAM: Program = {
  name: "fluxvault-keeper",
  leadingWord: "keeper",
  version: "0",
  summary: "Serves.",
  commands: [
    defineCommand({
      path: [],
      summary: "Serves.",
      options: RUN_OPTIONS,
      service: true,
      load: () => import("../../../keeper/commands/run_command.ts"),
    }),
  ],
};

/** A vault and a state folder, and the keeper on them. */
class Workplace implements AsyncDisposable {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async make(): Promise<Workplace> {
    const place = new Workplace(await Deno.makeTempDir({ prefix: "fluxvault-keeper-" }));
    await Deno.mkdir(place.path("vault"), { mode: 0o700 });
    await Deno.writeTextFile(place.path("vault/db.password"), "correct horse");
    return place;
  }

  path(name: string): string {
    return join(this.#root, name);
  }

  get folders(): string[] {
    return ["--vault-dir", this.path("vault"), "--state-dir", this.path("state")];
  }

  /** Runs the command here, in this process. */
  run(...args: readonly string[]): Promise<ProgramRun> {
    return runInProcess(PROGRAM, [...this.folders, ...args]);
  }

  /** Runs the real program. */
  async runProgram(...args: readonly string[]): Promise<ProgramRun> {
    const main = fileURLToPath(new URL("keeper/main.ts", PROJECT_ROOT));
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...permissions, main, ...args],
      env: { NO_COLOR: "1" },
      stdin: "null",
    });
    const { code, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}

const MANAGED = ["--managed-files", "db.password:etc/"];

Deno.test("run delivers once as a real program and exits with 0", async () => {
  await using place = await Workplace.make();
  const agent = await FakeAgent.make();
  await using listener = TcpAgent.listen(agent.serve);
  const args = [...place.folders, ...MANAGED, "--agent-ips", listener.address, "--run-once"];
  const first = await place.runProgram(...args, "--json");
  const said = JSON.parse(first.stderr);
  assertEquals([first.code, said.level, said.place], [0, "info", "1 of 1"]);
  const lines = first.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ type, wanted }) => [type, wanted]), [["agent", true], ["pass", true]]);
  assertEquals(lines[0].files, [{ path: "etc/db.password", outcome: "created" }]);
  assertEquals(agent.store.read("etc/db.password"), new TextEncoder().encode("correct horse"));
  const second = await place.runProgram(...args);
  assertEquals(second.code, 0);
  assert(second.stdout.includes("1 unchanged"), second.stdout);
  assert(!(first.stdout + second.stdout).includes("correct horse"));
});

Deno.test("run lets a new agent of an app wait until the real program approved it", async () => {
  await using place = await Workplace.make();
  await using api = FakeFluxApi.start();
  const agent = await FakeAgent.make({ app: "vaultdemo" });
  await using listener = TcpAgent.listen(agent.serve);
  api.setLocations("vaultdemo", ["127.0.0.1:16127"]);
  const args = [
    ...[...MANAGED, "--run-once", "--app-name", "vaultdemo"],
    ...["--flux-api", api.url, "--comms-port", String(listener.port)],
  ];
  const first = await place.run(...args);
  assertEquals(first.code, 1);
  const command = /fluxvault-keeper (agents approve SHA256:\S+ .*)/.exec(first.stdout)?.[1];
  assert(command !== undefined, first.stdout);
  const approval = await place.runProgram(...command.split(" "));
  assertEquals([approval.code, approval.stderr], [0, ""]);
  const second = await place.run(...args);
  assertEquals([second.code, second.stderr], [0, ""]);
});

Deno.test("run exits with 1 where an agent cannot be reached", async () => {
  await using place = await Workplace.make();
  const port = freePort();
  const { code, stdout } = await place.run(
    ...MANAGED,
    "--agent-ips",
    `127.0.0.1:${port}`,
    "--run-once",
  );
  assertEquals(code, 1);
  assert(stdout.includes("connection-refused"), stdout);
});

Deno.test("run exits with 1 where no agent was found", async () => {
  await using place = await Workplace.make();
  await using api = FakeFluxApi.start();
  const { code, stdout } = await place.run(
    ...[...MANAGED, "--app-name", "vaultdemo", "--flux-api", api.url, "--run-once"],
  );
  assertEquals(code, 1);
  assert(stdout.includes("no agent was found"), stdout);
});

Deno.test("run reports and goes on until it is stopped, and exits with 0", async () => {
  await using place = await Workplace.make();
  const main = fileURLToPath(new URL("keeper/main.ts", PROJECT_ROOT));
  const agent = await FakeAgent.make();
  await using listener = TcpAgent.listen(agent.serve);
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, ...place.folders, ...MANAGED, "--agent-ips", listener.address],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("1 as wanted")) {
    const { value, done } = await reader.read();
    assert(!done, text);
    text += value;
  }
  child.kill("SIGTERM");
  while (!(await reader.read()).done);
  assertEquals((await child.status).code, 0);
});

const ORIGINAL = ["--wire", "original", "--run-once"];

Deno.test("run serves a node of the original, and warns of its wire once", async () => {
  await using place = await Workplace.make();
  const node = new FakeNode(["etc/db.password"]);
  await using listener = TcpAgent.listen(node.serve);
  const args = [...MANAGED, "--agent-ips", listener.address, ...ORIGINAL, "--json"];
  const { code, stdout, stderr } = await place.run(...args);
  assertEquals(code, 0, stderr);
  const [agent] = stdout.split("\n", 1).map((line) => JSON.parse(line));
  assertEquals([agent.wire, agent.fingerprint, agent.outcome], ["original", null, "delivered"]);
  assertEquals(agent.files, [{ path: "etc/db.password", outcome: "created" }]);
  assertEquals(node.store.read("etc/db.password"), new TextEncoder().encode("correct horse"));
  assertEquals(stderr.match(/The wire of the original FluxVault is on/g)?.length, 1);
  assert(!stderr.includes("the list of the app"), stderr);
});

Deno.test("run remembers what a node of the original holds from one process to the next", async () => {
  await using place = await Workplace.make();
  const node = new FakeNode(["etc/db.password"]);
  await using listener = TcpAgent.listen(node.serve);
  for (const text of COLLISION) {
    await Deno.writeTextFile(place.path("vault/db.password"), text);
    const { code, stdout } = await place.run(
      ...[...MANAGED, "--agent-ips", listener.address, ...ORIGINAL],
    );
    assertEquals(code, 0, stdout);
    assertEquals(node.store.read("etc/db.password"), new TextEncoder().encode(text));
  }
  const state = await Deno.readTextFile(place.path("state/original_nodes.json"));
  assert(state.includes(listener.address) && !state.includes(COLLISION[1]), state);
});

Deno.test("run exits with 1 where a node of the original asks for less than it should", async () => {
  await using place = await Workplace.make();
  await using listener = TcpAgent.listen(new FakeNode(["other"]).serve);
  const args = [...MANAGED, "--agent-ips", listener.address, ...ORIGINAL];
  const { code, stdout } = await place.run(...args);
  assertEquals(code, 1);
  assert(stdout.includes("not-requested"), stdout);
});

Deno.test("run serves each agent by the wire that is said of it", async () => {
  await using place = await Workplace.make();
  const [agent, node] = [await FakeAgent.make(), new FakeNode(["etc/db.password"])];
  await using one = TcpAgent.listen(agent.serve);
  await using other = TcpAgent.listen(node.serve);
  const wire = `2,${other.address}=original`;
  const ips = `${one.address},${other.address}`;
  const { code, stderr } = await place.run(
    ...[...MANAGED, "--agent-ips", ips, "--wire", wire, "--trust", "first-use", "--run-once"],
  );
  assertEquals(code, 0, stderr);
  for (const { store } of [agent, node]) assertEquals(store.paths(), ["etc/db.password"]);
});

Deno.test("run warns of whoever is in the list of an app that is served by the original's wire", async () => {
  await using place = await Workplace.make();
  await using api = FakeFluxApi.start();
  const { stderr } = await place.run(
    ...[...MANAGED, "--app-name", "vaultdemo", "--flux-api", api.url, ...ORIGINAL],
  );
  assert(stderr.includes("any node can put itself into the list of the app"), stderr);
});

Deno.test("run exits with 1 over deliveries that it cannot read, and leaves them be", async () => {
  await using place = await Workplace.make();
  const path = place.path("state/original_nodes.json");
  await Deno.mkdir(place.path("state"));
  await Deno.writeTextFile(path, "{");
  const { code, stdout } = await place.run(...MANAGED, ...IPS, ...ORIGINAL);
  assertEquals(code, 1);
  assert(/original_nodes\.json is not as it was written\. Move it away/.test(stdout), stdout);
  assert(/127\.0\.0\.1:1 +- +unreachable/.test(stdout), stdout);
  assertEquals(await Deno.readTextFile(path), "{");
});

const IPS = ["--agent-ips", "127.0.0.1:1"];
const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["nothing to deliver", [...IPS], /--managed-files is missing/],
  ["nobody to serve", [...MANAGED], /--app-name is missing, and so is --agent-ips/],
  ["a name that no app has", [...MANAGED, "--app-name", "a/b"], /--app-name cannot be "a\/b"/],
  ["a name that Flux refuses", [...MANAGED, "--app-name", "fluxy"], /on the Flux network/],
  ["a bad address", [...MANAGED, "--agent-ips", "::1"], /without brackets \(flag --agent-ips\)/],
  ["a bad file", [...IPS, "--managed-files", "../x"], /"\.\.\/x".*\(flag --managed-files\)/],
  [
    "a file that the vault lacks",
    [...IPS, "--managed-files", "db.pasword"],
    /"db\.pasword" \(file-missing\)/,
  ],
  [
    "a folder that is none",
    [...MANAGED, ...IPS, "--vault-dir", "./no-such-vault"],
    /--vault-dir names no folder/,
  ],
  [
    "a level that is none",
    [...MANAGED, ...IPS, "--require", "address"],
    /--require: "address" names no level of trust \(flag --require\)\nhint: Write LEVEL/,
  ],
  [
    "a level for what is not managed",
    [...MANAGED, ...IPS, "--require", "etc/db.password=approved"],
    /--require: .* names a file that is not managed \(flag --require\)/,
  ],
  [
    "an API that is none",
    [...MANAGED, "--app-name", "demo", "--flux-api", "ftp://x"],
    /--flux-api holds/,
  ],
  [
    "an API beside addresses",
    [...MANAGED, ...IPS, "--flux-api", "http://127.0.0.1:1"],
    /--flux-api has no use beside/,
  ],
  [
    "a wire that is none",
    [...MANAGED, ...IPS, "--wire", "1"],
    /--wire: "1" names no wire \(flag --wire\)\nhint: Write 2 or original/,
  ],
  [
    "wires that contradict each other",
    [...MANAGED, ...IPS, "--wire", "original,2"],
    /--wire: "2" contradicts another item \(flag --wire\)/,
  ],
  [
    "trust where nothing proves a key",
    [...MANAGED, ...IPS, "--wire", "original", "--trust", "first-use"],
    /--trust has no use where all agents are served by the original's wire \(flag --trust\)/,
  ],
  [
    "places for keys where nothing proves one",
    [...MANAGED, ...IPS, "--wire", "original", "--first-use-limit", "1"],
    /--first-use-limit has no use where all agents are served by the original's wire/,
  ],
];

for (const [what, args, message] of MISTAKES) {
  Deno.test(`run exits with 2 over ${what}`, async () => {
    await using place = await Workplace.make();
    const folders = args.includes("--vault-dir") ? ["--state-dir", place.path("s")] : place.folders;
    const { code, stdout, stderr } = await runInProcess(PROGRAM, [
      ...folders,
      ...args,
      "--run-once",
    ]);
    assertEquals([code, stdout], [2, ""]);
    assert(message.test(stderr), stderr);
    assert(stderr.includes("\nhint: "), stderr);
  });
}

Deno.test("run exits with 1 over known agents that it cannot read, and leaves them be", async () => {
  await using place = await Workplace.make();
  await Deno.mkdir(place.path("state"));
  await Deno.writeTextFile(place.path("state/known_agents.json"), "{", { mode: 0o600 });
  const { code, stderr } = await place.run(...MANAGED, ...IPS, "--run-once");
  assertEquals(code, 1);
  assert(/known_agents\.json.*no JSON/.test(stderr), stderr);
  assertEquals(await Deno.readTextFile(place.path("state/known_agents.json")), "{");
});
