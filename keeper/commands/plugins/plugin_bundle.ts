/**
 * The script of a plugin: bundled from its source, and looked at without being run.
 *
 * @module
 */
import { ConfigError, StorageError } from "../../../protocol/mod.ts";
import { basename, type Environment } from "../../../protocol/host/mod.ts";
import type { CommandResult, CommandRunner } from "../../keys/stores/command_runner.ts";

const BUNDLE_LIMIT_MS = 120_000;
/** For a browser: what only Deno has is not there in the walls of a plugin either. */
const BUNDLE = ["bundle", "--quiet", "--platform", "browser", "--format", "iife", "--minify"];
/** What says to Deno where its cache is, and how to reach a registry. */
const BUNDLE_VARIABLES: readonly string[] = [
  ...["DENO_DIR", "DENO_CERT", "DENO_TLS_CA_STORE", "NPM_CONFIG_REGISTRY", "JSR_URL"],
  ...["XDG_CACHE_HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"],
  ...["http_proxy", "https_proxy", "no_proxy"],
];

/**
 * An import that is made when the script runs, or what a bundler leaves of one that it cannot take in; its
 * words are not written out, since whoever packs this program looks for them in its own bundle.
 */
const LEFT_IMPORT = /(?<![\w$.])import\s*\(|\bimport\.meta\b|\bDynamic\srequire\sof\b/;
/** A module of the platform, by the name under which it was meant. */
const NODE_MODULE = /["'`](node:[a-z_/]+)["'`]/;
const PLUGIN_CALL = /(?<![\w$])plugin\s*\(/;
const TOP_LEVEL_AWAIT = /top.?level await|await is only valid/i;

const IMPORT_HINT =
  "A plugin imports nothing when it runs, neither node: modules nor by import(): " +
  "import what can be bundled, and ask the context for the rest.";
const AWAIT_HINT = "Await within an action, or in a function that an action calls.";
const CALL_HINT = "Call it once, at the top level: plugin({ actions: { greet: () => 1 } }).";

/** What bundles. */
export interface BundleTools {
  /** Runs a program. */
  readonly run: CommandRunner;
  /** The path of the program that is running. */
  readonly execPath: string;
  /** What `--deno` says. */
  readonly deno?: string | undefined;
  /** The environment of this program. */
  readonly env: Environment;
}

/**
 * Bundles a source into one script.
 *
 * @throws {ConfigError} where there is no `deno`, or it cannot.
 */
export async function bundlePlugin(source: string, tools: BundleTools): Promise<string> {
  // A name that begins with a hyphen would be an option.
  const path = /^[/\\]|^[A-Za-z]:/.test(source) ? source : `./${source}`;
  const result = await runDeno([...BUNDLE, path], tools);
  if (result === null) throw missingDeno(path, tools);
  if (result.code === 0 && result.stdout.trim() !== "") return result.stdout;
  const complaint = result.complaint.replace(/^error:\s*/, "");
  const isAwait = TOP_LEVEL_AWAIT.test(complaint);
  throw new ConfigError(
    isAwait
      ? `${JSON.stringify(source)} awaits something at its top level`
      : `${JSON.stringify(source)} cannot be bundled: ${complaint || "that gave nothing"}`,
    { hint: isAwait ? AWAIT_HINT : "Run deno check on it." },
  );
}

/**
 * Checks that a script is one that can be run as a plugin. It is compiled here, and not run.
 *
 * @param source Where it comes from, for the error.
 * @throws {ConfigError} where it cannot.
 */
export async function checkPluginScript(code: string, source: string): Promise<void> {
  const name = JSON.stringify(source);
  const { Script } = await import("node:vm");
  try {
    new Script(code);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "";
    if (TOP_LEVEL_AWAIT.test(reason)) {
      throw new ConfigError(`${name} awaits something at its top level`, {
        hint: AWAIT_HINT,
        cause,
      });
    }
    if (/\bimport\b/.test(reason)) throw importing(code, name);
    throw new ConfigError(`${name} is no self-contained script`, {
      hint: "A script exports nothing; give the TypeScript source, or what deno bundle made of it.",
      cause,
    });
  }
  if (LEFT_IMPORT.test(code)) throw importing(code, name);
  if (!PLUGIN_CALL.test(code)) {
    throw new ConfigError(`${name} never calls plugin()`, { hint: CALL_HINT });
  }
}

function importing(code: string, name: string): ConfigError {
  const [, found] = NODE_MODULE.exec(code) ?? [];
  const what = found === undefined ? "something" : found;
  return new ConfigError(`${name} imports ${what} when it runs`, { hint: IMPORT_HINT });
}

async function runDeno(
  args: readonly string[],
  { run, execPath, deno, env }: BundleTools,
): Promise<CommandResult | null> {
  const variables: Record<string, string> = { NO_COLOR: "1" };
  for (const name of BUNDLE_VARIABLES) {
    const value = env.get(name);
    if (value !== undefined) variables[name] = value;
  }
  const isDeno = /^deno(?:\.exe)?$/i.test(basename(execPath));
  const candidates = deno === undefined ? [...(isDeno ? [execPath] : []), "deno"] : [deno];
  for (const command of candidates) {
    try {
      const result = await run({ command, args, variables, timeLimitMs: BUNDLE_LIMIT_MS });
      if (result !== null) return result;
    } catch (error) {
      // What the operator named may be no program at all.
      if (deno === undefined || !(error instanceof StorageError)) throw error;
      throw new ConfigError(`${JSON.stringify(deno)} is no deno that can be run`, {
        setting: "--deno",
        hint: "Name the program itself.",
        cause: error,
      });
    }
  }
  return null;
}

function missingDeno(path: string, { deno }: BundleTools): ConfigError {
  const script = path.replace(/\.[A-Za-z]+$/, "") + ".js";
  const quote = (text: string) => /^[\w./:\\-]+$/.test(text) ? text : JSON.stringify(text);
  const byHand = `deno ${BUNDLE.join(" ")} -o ${quote(script)} ${quote(path)}`;
  return new ConfigError(
    deno === undefined
      ? "there is no deno that this keeper may run to bundle the source"
      : `there is no ${JSON.stringify(deno)} that this keeper may run`,
    {
      ...(deno === undefined ? {} : { setting: "--deno" }),
      hint: `Bundle it yourself (${byHand}), and build ${quote(script)}; ` +
        "or run this from source with --allow-run, and where it is elsewhere with --deno PATH.",
    },
  );
}
