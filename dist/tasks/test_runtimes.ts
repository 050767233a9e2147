/**
 * Tries the library in other runtimes: Node.js 20, 22 and 24, Bun, workerd and Chromium, and its npm
 * package in those that take one.
 *
 * The runtimes are packages of npm in exact versions, some 300 MB to be fetched once, which Deno keeps
 * with the others; Chromium is the system's, Debian's package `chromium`. Under `CI=true`, or with
 * `--install`, what is missing is fetched; elsewhere this says so and exits with status 77. Other
 * arguments go to `deno test`, for example `--filter`.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import {
  CHROMIUM_VARIABLE,
  EXECUTABLES,
  listPackages,
  RUNTIME_VERSIONS,
  RUNTIMES_VARIABLE,
} from "../../tests/runtimes/versions.ts";
import { installPackages, run, SKIP_STATUS } from "./suite_needs.ts";

const SUITE = ["vectors.ts", "sessions.ts", "package.ts"];
const INSTALL = "--install";
const mayInstall = Deno.env.get("CI") === "true" || Deno.args.includes(INSTALL);

/** The names that the browser goes by. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];

function skip(reason: string): never {
  console.log(`skipped: ${reason}; deno task test:runtimes ${INSTALL} fetches what it needs`);
  Deno.exit(SKIP_STATUS);
}

/** What a program says to `--version`; `null` where there is none. */
async function versionOf(program: string): Promise<string | null> {
  try {
    const command = new Deno.Command(program, { args: ["--version"], stderr: "null" });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function findBrowser(): Promise<string | null> {
  for (const browser of BROWSERS) {
    if (await versionOf(browser) !== null) return browser;
  }
  return null;
}

/** Installs the packages into a folder; `false` where they cannot be had. */
async function installRuntimes(folder: string): Promise<boolean> {
  const manifest = JSON.stringify({ dependencies: listPackages() });
  await Deno.writeTextFile(join(folder, "package.json"), manifest);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", ...(mayInstall ? [] : ["--cached-only"])],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: mayInstall ? "inherit" : "null",
  });
  return (await command.spawn().status).success;
}

/** Prints what was found; fails where a runtime is not the one that was asked for. */
async function checkVersions(modules: string, browser: string): Promise<void> {
  for (const [name, path] of Object.entries(EXECUTABLES)) {
    const version = await versionOf(join(modules, path));
    console.log(`${name.padEnd(10)} ${version}`);
    // workerd tells the date in its version and not the number.
    const wanted = RUNTIME_VERSIONS[name as keyof typeof EXECUTABLES]
      .replace(/^1\.(\d{4})(\d\d)(\d\d)\.\d+$/, "$1-$2-$3");
    if (version?.replace(/^(?:v|workerd )/, "") === wanted) continue;
    throw new Error(`${name} says that it is ${version} and should be ${wanted}`);
  }
  console.log(`${"chromium".padEnd(10)} ${await versionOf(browser)}`);
}

if (Deno.build.os !== "linux") skip("the runtimes are packaged for Linux");
let browser = await findBrowser();
if (browser === null && mayInstall) {
  await installPackages("chromium");
  browser = await findBrowser();
}
if (browser === null) skip("chromium is missing");
const folder = await Deno.makeTempDir({ prefix: "fluxvault-runtimes-" });
let status: number | null = null;
try {
  if (await installRuntimes(folder)) {
    const modules = join(folder, "node_modules");
    await checkVersions(modules, browser);
    status = await run(Deno.execPath(), [
      ...["test", "-A", "--parallel", "--sanitize-ops", "--sanitize-resources"],
      ...Deno.args.filter((arg) => arg !== INSTALL),
      ...SUITE.map((file) => `tests/runtimes/${file}`),
    ], { env: { [RUNTIMES_VARIABLE]: modules, [CHROMIUM_VARIABLE]: browser } });
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
if (status === null) skip("the runtimes cannot be had");
Deno.exit(status);
