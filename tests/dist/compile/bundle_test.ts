/**
 * The bundles as their users meet them: under plain Deno, with the flags of their executables.
 *
 * @module
 */
import { basename } from "node:path";
import { BuildError } from "../../../dist/compile/build_error.ts";
import { BUNDLE_MAIN, bundleModule, listBundle } from "../../../dist/compile/bundle.ts";
import { PROGRAMS } from "../../../dist/compile/programs.ts";
import { readProjectConfig } from "../../../dist/tasks/derived_config.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { PluginSite } from "../../support/plugin_site.ts";
import { RunningProgram } from "../../support/running_program.ts";
import { readTree } from "../../support/site.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** Bundles the sources; the scripts are addressed as `RunningProgram` takes them. */
async function bundled(folder: TemporaryFolder, ...programs: ("agent" | "keeper")[]) {
  const scripts: Record<string, string> = {};
  for (const program of programs) {
    const path = `${folder.path}/${program}`;
    await bundleModule(`${program}/main.ts`, path);
    scripts[program] = new URL(`file://${path}/${BUNDLE_MAIN}`).href;
  }
  return scripts;
}

Deno.test("bundleModule leaves the modules of Node out of an agent's start, and all of the keeper", async () => {
  await using folder = await temporaryFolder();
  await bundled(folder, "agent");
  const paths = await listBundle(`${folder.path}/agent`);
  const text = (await Promise.all(paths.map((path) => Deno.readTextFile(path)))).join("\n");
  assertEquals(text.match(/\bfrom ?"(?:node|npm):[^"]*"/g), null);
  assert(text.includes("whitelisted-addresses"));
  for (const ofKeeper of ["agent-ips", "managed-files", "argon2", "YAMLParseError", "PKCS#10 "]) {
    assert(!text.includes(ofKeeper), ofKeeper);
  }
});

/** What an agent with default settings loads beside `main.js`, whatever follows. */
const LOADED_AT_START = ["serve_command", "log_setup"];

/** What "the agent's bundle under 200 KB" is about. */
const MAX_START_BYTES = 200_000;

/** What `main.js` and those are in files: one more is the socket for the question of health. */
const MAX_START_FILES = 4;

/** Copies `main.js`, the parts that are named, and what these import at once; returns how much it is. */
async function copyParts(
  bundle: string,
  { parts, to }: { readonly parts: readonly string[]; readonly to: string },
): Promise<{ readonly bytes: number; readonly files: number }> {
  const names = (await listBundle(bundle)).map((path) => basename(path));
  const found = parts.map((part) => names.find((name) => name.startsWith(`${part}-`)) ?? part);
  const wanted = new Set([BUNDLE_MAIN, ...found]);
  await Deno.mkdir(to);
  let bytes = 0;
  for (const name of wanted) {
    const text = await Deno.readTextFile(`${bundle}/${name}`);
    await Deno.writeTextFile(`${to}/${name}`, text);
    bytes += encodeUtf8(text).length;
    for (const [, import_ = ""] of text.matchAll(/\b(?:from|import)"\.\/([^"]+)"/g)) {
      wanted.add(import_);
    }
  }
  return { bytes, files: wanted.size };
}

Deno.test("an agent with default settings starts from four files, less than 200 KB of its bundle", async () => {
  await using folder = await temporaryFolder();
  await bundled(folder, "agent");
  const start = `${folder.path}/start`;
  const size = await copyParts(`${folder.path}/agent`, { parts: LOADED_AT_START, to: start });
  assert(size.bytes < MAX_START_BYTES, `it is ${size.bytes} bytes`);
  assert(size.files <= MAX_START_FILES, `it is ${size.files} files`);
  await using agent = new RunningProgram("agent", {
    args: [
      ...["--whitelisted-addresses", "127.0.0.1", "--bind-address", "127.0.0.1"],
      ...["--bind-port", "0", "--json"],
    ],
    cwd: folder.path,
    script: new URL(`file://${start}/${BUNDLE_MAIN}`).href,
  });
  // Nothing else is there that it could load, and of services nothing that runs them.
  for (const name of await listBundle(start)) {
    const text = await Deno.readTextFile(name);
    assert(!text.includes("service-logs") && !text.includes("FLUXVAULT_SERVICE"), name);
  }
  await agent.waitForJson(({ event }) => event === "listening");
});

Deno.test("bundleModule loads no package of CommonJS by itself, which would lose its names", async () => {
  await using folder = await temporaryFolder();
  for (const program of Object.keys(await bundled(folder, "agent", "keeper"))) {
    for (const path of await listBundle(`${folder.path}/${program}`)) {
      assert(!/\bexport default [\w$]+\(\);\s*$/.test(await Deno.readTextFile(path)), path);
    }
  }
});

