/**
 * The description beside the source of a plugin: its manifest, in which what is usual can be left out.
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
import { suggestName } from "../../../protocol/host/mod.ts";

/** The members of a manifest as they are written (spec, section 14). */
type Members = Readonly<Record<string, unknown>>;

const LEAST_HINT =
  'The least is {"Name":"greeter","Version":"1.0.0","Actions":[{"Name":"greet"}]}.';

/** A manifest that is sound, with what stands for a member that is left out. */
const USUAL: Members = {
  Name: "greeter",
  Version: "1.0.0",
  Describe: "",
  Side: "agent",
  Actions: [],
  Events: [],
  Permissions: { net: [], read: [], write: [], env: [] },
  Limits: { MemoryMb: 64, CallTimeoutS: 30 },
};
const NEEDED: ReadonlySet<string> = new Set(["Name", "Version"]);
const PERMISSIONS: Members = { net: [], read: [], write: [], env: [] };
const LIMITS: Members = { MemoryMb: 64, CallTimeoutS: 30 };
const ACTION: Members = { Name: "greet", Describe: "" };

/** What a member has to be, in words. */
const RULES: Readonly<Record<string, string>> = {
  "Name": "a small letter, and then at most 30 small letters and digits",
  "Version": "three numbers with dots, such as 1.0.0",
  "Describe": "one line of at most 512 characters",
  "Side": '"agent" or "keeper"',
  "Events": 'a list; the only event is "delivery"',
  "Actions": "a list of at most 32",
  "Actions.Name": "at most 32 small letters, digits and inner hyphens, a letter first",
  "Actions.Describe": "one line of at most 512 characters",
  "Permissions.net": "at most 32 hosts, each with or without a port, such as api.example.com:443",
  "Permissions.read": "at most 32 absolute paths",
  "Permissions.write": "at most 32 absolute paths",
  "Permissions.env": "at most 32 names of variables",
  "Limits.MemoryMb": "a whole number from 8 to 512",
  "Limits.CallTimeoutS": "a whole number from 1 to 3600",
};

/**
 * Reads a description. No permission is wanted, nothing is told, and the plugin is an agent's with 64
 * MiB and 30 seconds a call, where it does not say otherwise.
 *
 * @throws {ConfigError} where it is none of a plugin; it names the member.
 */
export function parsePluginDescription(text: string, path: string): PluginManifest {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${JSON.stringify(path)} is not JSON`, { hint: LEAST_HINT, cause });
  }
  const reader = new DescriptionReader(path);
  const members = reader.read(given);
  try {
    return parsePluginManifest(encodeUtf8(JSON.stringify(members)));
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw reader.refuse(cause.message, cause);
  }
}

/** Holds one member after the other against the one reader of manifests that there is. */
class DescriptionReader {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  refuse(problem: string, cause?: unknown): ConfigError {
    return new ConfigError(`${JSON.stringify(this.#path)} describes no plugin: ${problem}`, {
      hint: LEAST_HINT,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  read(given: unknown): Members {
    const members = this.#membersOf(given, { known: USUAL, at: "" });
    for (const name of NEEDED) {
      if (!Object.hasOwn(members, name)) throw this.refuse(`${name} is missing`);
    }
    const actions = members.Actions ?? [];
    if (!Array.isArray(actions)) throw this.#wrong("Actions", "Actions");
    const read = {
      ...USUAL,
      ...members,
      Actions: actions.map((action, index) => this.#readAction(action, `Actions[${index}]`)),
      Permissions: this.#readPermissions(members.Permissions ?? {}),
      Limits: this.#readLimits(members.Limits ?? {}),
    };
    for (const name of ["Name", "Version", "Describe", "Side", "Events"]) {
      if (!isSound({ [name]: Reflect.get(read, name) })) throw this.#wrong(name, name);
    }
    const names = read.Actions.map(({ Name }) => Name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw this.refuse(`two of its Actions have the Name ${twice}`);
    if (!isSound({ Actions: read.Actions })) throw this.#wrong("Actions", "Actions");
    return read;
  }

  #readAction(action: unknown, at: string): Members {
    const members = this.#membersOf(action, { known: ACTION, at });
    if (!Object.hasOwn(members, "Name")) throw this.refuse(`${at}.Name is missing`);
    const read = { Name: members.Name, Describe: members.Describe ?? "" };
    for (const name of ["Name", "Describe"] as const) {
      const alone = { ...ACTION, [name]: read[name] };
      if (!isSound({ Actions: [alone] })) throw this.#wrong(`${at}.${name}`, `Actions.${name}`);
    }
    return read;
  }

  #readPermissions(given: unknown): Members {
    const at = "Permissions";
    const members = { ...PERMISSIONS, ...this.#membersOf(given, { known: PERMISSIONS, at }) };
    for (const [name, list] of Object.entries(members)) {
      const rule = `${at}.${name}`;
      const wrong = Array.isArray(list)
        ? list.findIndex((item) => !isSound({ [at]: { ...PERMISSIONS, [name]: [item] } }))
        : -1;
      if (wrong >= 0) throw this.#wrong(`${rule}[${wrong}]`, rule);
      if (!isSound({ [at]: { ...PERMISSIONS, [name]: list } })) throw this.#wrong(rule, rule);
    }
    const { net, read, write, env } = members as Members;
    return { net, read, write, env };
  }

  #readLimits(given: unknown): Members {
    const at = "Limits";
    const members = { ...LIMITS, ...this.#membersOf(given, { known: LIMITS, at }) };
    for (const name of Object.keys(LIMITS)) {
      const alone = { ...LIMITS, [name]: Reflect.get(members, name) };
      if (!isSound({ [at]: alone })) throw this.#wrong(`${at}.${name}`, `${at}.${name}`);
    }
    return members;
  }

  #wrong(at: string, rule: string): ConfigError {
    return this.refuse(`${at} has to be ${RULES[rule] ?? "otherwise"}`);
  }

  #membersOf(value: unknown, where: { readonly known: Members; readonly at: string }): Members {
    const { known, at } = where;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.refuse(at === "" ? "it is no object" : `${at} is no object`);
    }
    const names = Object.keys(known);
    for (const name of Object.keys(value)) {
      if (names.includes(name)) continue;
      const full = at === "" ? name : `${at}.${name}`;
      const near = suggestName(name, names) ??
        names.find((each) => each.toLowerCase() === name.toLowerCase());
      const meant = near === undefined ? "" : `; did you mean ${near}?`;
      throw this.refuse(`there is no member ${JSON.stringify(full)}${meant}`);
    }
    return value as Members;
  }
}

/** Tells whether a manifest may have members. */
function isSound(members: Members): boolean {
  try {
    parsePluginManifest(encodeUtf8(JSON.stringify({ ...USUAL, ...members })));
    return true;
  } catch {
    return false;
  }
}
