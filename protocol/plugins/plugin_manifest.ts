/**
 * What a plugin says of itself: the first line of its package.
 *
 * @module
 */
import { encodeUtf8 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import { MessageFields } from "../message_fields.ts";

/** Which program a plugin is for. */
export type PluginSide = "agent" | "keeper";

/** Something that a plugin does when it is called. */
export interface PluginAction {
  /** Its name within the plugin; from outside it is called `PLUGIN-NAME`. */
  readonly name: string;
  /** What it does, for people; at most 512 characters, one line. */
  readonly describe: string;
}

/** What a plugin asks to be allowed, in the words of Deno's permissions; empty lists for nothing. */
export interface PluginPermissions {
  /** Hosts, each with or without a port. */
  readonly net: readonly string[];
  /** Absolute paths that it reads. */
  readonly read: readonly string[];
  /** Absolute paths that it writes. */
  readonly write: readonly string[];
  /** Names of environment variables. */
  readonly env: readonly string[];
}

/** What a plugin may use up. */
export interface PluginLimits {
  /** Its heap in MiB; 8 to 512. */
  readonly memoryMb: number;
  /** How long one call may take, in seconds; 1 to 3,600. */
  readonly callTimeoutS: number;
}

/** What a plugin says of itself. */
export interface PluginManifest {
  /** Its name: a small letter, then small letters and digits; 31 at most. */
  readonly name: string;
  /** Its version: three numbers with dots. */
  readonly version: string;
  /** What it is for, for people; at most 512 characters, one line. */
  readonly describe: string;
  /** Which program it is for. */
  readonly side: PluginSide;
  /** What it does when it is called; at most 32. */
  readonly actions: readonly PluginAction[];
  /** What it wants to be told of. */
  readonly events: readonly "delivery"[];
  /** What it asks to be allowed. */
  readonly permissions: PluginPermissions;
  /** What it may use up. */
  readonly limits: PluginLimits;
}

/** How long the line of a manifest may be, without its newline. */
export const MAX_PLUGIN_MANIFEST_BYTES = 16_384;

// No hyphen: `NAME-ACTION` is then one way to name an action, and no two plugins share one.
const NAME = /^[a-z][a-z0-9]{0,30}$/;
const VERSION = /^(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})$/;
const ACTION_NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]{0,512}$/u;
const SIDE = /^(?:agent|keeper)$/;
const EVENT = /^delivery$/;
const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?$/;
const PATH = /^\/[^\p{Cc}]{0,1023}$/u;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const MAX_ACTIONS = 32;
const MAX_GRANTS = 32;

/**
 * Tells whether a text can name a plugin.
 *
 * @example
 * ```ts
 * import { isPluginName } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(isPluginName("greeter") && !isPluginName("two-words"));
 * ```
 */
export function isPluginName(text: string): boolean {
  return NAME.test(text);
}

/** Makes an error about a plugin that cannot be used. */
export function pluginError(reason: string): ProtocolError {
  return new ProtocolError("manifest-malformed", `the plugin cannot be used: ${reason}`);
}

/**
 * Compares two versions: below 0 where the first is lower, 0 where they are the same.
 *
 * @throws {RangeError} if one is no version.
 *
 * @example
 * ```ts
 * import { comparePluginVersions } from "@fluxvault/fluxvault/protocol";
 *
 * console.assert(comparePluginVersions("1.9.0", "1.10.0") < 0);
 * ```
 */
