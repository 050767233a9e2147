/**
 * An app as it is written in a loadout, before it is worked out which component gets what.
 *
 * @module
 */
import { parseContainerName } from "../../flux/mod.ts";
import { suggestName } from "../../protocol/host/mod.ts";
import { isAppName } from "../../protocol/mod.ts";
import { type AppSettings, readSettings, SETTING_KEYS } from "./app_settings.ts";
import { readCertificates, type WrittenCertificate } from "./certificates.ts";
import { readDirective, type WrittenDirective } from "./directive.ts";
import { readHooks, type WrittenHook } from "./hooks.ts";
import { describeNode, Mapping } from "./mapping.ts";
import { readWorkdir } from "./paths.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import { readServiceNames, readServices, type WrittenService } from "./services.ts";
import type { YamlNode } from "./yaml_tree.ts";

/** The group of every agent of an app. */
export const GROUP_ALL = "all";

/** The keys of an app. */
export const APP_KEYS = [
  "vault",
  ...SETTING_KEYS,
  "remote_workdir",
  "hooks",
  "certificates",
  "services",
  "groups",
  "components",
] as const;
/** The keys of a group. */
export const GROUP_KEYS = ["remote_workdir", "state_directives", "services"] as const;
/** The keys of a component. */
export const COMPONENT_KEYS = ["member_of", ...GROUP_KEYS] as const;

const BY_ADDRESS = "Write sign_with and the address of the key that signs.";
const APP_ADVICE = {
  vault_dir: { meant: "vault" },
  fluxnode_ips: { meant: "agents" },
  agent_ips: { meant: "agents" },
  comms_port: { meant: "port" },
  sign_connections: { hint: BY_ADDRESS },
  signing_key: { hint: BY_ADDRESS },
  signing_address: { meant: "sign_with" },
  zelid: { meant: "sign_with" },
  state_directives: {
    hint: "Put them below groups: and all:, for every agent, or below a component.",
  },
  app_mode: { hint: "Leave it out: there is one way to run." },
} as const;
const APP_FORM = { what: "an app", keys: APP_KEYS, advice: APP_ADVICE };
/** The form of an app in a file of its own. */
const OWN_FORM = {
  what: "the file of an app",
  keys: ["version", ...APP_KEYS],
  isFile: true,
  advice: {
    ...APP_ADVICE,
    apps: {
      hint: "fluxvault.yaml is the file of one app, that of its folder; give a loadout for many " +
        "apps another name.",
    },
    app_config: { hint: "Write its keys one level up." },
  },
};
const GROUP_FORM = { what: "a group", keys: GROUP_KEYS };
const COMPONENT_FORM = {
  what: "a component",
  keys: COMPONENT_KEYS,
  advice: { groups: { meant: "member_of", hint: "Write member_of and a list of groups." } },
};
const GROUP_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})$/;

/** State directives that belong together. */
export interface WrittenGroup {
  /** Its name. */
  readonly name: string;
  /** Where it is written. */
  readonly place: Place;
  /** The folder on the agent that relative targets begin at. */
  readonly workdir: string | undefined;
  /** How many state directives and services stand there. */
  readonly count: number;
  /** The state directives that can be used. */
  readonly directives: readonly WrittenDirective[];
  /** The names of the services that it has. */
  readonly services: readonly string[];
}

/** A component, with the groups whose state directives are its as well. */
export interface WrittenComponent extends WrittenGroup {
  /** The names of the groups, without `all`. */
  readonly memberOf: readonly string[];
}

/** An app as it is written. */
export interface WrittenApp {
  /** Its name. */
  readonly name: string;
  /** Where it is written. */
  readonly place: Place;
  /** The folder of its sources, as it is written. */
  readonly vault: string | undefined;
  /** Its agents. */
  readonly settings: AppSettings;
  /** The folder on the agent that relative targets begin at, where no other is said. */
  readonly workdir: string | undefined;
  /** Its hooks, by their names. */
  readonly hooks: ReadonlyMap<string, WrittenHook | null>;
  /** Its certificates, by their names. */
  readonly certificates: ReadonlyMap<string, WrittenCertificate | null>;
  /** Its services, by their names. */
  readonly services: ReadonlyMap<string, WrittenService | null>;
  /** Its groups, by their names. */
  readonly groups: ReadonlyMap<string, WrittenGroup>;
  /** Its components, in their order. */
  readonly components: readonly WrittenComponent[];
  /** Whether nothing else can stand there that could not be read. */
  readonly isWhole: boolean;
}

