import { build, CHECKSUMS_NAME } from "../../../dist/compile/build.ts";
import { BuildError } from "../../../dist/compile/build_error.ts";
import { listBundle } from "../../../dist/compile/bundle.ts";
import type { BuildOptions } from "../../../dist/compile/options.ts";
import { PROGRAMS } from "../../../dist/compile/programs.ts";
import { sumOfFile } from "../../../dist/compile/runtime_sums.ts";
import { type Target, TARGETS } from "../../../dist/compile/targets.ts";
import { readProjectConfig } from "../../../dist/tasks/derived_config.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { makeStandInRuntime } from "../../support/stand_in_runtime.ts";
import { readTree } from "../../support/site.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const HERE: Target = "x86_64-unknown-linux-gnu";
const RUNS_HERE = Deno.build.target === HERE;
const { version: VERSION } = await readProjectConfig();
const AGENTS = PROGRAMS.filter(({ program }) => program === "fluxvault-agent");
const LINE = `fluxvault-agent ${VERSION}`;

/** A folder for what is built, with runtimes beside it. */
async function workshop(line = LINE) {
  const folder = await temporaryFolder();
  const bases = `${folder.path}/bases`;
  await Deno.mkdir(bases);
  for (const target of TARGETS) {
    const ending = target.includes("windows") ? ".exe" : "";
    const path = `${bases}/denort-${target}${ending}`;
    await Deno.writeFile(path, makeStandInRuntime(target, line), { mode: 0o755 });
  }
  const sumsFile = `${folder.path}/sums.json`;
  await Deno.writeTextFile(sumsFile, "{}");
  const said: string[] = [];
  const output = `${folder.path}/out`;
  return {
    bases,
    output,
    sumsFile,
    said,
    async run(options: Partial<BuildOptions>, env: Readonly<Record<string, string>> = {}) {
      await build({
        ...{ programs: AGENTS, targets: [HERE], baseFolder: bases, recordSums: false, output },
        ...options,
      }, {
        env: { ...Deno.env.toObject(), ...env },
        sumsFile,
        say: (text) => said.push(text),
      });
    },
    async names(): Promise<string[]> {
      return (await Array.fromAsync(Deno.readDir(output), ({ name }) => name)).sort();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Checks the sums; returns what has some, bundles by the names of their folders. */
async function checkSums(output: string): Promise<string[]> {
  const lines = (await Deno.readTextFile(`${output}/${CHECKSUMS_NAME}`)).trimEnd().split("\n");
  const names = new Set<string>();
  const files = new Set<string>();
  for (const line of lines) {
    const [sum, name = ""] = line.split("  ");
    assertEquals(await sumOfFile(`${output}/${name}`), sum);
    files.add(name);
    names.add(name.split("/")[0] ?? "");
  }
  const there = Object.keys(await readTree(output)).filter((name) => name !== CHECKSUMS_NAME);
  assertEquals([...files].sort(), there.filter((name) => !name.startsWith("deno/")).sort());
  return [...names];
}

Deno.test("build makes both agents of one bundle, with their sums and sizes", async () => {
  await using shop = await workshop();
  await shop.run({});
  const names = [
    "fluxvault-agent",
    `fluxvault-agent-${VERSION}-${HERE}`,
    `fluxvault-agent-run-${VERSION}-${HERE}`,
  ];
  assertEquals(await shop.names(), [...names, CHECKSUMS_NAME].sort());
  assertEquals(await checkSums(shop.output), names);
  for (const name of names) {
    assert(shop.said.some((line) => / \d+\.\d\d MB /.test(line) && line.endsWith(name)), name);
  }
});

Deno.test("build puts every part of a bundle into its executable, whenever it is loaded", async () => {
  await using shop = await workshop();
  await shop.run({ programs: AGENTS.slice(0, 1) });
  const executable = `${shop.output}/fluxvault-agent-${VERSION}-${HERE}`;
  const text = new TextDecoder("latin1").decode(await Deno.readFile(executable));
  const parts = await listBundle(`${shop.output}/fluxvault-agent`);
  assert(parts.length > 1);
  for (const path of parts) {
    assert(text.includes(new TextDecoder("latin1").decode(await Deno.readFile(path))), path);
  }
});

Deno.test("build makes an executable of every target", async () => {
  await using shop = await workshop();
  await shop.run({ programs: AGENTS.slice(0, 1), targets: TARGETS });
  const executables = TARGETS.map((target) => {
    return `fluxvault-agent-${VERSION}-${target}${target.includes("windows") ? ".exe" : ""}`;
  });
  assertEquals(await checkSums(shop.output), ["fluxvault-agent", ...executables]);
});

Deno.test("build stops at the bundles where no target is wanted", async () => {
  await using shop = await workshop();
  await shop.run({ programs: PROGRAMS, targets: [] });
  assertEquals(await checkSums(shop.output), ["fluxvault-agent", "fluxvault-keeper"]);
});

Deno.test("build says that a runtime was not checked, records its sum, and checks it then", async () => {
  await using shop = await workshop();
  await shop.run({});
  assert(shop.said[0]?.includes("not checked, no sum of it is recorded"), shop.said[0]);
  await shop.run({ recordSums: true });
  shop.said.length = 0;
  await shop.run({});
  assert(shop.said[0]?.endsWith(", checked"), shop.said[0]);
  const path = `${shop.bases}/denort-${HERE}`;
  await Deno.writeFile(path, Uint8Array.of(0), { append: true });
  const error = await assertRejects(() => shop.run({}), BuildError);
  assert(error.message.includes("not the runtime whose SHA-256 sum is recorded"), error.message);
});

Deno.test("build leaves the bundles where there is no runtime", async () => {
  await using shop = await workshop();
  // Nothing answers there, so that this holds with a network too. The bundler is there already.
  const env = {
    DENORT_BIN: "",
    DENO_DIR: `${shop.output}/deno`,
    HTTPS_PROXY: "http://127.0.0.1:1",
  };
  await assertRejects(() => shop.run({ baseFolder: undefined }, env), BuildError);
  assertEquals(await checkSums(shop.output), ["fluxvault-agent"]);
});

Deno.test("build keeps nothing that a whole Deno was made of", { ignore: !RUNS_HERE }, async () => {
  await using shop = await workshop();
  const env = { DENORT_BIN: Deno.execPath() };
  const error = await assertRejects(() => shop.run({ baseFolder: undefined }, env), BuildError);
  assert(error.message.includes("a whole Deno"), error.message);
  assertEquals(await shop.names(), [CHECKSUMS_NAME, "fluxvault-agent"]);
});

Deno.test("build keeps nothing that says another version", { ignore: !RUNS_HERE }, async () => {
  await using shop = await workshop("fluxvault-agent 0.0.0");
  const error = await assertRejects(() => shop.run({}), BuildError);
  assert(error.message.includes('it says "fluxvault-agent 0.0.0"'), error.message);
  assertEquals(await shop.names(), [CHECKSUMS_NAME, "fluxvault-agent"]);
});
