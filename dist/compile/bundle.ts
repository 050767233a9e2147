/**
 * From the sources of a program to a folder of JavaScript files: one that starts it, and beside it what is
 * loaded only where it is needed.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { PROJECT_ROOT, readProjectConfig, withDerivedConfig } from "../tasks/derived_config.ts";
import { basename, dirname, join, resolve } from "../../protocol/host/mod.ts";
import { BuildError } from "./build_error.ts";
import { importDirectly, type Sources } from "./direct_imports.ts";
import { planJoins } from "./joined_chunks.ts";
import { lacksRequire, provideRequire } from "./node_require.ts";
import { partsOf } from "./programs.ts";

/** The file of a bundle that starts the program; a module that is bundled is a `main.ts`. */
export const BUNDLE_MAIN = "main.js";

/** The folders of the project that programs are made of. */
const SOURCE_FOLDERS = ["protocol", "flux", "agent", "keeper"];

/**
 * Bundles a module with only what it uses, minified, into a folder.
 *
 * What an earlier bundle left in the folder goes first; what is no script stays.
 *
 * @param source The module, by its path in the project.
 * @throws {BuildError} where Deno cannot.
 */
export async function bundleModule(source: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const path of await listBundle(folder)) await Deno.remove(path);
  const scratch = await Deno.realPath(await Deno.makeTempDir({ prefix: "fluxvault-bundle-" }));
  try {
    for (const [path, text] of importDirectly(await readSources())) {
      await Deno.mkdir(join(scratch, dirname(path)), { recursive: true });
      await Deno.writeTextFile(join(scratch, path), text);
    }
    // Of `deno.json` a program wants the version alone.
    const { version } = await readProjectConfig();
    const excerpt = join(scratch, "version.json");
    await Deno.writeTextFile(excerpt, JSON.stringify({ version }));
    const urlOf = (path: string) => pathToFileURL(path).href;
    const replaced = { [urlOf(join(scratch, "deno.json"))]: urlOf(excerpt) };
    const work = { source, folder: resolve(folder), scratch };
    await withDerivedConfig({}, (config) => runBundler(config, work), replaced);
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/** Reads all that a program may be made of. */
async function readSources(): Promise<Sources> {
  const sources = new Map<string, string>();
  async function read(folder: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, PROJECT_ROOT))) {
      const path = `${folder}/${name}`;
      if (isDirectory) await read(path);
      else if (/\.(?:ts|json)$/.test(name)) {
        sources.set(path, await Deno.readTextFile(new URL(path, PROJECT_ROOT)));
      }
    }
  }
  for (const folder of SOURCE_FOLDERS) await read(folder);
  return sources;
}

/** Returns the paths of the files of a bundle, in order. */
export async function listBundle(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const scripts = entries.filter(({ name, isFile }) => isFile && name.endsWith(".js"));
  return scripts.map(({ name }) => join(folder, name)).sort();
}

async function runBundler(
  config: string,
  { source, folder, scratch }: {
    readonly source: string;
    readonly folder: string;
    /** Where the sources are. */
    readonly scratch: string;
  },
): Promise<void> {
  await callBundler(source, {
    folder: scratch,
    args: ["--code-splitting", "--config", config, "--outdir", folder, source],
  });
  for (const path of await listBundle(folder)) {
    await Deno.writeTextFile(path, provideRequire(await Deno.readTextFile(path)));
  }
  await joinParts(source, { folder, scratch });
  for (const path of await listBundle(folder)) {
    if (!lacksRequire(await Deno.readTextFile(path))) continue;
    throw new BuildError(
      `the bundle of ${source} cannot load modules of Node`,
      "dist/compile/node_require.ts has to know what esbuild writes now",
    );
  }
}

async function callBundler(
  source: string,
  { folder, args }: { readonly folder: string; readonly args: readonly string[] },
): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", ...args],
    cwd: folder,
    stdin: "null",
  }).spawn().status;
  if (success) return;
  throw new BuildError(
    `${source} could not be bundled`,
    "deno bundle fetches esbuild from the package registry once",
  );
}

/** Puts into one file each what is loaded together. */
async function joinParts(
  source: string,
  { folder, scratch }: { readonly folder: string; readonly scratch: string },
): Promise<void> {
  const scripts = new Map<string, string>();
  for (const path of await listBundle(folder)) {
    scripts.set(basename(path), await Deno.readTextFile(path));
    await Deno.remove(path);
  }
  const { sources, roots, external, others } = planJoins(scripts, partsOf(source));
  const work = join(scratch, "joined");
  await Deno.mkdir(work);
  await Deno.writeTextFile(join(work, "deno.json"), "{}");
  for (const [name, text] of sources) await Deno.writeTextFile(join(work, name), text);
  await callBundler(source, {
    folder: work,
    args: [
      ...external.flatMap((name) => ["--external", `./${name}`]),
      ...["--outdir", folder, ...roots.keys()],
    ],
  });
  for (const [name, root] of roots) await Deno.rename(join(folder, name), join(folder, root));
  for (const [name, text] of others) await Deno.writeTextFile(join(folder, name), text);
}