Deno.test("bundleModule has no program load a module of Node before it knows what to do", async () => {
  await using folder = await temporaryFolder();
  for (const program of Object.keys(await bundled(folder, "agent", "keeper"))) {
    const text = await Deno.readTextFile(`${folder.path}/${program}/${BUNDLE_MAIN}`);
    assertEquals(text.match(/\b(?:from|import) ?"node:[^"]*"/g), null);
  }
});

Deno.test("bundleModule says what could not be bundled", async () => {
  await using folder = await temporaryFolder();
  const bundling = () => bundleModule("agent/none.ts", `${folder.path}/out.js`);
  const error = await assertRejects(bundling, BuildError);
  assert(error.message.includes("agent/none.ts"));
});

Deno.test("the agent's bundle answers --help and --version without any permission, and any other part", async () => {
  await using folder = await temporaryFolder();
  await bundled(folder, "agent");
  const { version } = await readProjectConfig();
  for (
    const [flag, parts, expected] of [
      ["--version", [], new RegExp(`^fluxvault-agent ${RegExp.escape(version)}\n$`)],
      ["--help", ["help"], /--bind-port/],
    ] as const
  ) {
    const to = `${folder.path}/${flag}`;
    await copyParts(`${folder.path}/agent`, { parts, to });
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `${to}/${BUNDLE_MAIN}`, flag],
      cwd: folder.path,
    }).output();
    assertEquals(code, 0);
    assertMatch(new TextDecoder().decode(stdout), expected);
  }
});

Deno.test("the bundles deliver with the flags of their executables", async () => {
  await using folder = await temporaryFolder();
  const { agent = "", keeper = "" } = await bundled(folder, "agent", "keeper");
  const vault = `${folder.path}/vault`;
  await Deno.mkdir(vault, { mode: 0o700 });
  await Deno.writeTextFile(`${vault}/db.password`, "correct horse", { mode: 0o600 });
  await using receiver = new RunningProgram("agent", {
    args: [
      ...["--whitelisted-addresses", "127.0.0.1", "--bind-address", "127.0.0.1"],
      ...["--bind-port", "0", "--json"],
    ],
    cwd: folder.path,
    script: agent,
  });
  const { port, programs } = await receiver.waitForJson(({ event }) => event === "listening");
  assertEquals(programs, null);
  const config = `${folder.path}/keeper.yaml`;
  await Deno.writeTextFile(config, "vault-dir: ./vault\nmanaged-files: [db.password]\n");
  await using delivery = new RunningProgram("keeper", {
    args: [
      ...["--run-once", "--agent-ips", `127.0.0.1:${port}`, "--config", config],
      ...["--state-dir", `${folder.path}/keeper`],
    ],
    cwd: folder.path,
    script: keeper,
  });
  const { code, stderr } = await delivery.end;
  assertEquals(code, 0, stderr);
  assertEquals(await readTree(`${folder.path}/files`), await readTree(vault));
});

Deno.test("the bundles put a plugin into an agent, and have it again after a restart", async () => {
  await using folder = await temporaryFolder();
  const { agent: script = "", keeper = "" } = await bundled(folder, "agent", "keeper");
  await using place = await PluginSite.open();
  const run = (...words: readonly string[]) =>
    place.site.run("keeper", [...words, ...place.fleetArgs()], {
      ...{ script: keeper, input: place.wif },
    });
  const agent = await place.startAgent("web", { process: { script } });
  await run("--run-once", "--vault-dir", place.site.path("vault"), "--managed-files=a");
  const pushed = await run("plugin", "push", await place.write("greeter.fvplugin"));
  assertEquals(pushed.code, 0, pushed.stdout + pushed.stderr);
  await agent.program.stop();
  await place.startAgent("web", { port: agent.port, process: { script } });
  const { stdout } = await run("call", "shop/web", "greeter-greet");
  assert(stdout.includes("Hello, null"), stdout);
});

Deno.test("the keeper's bundle makes certificates with the flags of its executable", async () => {
  await using folder = await temporaryFolder();
  const { keeper = "" } = await bundled(folder, "keeper");
  const secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  await Deno.writeTextFile(`${folder.path}/fluxvault-authority`, secret, { mode: 0o600 });
  await using made = new RunningProgram("keeper", {
    args: ["ca", "init", "--state-dir", `${folder.path}/state`],
    cwd: folder.path,
    script: keeper,
    variables: { CREDENTIALS_DIRECTORY: folder.path },
  });
  const { code, stdout, stderr } = await made.end;
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^fingerprint +(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/m);
});

Deno.test("the agent's bundle refuses to run anything, unless it is the one that may", async () => {
  await using folder = await temporaryFolder();
  const { agent = "" } = await bundled(folder, "agent");
  const options = ["--whitelisted-addresses", "127.0.0.1", "--bind-port", "0", "--allow-run", "sh"];
  for (const behind of [[], ["--", "sh", "-c", "echo started"]]) {
    const refused = new RunningProgram("agent", {
      args: [...behind.length === 0 ? options : options.slice(0, 4), ...behind],
      cwd: folder.path,
      script: agent,
    });
    const { code, stdout, stderr } = await refused.end;
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /fluxvault-agent-run/);
  }
  await using mighty = new RunningProgram("agent", {
    args: [...options, "--bind-address", "127.0.0.1"],
    cwd: folder.path,
    script: agent,
    mayRun: true,
  });
  await mighty.waitFor(() =>
    /^may run +for hooks and services: sh$/m.test(mighty.stdout) || undefined
  );
});

Deno.test("the programs have an executable each, and both agents the same bundle", () => {
  assertEquals(PROGRAMS.map(({ name, source }) => `${name} ${source}`), [
    "fluxvault-agent agent/main.ts",
    "fluxvault-agent-run agent/main.ts",
    "fluxvault-keeper keeper/main.ts",
  ]);
});
