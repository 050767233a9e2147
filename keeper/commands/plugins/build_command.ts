/**
 * `fluxvault-keeper plugin build`: makes one self-contained package of a plugin's source.
 *
 * @module
 */
import { ConfigError, encodePluginPackage } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  dirname,
  EXIT_DONE,
  join,
  storageError,
  writeFileAtomically,
} from "../../../protocol/host/mod.ts";
import type { KeyRing } from "../../keys/mod.ts";
import { type CommandRunner, systemCommandRunner } from "../../keys/command_runner.ts";
import type { PLUGIN_BUILD_OPTIONS } from "../../plugin_options.ts";
import { parsePluginDescription } from "./plugin_description.ts";
import { PACKAGE_MODE, readFileOperand, writeSignature } from "./sign_command.ts";

/** What builds a plugin is given. */
export type PluginBuildContext = CommandContext<typeof PLUGIN_BUILD_OPTIONS>;

/** What tests put in the place of the system. */
export interface PluginBuildParts {
  /** Runs `deno`. */
  readonly run?: CommandRunner;
  /** The stored keys. */
  readonly ring?: KeyRing;
}

const BUNDLE_LIMIT_MS = 120_000;
const BUNDLE = ["bundle", "--quiet", "--no-config", "--format", "iife", "--minify"] as const;
const DESCRIPTION = "plugin.json";
/** What a bundler leaves of an import that it could not take in. */
const LEFT_IMPORT = /\bimport\s*\(|\bDynamic require of\b/;

/** Builds a package, and signs it where a key is named. */
export async function buildPlugin(
  context: PluginBuildContext,
  parts: PluginBuildParts = {},
): Promise<number> {
  const { settings: { out, zelid, json }, stdout, env, signal } = context;
  const source = readFileOperand(context, "source of a plugin");
  if (out === undefined) {
    throw new ConfigError("the package to write has to be named", {
      setting: "--out",
      hint: "Add --out FILE.",
    });
  }
  const beside = join(dirname(source), DESCRIPTION);
  const manifest = parsePluginDescription(await readText(beside), beside);
  const run = parts.run ?? systemCommandRunner(env, { signal });
  // What is JavaScript already was bundled by somebody else.
  const code = source.endsWith(".js") ? await readText(source) : await bundle(source, run);
  checkScript(code, source);
  let bytes;
  try {
    bytes = encodePluginPackage({ manifest, code });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConfigError(`${JSON.stringify(source)} makes no plugin: ${cause.message}`, { cause });
  }
  await writeFileAtomically(out, bytes, { mode: PACKAGE_MODE });
  const signed = zelid === undefined ? null : await writeSignature(context, {
    ...{ path: out, bytes, manifest, zelid },
    ring: parts.ring,
  });
  const { name, version } = manifest;
  const text = [
    `built ${name} ${version}: ${out}, ${bytes.length} bytes\n`,
    signed === null ? "It is not signed.\n" : `signed as ${signed.signer}: ${signed.signature}\n`,
  ].join("");
  const record = { name, version, package: out, bytes: bytes.length };
  await stdout.write(
    json
      ? `${JSON.stringify({ ...record, ...(signed ?? { signer: null, signature: null }) })}\n`
      : text,
  );
  return EXIT_DONE;
}

async function bundle(source: string, run: CommandRunner): Promise<string> {
  await readText(source);
  // A name that begins with a hyphen would be an option.
  const path = /^[/\\]|^[A-Za-z]:/.test(source) ? source : `./${source}`;
  const result = await run({
    command: "deno",
    args: [...BUNDLE, path],
    timeLimitMs: BUNDLE_LIMIT_MS,
  });
  if (result === null) {
    throw new ConfigError("there is no deno that this keeper may run to bundle the source", {
      hint: `Bundle it yourself (deno ${BUNDLE.join(" ")} -o plugin.js SOURCE), and build that.`,
    });
  }
  if (result.code === 0) return result.stdout;
  throw new ConfigError(`${JSON.stringify(source)} cannot be bundled: ${result.complaint}`, {
    hint: "Run deno check on it.",
  });
}

/** Checks that nothing is imported when it runs; it is compiled here, and not run. */
function checkScript(code: string, source: string): void {
  let cause: unknown;
  try {
    new Function(code);
    if (!LEFT_IMPORT.test(code)) return;
  } catch (error) {
    cause = error;
  }
  throw new ConfigError(`${JSON.stringify(source)} is no self-contained script`, {
    hint: "A plugin imports nothing when it runs, neither node: modules nor by import(), and " +
      "exports nothing.",
    ...(cause === undefined ? {} : { cause }),
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw storageError(error, `read ${JSON.stringify(path)}`);
    }
    throw new ConfigError(`there is no file ${JSON.stringify(path)}`, {
      hint: `A plugin is a source with ${DESCRIPTION} beside it.`,
    });
  }
}
