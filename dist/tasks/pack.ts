/**
 * Packs the library for npm: `dist/bin/fluxvault-VERSION.tgz`, or into the folder that is given.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECT_ROOT, readProjectConfig } from "./derived_config.ts";

/** What `deno pack` says of each module that no public type leads to; there is nothing to do about it. */
const EXPECTED = /^Could not generate types for /;

const folder = Deno.args[0] ?? fileURLToPath(new URL("dist/bin/", PROJECT_ROOT));
const { version } = await readProjectConfig();
await Deno.mkdir(folder, { recursive: true });
const path = join(folder, `fluxvault-${version}.tgz`);
const { code, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["pack", "--allow-dirty", "--no-source-maps", "--output", path],
  cwd: PROJECT_ROOT,
  stdin: "null",
  stdout: "null",
}).output();
const said = new TextDecoder().decode(stderr).split("\n").filter((line) => !EXPECTED.test(line));
if (code !== 0) console.error(said.join("\n"));
else console.log(`${((await Deno.stat(path)).size / 1e6).toFixed(2)} MB  ${path}`);
Deno.exit(code);
