import { BuildError } from "../../../dist/compile/build_error.ts";
import { checkExecutable, compileExecutable } from "../../../dist/compile/executable.ts";
import { PROGRAMS } from "../../../dist/compile/programs.ts";
import type { RuntimeBase } from "../../../dist/compile/runtime_base.ts";
import { type Target, TARGETS } from "../../../dist/compile/targets.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { makeStandInRuntime } from "../../support/stand_in_runtime.ts";
import { makeStoredZip } from "../../support/stored_zip.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const HERE: Target = "x86_64-unknown-linux-gnu";
const RUNS_HERE = Deno.build.target === HERE;
const BUNDLE = {
  "main.js": 'if (Deno.args.length > 9) await import("./chunk-2.js");\n',
  "chunk-2.js": 'import "./chunk-1.js";\nconsole.log("only where it is needed");\n',
  "chunk-1.js": 'console.log("imported by that");\n',
};
const [AGENT, AGENT_RUN, KEEPER] = PROGRAMS;

/** A folder with a bundle and a runtime of each target. */
async function workshop() {
  const folder = await temporaryFolder();
  const bundle = `${folder.path}/program`;
  await Deno.mkdir(bundle);
  for (const [name, text] of Object.entries(BUNDLE)) {
    await Deno.writeTextFile(`${bundle}/${name}`, text);
  }
  return {
    folder: folder.path,
    bundle,
    async base(target: Target): Promise<RuntimeBase> {
      const path = `${folder.path}/denort-${target}`;
      await Deno.writeFile(path, makeStandInRuntime(target, "program 1.2.3"), { mode: 0o755 });
      return { kind: "program", path, name: "", origin: "" };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

interface Metadata {
  readonly permissions: Readonly<Record<string, readonly string[] | boolean | null>>;
  readonly v8_flags: readonly string[];
}

/** Reads what Deno wrote of a program into its executable. */
async function readMetadata(path: string): Promise<Metadata> {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
  return JSON.parse(/\{"argv":\[\].*?"app_name":"[^"]*"\}/.exec(text)?.[0] ?? "");
}

for (const target of TARGETS) {
  Deno.test(`compileExecutable puts all of the bundle behind a runtime of ${target}`, async () => {
    await using shop = await workshop();
    const output = `${shop.folder}/out`;
    const flags = AGENT?.flags ?? [];
    await compileExecutable({
      ...{ bundle: shop.bundle, output, flags, target },
      base: await shop.base(target),
    });
    const path = target.includes("windows") ? `${output}.exe` : output;
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    for (const script of Object.values(BUNDLE)) assert(text.includes(script), script);
    assert(text.includes('"allow_run":null'));
    await checkExecutable(path, { target, expected: null });
  });
}

const ALL: readonly string[] = [];
const NAMED = {
  allow_net: ALL,
  allow_read: ALL,
  allow_write: ALL,
  allow_env: ALL,
  allow_sys: ["hostname", "uid", "gid", "statfs"],
  allow_import: ["localhost:1"],
};

for (
  const [program, allowed] of [
    [AGENT, NAMED],
    [KEEPER, { ...NAMED, allow_run: ["secret-tool", "security", "powershell"] }],
    [AGENT_RUN, {
      ...{ allow_net: ALL, allow_read: ALL, allow_write: ALL, allow_env: ALL, allow_sys: ALL },
      ...{ allow_import: ALL, allow_run: ALL, allow_ffi: ALL },
    }],
  ] as const
) {
  Deno.test(`compileExecutable bakes exactly its permissions into ${program?.name}`, async () => {
    await using shop = await workshop();
    const output = `${shop.folder}/out`;
    const base = await shop.base(HERE);
    const flags = program?.flags ?? [];
    await compileExecutable({ bundle: shop.bundle, output, flags, target: HERE, base });
    const { permissions, v8_flags } = await readMetadata(output);
    const given = Object.entries(permissions).filter(([, value]) => value !== null);
    assertEquals(Object.fromEntries(given), { ...allowed, prompt: false });
    const named = flags.find((flag) => flag.startsWith("--v8-flags="))?.slice(11).split(",") ?? [];
    for (const flag of named) assert(v8_flags.includes(flag), flag);
  });
}

Deno.test("compileExecutable makes the same bytes of the same bundle", async () => {
  await using shop = await workshop();
  const base = await shop.base(HERE);
  const flags = AGENT?.flags ?? [];
  const outputs: Uint8Array[] = [];
  for (const name of ["one", "two"]) {
    await Deno.mkdir(`${shop.folder}/${name}`);
    const output = `${shop.folder}/${name}/program`;
    for (const script of Object.keys(BUNDLE)) {
      await Deno.utime(`${shop.bundle}/${script}`, new Date(), outputs.length * 1_000);
    }
    await compileExecutable({ bundle: shop.bundle, output, flags, target: HERE, base });
    outputs.push(await Deno.readFile(output));
  }
  assertEquals(outputs[0], outputs[1]);
});

Deno.test("compileExecutable takes a runtime out of an archive", async () => {
  await using shop = await workshop();
  const output = `${shop.folder}/out`;
  const path = `${shop.folder}/denort.zip`;
  await Deno.writeFile(path, makeStoredZip("denort", makeStandInRuntime(HERE, "program 1.2.3")));
  const base: RuntimeBase = { kind: "archive", path, name: "", origin: "" };
  await compileExecutable({ bundle: shop.bundle, output, flags: [], target: HERE, base });
  const expected = RUNS_HERE ? "program 1.2.3" : null;
  await checkExecutable(output, { target: HERE, expected });
});

Deno.test("compileExecutable says how to provide a runtime where Deno can fetch none", async () => {
  await using shop = await workshop();
  const base: RuntimeBase = { kind: "download", path: "", name: "", origin: "" };
  // Nothing answers there, so that this holds with a network too.
  const env = { DENO_DIR: `${shop.folder}/deno`, HTTPS_PROXY: "http://127.0.0.1:1" };
  const options = { bundle: shop.bundle, output: `${shop.folder}/out`, flags: [], target: HERE };
  const compiling = () => compileExecutable({ ...options, base, env });
  const error = await assertRejects(compiling, BuildError);
  assert(error.message.startsWith(`there is no runtime for ${HERE}: `), error.message);
  assert(error.hint.includes("--base-folder") && error.hint.includes("DENORT_BIN"), error.hint);
});

Deno.test("compileExecutable says what Deno says of a file that is no runtime", async () => {
  await using shop = await workshop();
  const path = `${shop.folder}/bad`;
  await Deno.writeTextFile(path, "#!/bin/sh\n");
  const base: RuntimeBase = { kind: "program", path, name: "", origin: "" };
  const options = { bundle: shop.bundle, output: `${shop.folder}/out`, flags: [], target: HERE };
  const error = await assertRejects(() => compileExecutable({ ...options, base }), BuildError);
  assert(error.message.includes("Not an ELF file"), error.message);
});

Deno.test("checkExecutable finds out that the runtime was a whole Deno", {
  ignore: !RUNS_HERE,
}, async () => {
  await using shop = await workshop();
  const output = `${shop.folder}/out`;
  const base: RuntimeBase = { kind: "program", path: Deno.execPath(), name: "", origin: "" };
  await compileExecutable({ bundle: shop.bundle, output, flags: [], target: HERE, base });
  for (const expected of ["program 1.2.3", null]) {
    const checking = () => checkExecutable(output, { target: HERE, expected });
    const error = await assertRejects(checking, BuildError);
    assert(error.message.includes("it is a whole Deno"), error.message);
  }
});

Deno.test("checkExecutable compares the version, and knows another machine's", {
  ignore: !RUNS_HERE,
}, async () => {
  await using shop = await workshop();
  const { path } = await shop.base(HERE);
  await checkExecutable(path, { target: HERE, expected: "program 1.2.3" });
  const other = () => checkExecutable(path, { target: HERE, expected: "program 1.2.4" });
  const error = await assertRejects(other, BuildError);
  assert(error.message.includes('it says "program 1.2.3"'), error.message);
  const away = () => checkExecutable(path, { target: "aarch64-apple-darwin", expected: null });
  assert((await assertRejects(away, BuildError)).message.includes("not on aarch64-apple-darwin"));
});
