/**
 * What the operator tells the programs: by flag, variable and file; mistakes and how they are answered.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { freePort } from "../support/free_port.ts";
import type { ProgramName } from "../support/running_program.ts";
import { readTree, Site } from "../support/site.ts";

const AGENT = ["--whitelisted-addresses", "127.0.0.1", "--bind-address", "127.0.0.1"];
const KEEPER = ["--run-once", "--managed-files", "a", "--vault-dir", "vault", "--state-dir", "ks"];

interface Mistake {
  readonly program: ProgramName;
  readonly args: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** What standard error must say: what is wrong, where it came from, what to do. */
  readonly says: readonly RegExp[];
}

/** Each ends with status 2, says nothing on standard output, and touches no agent. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  "a misspelt option": {
    program: "agent",
    args: ["--bind-prt", "1"],
    says: [/--bind-prt/, /Did you mean --bind-port\?/],
  },
  "a misspelt command": {
    program: "keeper",
    args: ["agent", "list"],
    says: [/no command agent/, /Did you mean agents\?/],
  },
  "a port that is none": {
    program: "agent",
    args: [...AGENT, "--bind-port", "70000"],
    says: [/--bind-port must be/, /70000/, /flag --bind-port/],
  },
  "a port that is none, in a variable": {
    program: "agent",
    args: AGENT,
    variables: { FLUXVAULT_BIND_PORT: "eighty" },
    says: [/--bind-port must be/, /eighty/, /FLUXVAULT_BIND_PORT/],
  },
  "no list of who may connect": {
    program: "agent",
    args: [],
    says: [/--whitelisted-addresses is missing/, /hint: /],
  },
  "a network that is none": {
    program: "agent",
    args: ["--whitelisted-addresses", "10.0.0.0/99"],
    says: [/10\.0\.0\.0\/99/, /flag --whitelisted-addresses/],
  },
  "a state folder inside the working folder": {
    program: "agent",
    args: [...AGENT, "--bind-port", "0", "--working-dir", "f", "--state-dir", "f/state"],
    says: [/--state-dir/, /--working-dir/, /hint: /],
  },
  "a relative prefix for absolute paths": {
    program: "agent",
    args: [...AGENT, "--bind-port", "0", "--allow-absolute", "etc"],
    says: [/--allow-absolute/, /absolute/],
  },
  "a path out of the working folder": {
    program: "agent",
    args: [...AGENT, "--files", "../x"],
    says: [/--files/],
  },
  "a vault that is not there": {
    program: "keeper",
    args: [
      "--run-once",
      "--agent-ips",
      "127.0.0.1",
      "--managed-files",
      "a",
      "--vault-dir",
      "nowhere",
    ],
    says: [/--vault-dir/, /nowhere/, /hint: /],
  },
  "a file that the vault does not hold": {
    program: "keeper",
    args: [...KEEPER, "--agent-ips", "127.0.0.1:1", "--managed-files", "b"],
    says: [/--managed-files/, /"b"/],
  },
  "no file to deliver": {
    program: "keeper",
    args: ["--run-once", "--agent-ips", "127.0.0.1:1"],
    says: [/--managed-files is missing/, /hint: /],
  },
  "two files with one target": {
    program: "keeper",
    args: [...KEEPER, "--agent-ips", "127.0.0.1:1", "--managed-files", "a:x,a:x"],
    says: [/--managed-files/, /another target/],
  },
  "a managed file out of the vault": {
    program: "keeper",
    args: [...KEEPER, "--agent-ips", "127.0.0.1:1", "--managed-files", "../a"],
    says: [/--managed-files/, /\.\.\/a/],
  },
  "neither app nor agents": {
    program: "keeper",
    args: KEEPER,
    says: [/--app-name is missing, and so is --agent-ips/],
  },
  "agents and an API to ask for them": {
    program: "keeper",
    args: [...KEEPER, "--agent-ips", "127.0.0.1:1", "--flux-api", "http://127.0.0.1:1"],
    says: [/--flux-api has no use beside --agent-ips/],
  },
  "an agent that is no address": {
    program: "keeper",
    args: [...KEEPER, "--agent-ips", "127.0.0.1:99999"],
    says: [/--agent-ips/, /99999/],
  },
  "a level of trust that is none": {
    program: "keeper",
    args: [...KEEPER, "--agent-ips", "127.0.0.1:1", "--require", "trusted"],
    says: [/--require/, /first-use, approved or enrolled/],
  },
  "a word that is no policy": {
    program: "keeper",
    args: [...KEEPER, "--agent-ips", "127.0.0.1:1", "--trust", "maybe"],
    says: [/approve, first-use, pinned/, /maybe/],
  },
  "a config file that is not there": {
    program: "keeper",
    args: [...KEEPER, "--config", "nowhere.yaml"],
    says: [/nowhere\.yaml/],
  },
};

for (const [name, { program, args, variables = {}, says }] of Object.entries(MISTAKES)) {
  Deno.test(`${program}: answers ${name} with status 2 and what to do`, async () => {
    await using site = await Site.open({ a: "1" });
    const end = await site.run(program, args, { variables });
    assertEquals([end.code, end.stdout], [2, ""], end.stderr);
    for (const pattern of says) assertMatch(end.stderr, pattern);
    assert(/^error: /.test(end.stderr) && !/\bat .*\.ts:\d/.test(end.stderr), end.stderr);
    const json = await site.run(program, [...args, "--json"], { variables });
    assertEquals(json.code, 2);
    assertEquals(jsonLines(json.stderr).at(-1)?.level, "error");
  });
}

Deno.test("agent: says that its port is taken, and ends with status 2", async () => {
  await using site = await Site.open();
  const agent = await site.startAgent();
  const end = await site.run("agent", [
    ...AGENT,
    ...["--bind-port", `${agent.port}`, "--working-dir", "other", "--state-dir", "other-state"],
  ]);
  assertEquals([end.code, end.stdout], [2, ""]);
  assertMatch(end.stderr, new RegExp(`${agent.port}`));
  // A second one on the state of the first is refused too, whatever its port.
  const twin = await site.run("agent", [
    ...AGENT,
    ...["--bind-port", "0", "--working-dir", "other", "--state-dir", agent.state],
  ]);
  assert(twin.code !== 0, "two agents took one identity");
});

Deno.test("agent and keeper: take a flag before a variable, that before the file, that before the default", async () => {
  await using site = await Site.open();
  await Deno.writeTextFile(
    site.path("agent.json"),
    JSON.stringify({ "bind-port": 1111, "working-dir": "from-file", "state-dir": "from-file" }),
  );
  await Deno.writeTextFile(
    site.path("keeper.yaml"),
    "comms-port: 1111\nvault-dir: from-file\nmanaged-files: [a, 'b:c']\n",
  );
  const show = async (program: ProgramName, args: readonly string[], variables = {}) => {
    const end = await site.run(program, [...args, "--show-config", "--json"], { variables });
    assertEquals(end.code, 0, end.stderr);
    return new Map(
      jsonLines(end.stdout).map(({ setting, value, source }) => [
        setting,
        [value, source.kind],
      ]),
    );
  };
  const agent = await show("agent", ["--bind-port", "3333", "--config", "agent.json"], {
    FLUXVAULT_BIND_PORT: "2222",
    FLUXVAULT_WORKING_DIR: "from-variable",
  });
  assertEquals(agent.get("bind-port"), [3333, "flag"]);
  assertEquals(agent.get("working-dir"), ["from-variable", "variable"]);
  assertEquals(agent.get("state-dir"), ["from-file", "file"]);
  assertEquals(agent.get("bind-address"), ["0.0.0.0", "default"]);
  const keeper = await show("keeper", [], {
    FLUXVAULT_CONFIG: "keeper.yaml",
    FLUXVAULT_COMMS_PORT: "2222",
  });
  assertEquals(keeper.get("comms-port"), [2222, "variable"]);
  assertEquals(keeper.get("vault-dir"), ["from-file", "file"]);
  assertEquals(keeper.get("managed-files"), [["a", "b:c"], "file"]);
  assertEquals(keeper.get("polling-interval"), [300, "default"]);
});

Deno.test("agent and keeper: can be told everything by variables, and deliver", async () => {
  await using site = await Site.open({ a: "1" });
  const agent = site.start("agent", [], {
    variables: {
      FLUXVAULT_WHITELISTED_ADDRESSES: "127.0.0.1",
      FLUXVAULT_BIND_ADDRESS: "127.0.0.1",
      FLUXVAULT_BIND_PORT: "0",
      FLUXVAULT_WORKING_DIR: site.path("by-variable"),
      FLUXVAULT_STATE_DIR: site.path("by-variable-state"),
      FLUXVAULT_JSON: "true",
    },
  });
  const { port } = await agent.waitForJson(({ event }) => event === "listening");
  const end = await site.run("keeper", [], {
    variables: {
      FLUXVAULT_RUN_ONCE: "true",
      FLUXVAULT_AGENT_IPS: `127.0.0.1:${port}`,
      FLUXVAULT_VAULT_DIR: site.path("vault"),
      FLUXVAULT_MANAGED_FILES: "a:b",
      FLUXVAULT_STATE_DIR: site.path("keeper-by-variable"),
      FLUXVAULT_MANGED_FILES: "c",
    },
  });
  assertEquals(end.code, 0, end.stderr);
  assertMatch(end.stderr, /FLUXVAULT_MANGED_FILES/);
  assertEquals(Object.keys(await readTree(site.path("by-variable"))), ["b"]);
});

Deno.test("fluxvault: is both programs under one name, and says which it wants", async () => {
  await using site = await Site.open({ a: "1" });
  const script = "dist/fluxvault.ts";
  const port = freePort();
  const agent = site.start("agent", ["agent", ...AGENT, "--bind-port", `${port}`, "--json"], {
    script,
  });
  await agent.waitForJson(({ event }) => event === "listening");
  const args = ["keeper", ...KEEPER, "--agent-ips", `127.0.0.1:${port}`];
  const keeper = await site.run("keeper", args, { script });
  assertEquals(keeper.code, 0, keeper.stderr);
  assertEquals(Object.keys(await readTree(site.path("files"))), ["a"]);
  assertEquals((await agent.stop()).code, 0);
  for (const words of [[], ["server"]]) {
    const lost = await site.run("keeper", words, { script });
    assertEquals([lost.code, lost.stdout], [2, ""]);
    assertMatch(lost.stderr, /fluxvault agent, or fluxvault keeper/);
  }
});

Deno.test("agent and keeper: print help, version and completions and stop", async () => {
  await using site = await Site.open();
  for (const program of ["agent", "keeper"] as const) {
    const help = await site.run(program, ["--help"]);
    assertEquals([help.code, help.stderr], [0, ""]);
    assertMatch(help.stdout, /--state-dir FOLDER/);
    const version = await site.run(program, ["--version"]);
    assertEquals([version.code, version.stderr], [0, ""]);
    assertMatch(version.stdout, new RegExp(`^fluxvault-${program} \\d+\\.\\d+\\.\\d+\\n$`));
    for (const shell of ["bash", "zsh", "fish"]) {
      const completions = await site.run(program, ["--completions", shell]);
      assertEquals(completions.code, 0);
      assertMatch(completions.stdout, /state-dir/);
    }
  }
  // The script is one that its shell understands.
  const { stdout } = await site.run("keeper", ["--completions", "bash"]);
  await Deno.writeTextFile(site.path("keeper.bash"), stdout);
  const typed = `source ./keeper.bash; COMP_WORDS=(fluxvault-keeper --vau); COMP_CWORD=1;
    _fluxvault_keeper; echo "\${COMPREPLY[@]}"`;
  const bash = new Deno.Command("bash", { args: ["-c", typed], cwd: site.folder });
  assertEquals(new TextDecoder().decode((await bash.output()).stdout), "--vault-dir\n");
});

Deno.test("agent: prints the fingerprint by which keepers know it", async () => {
  await using site = await Site.open();
  const agent = await site.startAgent();
  await agent.program.stop();
  const shown = await site.run("agent", ["identity", "--state-dir", agent.state]);
  assertEquals([shown.code, shown.stdout.includes(agent.fingerprint)], [0, true]);
});