export function comparePluginVersions(one: string, other: string): number {
  if (!VERSION.test(one) || !VERSION.test(other)) throw new RangeError("that is no version");
  const others = other.split(".").map(Number);
  for (const [index, part] of one.split(".").map(Number).entries()) {
    const difference = part - (others[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Writes the line of a manifest, without its newline.
 *
 * @throws {RangeError} if it says what no manifest may say.
 *
 * @example
 * ```ts
 * import { encodePluginManifest, type PluginManifest } from "@fluxvault/fluxvault/protocol";
 *
 * const greeter: PluginManifest = {
 *   name: "greeter",
 *   version: "1.0.0",
 *   describe: "Greets",
 *   side: "agent",
 *   actions: [],
 *   events: ["delivery"],
 *   permissions: { net: [], read: [], write: [], env: [] },
 *   limits: { memoryMb: 32, callTimeoutS: 10 },
 * };
 * console.assert(encodePluginManifest(greeter).startsWith('{"Name":"greeter",'));
 * ```
 */
export function encodePluginManifest(manifest: PluginManifest): string {
  const text = writeManifest(manifest);
  let isSound = true;
  try {
    isSound = writeManifest(parsePluginManifest(encodeUtf8(text))) === text;
  } catch {
    isSound = false;
  }
  if (!isSound) throw new RangeError("that is no manifest of a plugin");
  return text;
}

/**
 * Reads the line of a manifest; it has one spelling only.
 *
 * @throws {ProtocolError} `manifest-malformed`, or `message-malformed` that names the member.
 *
 * @example
 * ```ts
 * import { parsePluginManifest } from "@fluxvault/fluxvault/protocol";
 *
 * const line = '{"Name":"greeter","Version":"1.0.0","Describe":"Greets","Side":"agent",' +
 *   '"Actions":[],"Events":[],"Permissions":{"net":[],"read":[],"write":[],"env":[]},' +
 *   '"Limits":{"MemoryMb":32,"CallTimeoutS":10}}';
 * console.assert(parsePluginManifest(new TextEncoder().encode(line)).limits.memoryMb === 32);
 * ```
 */
export function parsePluginManifest(line: Uint8Array): PluginManifest {
  if (line.length > MAX_PLUGIN_MANIFEST_BYTES) throw pluginError("its manifest is too long");
  const fields = MessageFields.parse(line, "the manifest of a plugin");
  const permissions = fields.object("Permissions");
  const limits = fields.object("Limits");
  const manifest: PluginManifest = {
    name: fields.text("Name", NAME),
    version: fields.text("Version", VERSION),
    describe: fields.text("Describe", LINE),
    side: fields.text("Side", SIDE) as PluginSide,
    actions: readActions(fields.raw("Actions")),
    events: fields.texts("Events", { pattern: EVENT, max: 1 }) as "delivery"[],
    permissions: {
      net: permissions.texts("net", { pattern: HOST, max: MAX_GRANTS }),
      read: permissions.texts("read", { pattern: PATH, max: MAX_GRANTS }),
      write: permissions.texts("write", { pattern: PATH, max: MAX_GRANTS }),
      env: permissions.texts("env", { pattern: VARIABLE, max: MAX_GRANTS }),
    },
    limits: {
      memoryMb: limits.integer("MemoryMb", { min: 8, max: 512 }),
      callTimeoutS: limits.integer("CallTimeoutS", { min: 1, max: 3_600 }),
    },
  };
  // What this version does not read would be signed, shown to nobody, and perhaps obeyed by the next.
  const canonical = encodeUtf8(writeManifest(manifest));
  const isCanonical = canonical.length === line.length &&
    canonical.every((byte, index) => byte === line[index]);
  if (!isCanonical) throw pluginError("its manifest is not in the one way to write it");
  return manifest;
}

function readActions(value: unknown): PluginAction[] {
  if (!Array.isArray(value) || value.length > MAX_ACTIONS) {
    throw pluginError("its actions are no list, or too many");
  }
  const actions = value.map((item) => {
    const fields = new MessageFields(item, "an action of a plugin");
    return { name: fields.text("Name", ACTION_NAME), describe: fields.text("Describe", LINE) };
  });
  if (new Set(actions.map(({ name }) => name)).size !== actions.length) {
    throw pluginError("two of its actions have one name");
  }
  return actions;
}

function writeManifest(manifest: PluginManifest): string {
  const { permissions: { net, read, write, env }, limits } = manifest;
  return JSON.stringify({
    Name: manifest.name,
    Version: manifest.version,
    Describe: manifest.describe,
    Side: manifest.side,
    Actions: manifest.actions.map(({ name, describe }) => ({ Name: name, Describe: describe })),
    Events: manifest.events,
    Permissions: { net, read, write, env },
    Limits: { MemoryMb: limits.memoryMb, CallTimeoutS: limits.callTimeoutS },
  });
}