/** What an app is called, and where. */
export interface AppHeading {
  /** The name of the app. */
  readonly name: string;
  /** Where the name is. */
  readonly place: Place;
  /** Whether it stands in a file of its own, with the version of that. */
  readonly isOwnFile: boolean;
}

/** Reads an app; `null` where it is no mapping. */
export function readApp(
  node: YamlNode,
  { heading, problems }: { readonly heading: AppHeading; readonly problems: Problems },
): WrittenApp | null {
  const { name, place, isOwnFile } = heading;
  const mapping = Mapping.read(node, { form: isOwnFile ? OWN_FORM : APP_FORM, problems });
  if (mapping === null) return null;
  if (isOwnFile) checkVersion(mapping);
  const settings = readSettings(mapping, problems);
  const hooksNode = mapping.value("hooks");
  const hooks = hooksNode === undefined ? new Map() : readHooks(hooksNode, problems);
  const certificatesNode = mapping.value("certificates");
  const certificates = certificatesNode === undefined
    ? new Map()
    : readCertificates(certificatesNode, problems);
  const servicesNode = mapping.value("services");
  const services = servicesNode === undefined ? new Map() : readServices(servicesNode, problems);
  const parts = { hooks, certificates, services, problems };
  const groups = readGroups(mapping, parts);
  return {
    name,
    place,
    vault: readVault(mapping),
    settings,
    workdir: readWorkdirOf(mapping),
    hooks,
    certificates,
    services,
    groups,
    components: readComponents(mapping, { ...parts, groups }),
    isWhole: mapping.isWhole && PARTS.every((key) => {
      return !mapping.has(key) || mapping.value(key)?.kind === "mapping";
    }),
  };
}

const PARTS = ["groups", "components"] as const;

/** Looks whether a file says which version of loadouts it is written for. */
export function checkVersion(mapping: Mapping): void {
  const value = mapping.value("version");
  const hint = "Write version: 1.";
  if (!mapping.has("version")) {
    mapping.miss("version", hint);
  } else if (value?.kind === "nothing") {
    mapping.refuse("version", "has no value", hint);
  } else if (value === undefined) {
    return;
  } else if (value.kind !== "number" || value.written !== "1") {
    mapping.refuse("version", `is ${describeNode(value)}, and this keeper reads 1`, hint);
  }
}

function readVault(mapping: Mapping): string | undefined {
  const hint = "Name the folder of the sources, relative to the folder of this file.";
  const text = mapping.text("vault", hint);
  if (text === undefined) return undefined;
  if (text === "~" || text.startsWith("~/")) {
    return mapping.refuse("vault", `is ${quoted(text)}: ~ is not read here`, "Write it out.");
  }
  return text.includes("\0") ? mapping.refuse("vault", "holds a NUL character", hint) : text;
}

function readWorkdirOf(mapping: Mapping): string | undefined {
  const text = mapping.text("remote_workdir", "Write a folder on the agent, such as /etc/app.");
  if (text === undefined) return undefined;
  const read = readWorkdir(text);
  return "path" in read
    ? read.path
    : mapping.refuse("remote_workdir", `is ${quoted(text)}, which ${read.fault}`, read.hint);
}

interface Parts {
  readonly hooks: ReadonlyMap<string, WrittenHook | null>;
  readonly certificates: ReadonlyMap<string, WrittenCertificate | null>;
  readonly services: ReadonlyMap<string, WrittenService | null>;
  readonly problems: Problems;
}

/** Returns the members of a mapping of names, or none where it is something else. */
function namesIn(mapping: Mapping, key: "groups" | "components", problems: Problems) {
  const value = mapping.value(key);
  if (value === undefined) return [];
  if (value.kind === "mapping") return value.members;
  const hint = `Write the name of each below ${key}: or leave ${key} out.`;
  const problem = value.kind === "nothing" ? "has no value" : "has to be a mapping of names";
  problems.add(value.place, `${key} ${problem}`, hint);
  return [];
}

