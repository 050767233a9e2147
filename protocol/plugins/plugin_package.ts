/**
 * The package of a plugin: one line that says what it is, and the script after it.
 *
 * @module
 */
import { type Bytes, concatBytes, decodeUtf8, encodeUtf8 } from "../bytes.ts";
import {
  encodePluginManifest,
  parsePluginManifest,
  pluginError,
  type PluginManifest,
} from "./plugin_manifest.ts";

/** How long a package may be: 4 MiB. */
export const MAX_PLUGIN_BYTES = 4_194_304;

/** A plugin as it is sent and stored. */
export interface PluginPackage {
  /** What it says of itself. */
  readonly manifest: PluginManifest;
  /** The script: one self-contained piece of JavaScript without imports and exports. */
  readonly code: string;
}

const LF = 0x0a;

/**
 * Writes the package of a plugin: its manifest, LF, its script.
 *
 * @throws {RangeError} if the manifest says what none may say, there is no script, or it is too long.
 *
 * @example
 * ```ts
 * import { encodePluginPackage, parsePluginPackage } from "@fluxvault/fluxvault/protocol";
 *
 * const bytes = encodePluginPackage({
 *   manifest: {
 *     name: "greeter",
 *     version: "1.0.0",
 *     describe: "Greets",
 *     side: "agent",
 *     actions: [{ name: "greet", describe: "Greets somebody" }],
 *     events: [],
 *     permissions: { net: [], read: [], write: [], env: [] },
 *     limits: { memoryMb: 32, callTimeoutS: 10 },
 *   },
 *   code: "plugin({ actions: { greet: (name) => `Hello, ${name}` } });",
 * });
 * console.assert(parsePluginPackage(bytes).manifest.name === "greeter");
 * ```
 */
export function encodePluginPackage({ manifest, code }: PluginPackage): Bytes {
  if (code === "" || !code.isWellFormed()) throw new RangeError("that is no script of a plugin");
  const bytes = concatBytes(encodeUtf8(`${encodePluginManifest(manifest)}\n`), encodeUtf8(code));
  if (bytes.length > MAX_PLUGIN_BYTES) throw new RangeError("the plugin is too long");
  return bytes;
}

/**
 * Reads the package of a plugin. The script is not looked at: whoever runs it walls it in.
 *
 * @throws {ProtocolError} `manifest-malformed`, or `message-malformed` that names the member.
 *
 * @example
 * ```ts
 * import { parsePluginPackage } from "@fluxvault/fluxvault/protocol";
 *
 * const line = '{"Name":"greeter","Version":"1.0.0","Describe":"Greets","Side":"agent",' +
 *   '"Actions":[],"Events":[],"Permissions":{"net":[],"read":[],"write":[],"env":[]},' +
 *   '"Limits":{"MemoryMb":32,"CallTimeoutS":10}}';
 * const { manifest, code } = parsePluginPackage(
 *   new TextEncoder().encode(`${line}\nplugin({ actions: {} });`),
 * );
 * console.assert(manifest.name === "greeter" && code.startsWith("plugin("));
 * ```
 */
export function parsePluginPackage(bytes: Uint8Array): PluginPackage {
  if (bytes.length > MAX_PLUGIN_BYTES) throw pluginError("it is too long");
  const end = bytes.indexOf(LF);
  if (end < 0 || end === bytes.length - 1) throw pluginError("it has no script");
  const manifest = parsePluginManifest(bytes.subarray(0, end));
  let code: string;
  try {
    code = decodeUtf8(bytes.subarray(end + 1));
  } catch {
    throw pluginError("its script is not UTF-8");
  }
  return { manifest, code };
}
