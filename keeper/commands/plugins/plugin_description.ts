/**
 * The `plugin.json` beside the source of a plugin: its manifest, in which what is usual can be left out.
 *
 * @module
 */
import {
  ConfigError,
  encodeUtf8,
  parsePluginManifest,
  type PluginManifest,
  ProtocolError,
} from "../../../protocol/mod.ts";

const MEMORY_MB = 64;
const CALL_TIMEOUT_S = 30;
const MEMBERS: ReadonlySet<string> = new Set([
  ...["Name", "Version", "Describe", "Side", "Actions", "Events", "Permissions", "Limits"],
]);
const PERMISSIONS: ReadonlySet<string> = new Set(["net", "read", "write", "env"]);
const LIMITS: ReadonlySet<string> = new Set(["MemoryMb", "CallTimeoutS"]);
const ACTION: ReadonlySet<string> = new Set(["Name", "Describe"]);

/**
 * Reads a description. No permission is wanted, nothing is told, and the plugin is an agent's with 64
 * MiB and 30 seconds a call, where it does not say otherwise.
 *
 * @throws {ConfigError} where it is none of a plugin.
 */
export function parsePluginDescription(text: string, path: string): PluginManifest {
  const refuse = (problem: string, cause?: unknown) =>
    new ConfigError(`${JSON.stringify(path)} describes no plugin: ${problem}`, {
      hint: 'The least is {"Name":"greeter","Version":"1.0.0","Actions":[{"Name":"greet"}]}.',
      ...(cause === undefined ? {} : { cause }),
    });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw refuse("it is no JSON", cause);
  }
  const members = checkMembers(given, MEMBERS);
  const { net = [], read = [], write = [], env = [] } = checkMembers(
    members.Permissions ?? {},
    PERMISSIONS,
  );
  const { MemoryMb = MEMORY_MB, CallTimeoutS = CALL_TIMEOUT_S } = checkMembers(
    members.Limits ?? {},
    LIMITS,
  );
  const manifest = {
    Name: members.Name,
    Version: members.Version,
    Describe: members.Describe ?? "",
    Side: members.Side ?? "agent",
    Actions: readActions(members.Actions ?? []),
    Events: members.Events ?? [],
    Permissions: { net, read, write, env },
    Limits: { MemoryMb, CallTimeoutS },
  };
  try {
    return parsePluginManifest(encodeUtf8(JSON.stringify(manifest)));
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw refuse(cause.message, cause);
  }

  function readActions(actions: unknown): unknown {
    if (!Array.isArray(actions)) return actions;
    return actions.map((action: unknown) => {
      const { Name, Describe = "" } = checkMembers(action, ACTION);
      return { Name, Describe };
    });
  }

  function checkMembers(value: unknown, known: ReadonlySet<string>): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw refuse("an object is missing");
    }
    const unknown = Object.keys(value).find((name) => !known.has(name));
    if (unknown !== undefined) throw refuse(`it has the unknown member ${JSON.stringify(unknown)}`);
    return value as Record<string, unknown>;
  }
}