function readGroups(mapping: Mapping, parts: Parts): ReadonlyMap<string, WrittenGroup> {
  const { problems } = parts;
  const groups = new Map<string, WrittenGroup>();
  for (const { key: name, keyPlace: place, value } of namesIn(mapping, "groups", problems)) {
    if (!GROUP_NAME.test(name)) {
      const hint = "Use letters, digits, - and _, at most 63 of them.";
      problems.add(place, `a group cannot be called ${quoted(name)}`, hint);
    }
    const group = value.kind === "nothing"
      ? null
      : Mapping.read(value, { form: GROUP_FORM, problems });
    groups.set(name, { name, place, ...readEntries(group, parts) });
  }
  return groups;
}

function readEntries(
  mapping: Mapping | null,
  parts: Parts,
): Pick<WrittenGroup, "workdir" | "count" | "directives" | "services"> {
  if (mapping === null) return { workdir: undefined, count: 0, directives: [], services: [] };
  const written = mapping.value("state_directives");
  const count = written?.kind === "list"
    ? written.items.length
    : Number(mapping.has("state_directives") || !mapping.isWhole);
  const directives = mapping.list("state_directives", {
    wish: "a list of state directives",
    hint: "Begin each with - source: and a path.",
    read: (item) => readDirective(item, parts),
  });
  const services = readServiceNames(mapping, parts);
  return {
    workdir: readWorkdirOf(mapping),
    count: count + services.length,
    directives: directives ?? [],
    services,
  };
}

function readComponents(
  mapping: Mapping,
  parts: Parts & { readonly groups: ReadonlyMap<string, WrittenGroup> },
): readonly WrittenComponent[] {
  const { problems } = parts;
  const components = new Map<string, WrittenComponent>();
  for (const { key: name, keyPlace: place, value } of namesIn(mapping, "components", problems)) {
    checkComponentName(name, place, problems);
    const other = components.get(componentKey(name));
    if (other !== undefined) {
      const problem = `the component ${quoted(name)} is ${quoted(other.name)} again, at ` +
        `${other.place.text}: case does not tell components apart`;
      problems.add(place, problem, "Write them as one.");
    }
    const component = value.kind === "nothing"
      ? null
      : Mapping.read(value, { form: COMPONENT_FORM, problems });
    const memberOf = component === null ? [] : readMemberships(component, parts);
    const entries = readEntries(component, parts);
    components.set(componentKey(name), { name, place, memberOf, ...entries });
  }
  return [...components.values()];
}

/** Returns a key for a component, the same for each way to write its name. */
export function componentKey(name: string): string {
  return name.toLowerCase();
}

function checkComponentName(name: string, place: Place, problems: Problems): void {
  if (isAppName(name)) return;
  const container = parseContainerName(name)?.component;
  const hint = container === undefined
    ? "Use letters, digits and inner hyphens, at most 63 of them."
    : `That is the name of a container; its component is ${container}.`;
  problems.add(place, `a component cannot be called ${quoted(name)}`, hint);
}

function readMemberships(
  mapping: Mapping,
  { groups, problems }: Parts & { readonly groups: ReadonlyMap<string, WrittenGroup> },
): readonly string[] {
  const hint = "Write a list of groups: [frontend, tls].";
  const names = new Set<string>();
  for (const { text: name, place } of mapping.textList("member_of", hint) ?? []) {
    if (names.has(name)) {
      problems.add(place, `member_of names ${quoted(name)} twice`, "Name each group once.");
    } else if (name !== GROUP_ALL && !groups.has(name)) {
      const close = suggestName(name.slice(0, 100), groups.keys());
      const known = [...groups.keys()].filter((group) => group !== GROUP_ALL);
      const otherwise = known.length === 0
        ? "Define it under groups: of the app."
        : `The groups are: ${known.join(", ")}.`;
      const problem = `member_of names ${quoted(name)}, which is not defined under groups:`;
      problems.add(place, problem, close === null ? otherwise : `Did you mean ${close}?`);
    }
    names.add(name);
  }
  names.delete(GROUP_ALL);
  return [...names];
}
