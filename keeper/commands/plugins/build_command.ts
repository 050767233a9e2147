/**
 * `fluxvault-keeper plugin build`: makes one self-contained package of a plugin's source.
 *
 * @module
 */
import { type Bytes, ConfigError, encodePluginPackage } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  dirname,
  EXIT_DONE,
  join,
  printableJson,
  resolve,
  storageError,
} from "../../../protocol/host/mod.ts";
import type { KeyRing } from "../../keys/mod.ts";
import { type CommandRunner, systemCommandRunner } from "../../keys/stores/command_runner.ts";
import type { PLUGIN_BUILD_OPTIONS } from "../../plugin_options.ts";
import { checkOutFile } from "../out_file.ts";
import { bundlePlugin, checkPluginScript } from "./plugin_bundle.ts";
import { parsePluginDescription } from "./plugin_description.ts";
import { readFileOperand, signaturePathOf, writePluginFile } from "./plugin_file.ts";
import { tryPlugin } from "./plugin_trial.ts";
import { findPluginSigner, signPluginPackage } from "./plugin_signature.ts";

/** What builds a plugin is given. */
export type PluginBuildContext = CommandContext<typeof PLUGIN_BUILD_OPTIONS>;

/** What tests put in the place of the system. */
export interface PluginBuildParts {
  /** Runs `deno`. */
  readonly run?: CommandRunner;
  /** The program that is running. @default {Deno.execPath()} */
  readonly execPath?: string;
  /** The stored keys. */
  readonly ring?: KeyRing;
}

const DESCRIPTION = "plugin.json";

/** Builds a package, and signs it where a key is named. */
export async function buildPlugin(
  context: PluginBuildContext,
  parts: PluginBuildParts = {},
): Promise<number> {
  const { settings: { zelid, json }, stdout } = context;
  const source = readFileOperand(context, "source of a plugin");
  const beside = context.settings.description ?? join(dirname(source), DESCRIPTION);
  const out = await readOut(context, [source, beside]);
  const text = await readText(source, "Name the source of a plugin.");
  const manifest = parsePluginDescription(
    await readText(beside, `A plugin is a source with ${DESCRIPTION} beside it.`),
    beside,
  );
  // Nothing is made where it could not be signed as it was asked for.
  const signer = zelid === undefined ? null : await findPluginSigner(context, parts.ring);
  // What is JavaScript already was bundled by somebody else.
  const code = source.endsWith(".js") ? text : await bundle(source, { context, parts });
  await checkPluginScript(code, source);
  let bytes: Bytes;
  try {
    bytes = encodePluginPackage({ manifest, code });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConfigError(`${JSON.stringify(source)} makes no plugin: ${cause.message}`, { cause });
  }
  await tryPlugin({ manifest, code }, source);
  const signature = signer === null ? null : await signPluginPackage(signer, { bytes, manifest });
  await writePluginFile({ path: out, bytes }, signature);
  const { name, version } = manifest;
  const signed = signer === null
    ? { signer: null, signature: null }
    : { signer: signer.address, signature: signaturePathOf(out) };
  await stdout.write(
    json ? `${printableJson({ name, version, package: out, bytes: bytes.length, ...signed })}\n` : [
      `built ${name} ${version}: ${out}, ${bytes.length} bytes\n`,
      signed.signer === null
        ? "It is not signed.\n"
        : `signed as ${signed.signer}: ${signed.signature}\n`,
    ].join(""),
  );
  return EXIT_DONE;
}

/** Reads where the package goes, which is none of the files that it is made of. */
async function readOut(
  { settings: { out } }: PluginBuildContext,
  made: readonly string[],
): Promise<string> {
  if (out === undefined) {
    throw new ConfigError("the package to write has to be named", {
      setting: "--out",
      hint: "Add --out FILE.",
    });
  }
  const taken = made.map((path) => resolve(path));
  if ([out, signaturePathOf(out)].some((path) => taken.includes(resolve(path)))) {
    throw new ConfigError("the package would take the place of what it is made of", {
      setting: "--out",
      hint: "Name another file.",
    });
  }
  await checkOutFile(out);
  return out;
}

async function bundle(
  source: string,
  { context, parts }: { readonly context: PluginBuildContext; readonly parts: PluginBuildParts },
): Promise<string> {
  const { settings: { deno }, env, signal } = context;
  const { run = systemCommandRunner(env, { signal }), execPath = Deno.execPath() } = parts;
  return await bundlePlugin(source, { run, execPath, deno, env });
}

async function readText(path: string, hint: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) {
      throw new ConfigError(`there is no file ${JSON.stringify(path)}`, { hint });
    }
    throw storageError(error, `read ${JSON.stringify(path)}`);
  }
}
