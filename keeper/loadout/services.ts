/**
 * The services of an app: programs that agents run for as long as they are declared.
 *
 * @module
 */
import {
  encodeUtf8,
  findPathFault,
  findVariableFault,
  limits,
  type Service,
  type ServiceHealth,
  type ServiceRestart,
} from "../../protocol/mod.ts";
import { suggestName } from "../../protocol/host/mod.ts";
import { readCommand } from "./hooks.ts";
import {
  DEFAULT_SERVICE_HEALTH_RETRIES,
  DEFAULT_SERVICE_HEALTH_S,
  DEFAULT_SERVICE_HEALTH_TIMEOUT_S,
  DEFAULT_SERVICE_STOP_S,
  MAX_SERVICE_BYTES,
} from "./limits.ts";
import { Mapping } from "./mapping.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import type { YamlNode } from "./yaml_tree.ts";

/** The keys of a service. */
export const SERVICE_KEYS = [
  "run",
  "folder",
  "env",
  "env_files",
  "restart",
  "restart_on_change",
  "stop_signal",
  "stop_timeout",
  "memory",
  "health",
] as const;
/** The keys of how a service is looked at. */
export const HEALTH_KEYS = ["run", "interval", "timeout", "retries"] as const;
/** When a service that has ended is started again. */
export const RESTARTS: readonly ServiceRestart[] = ["always", "on-failure", "never"];
/** The signals that may ask a service to end. */
export const STOP_SIGNALS = [
  "SIGTERM",
  "SIGINT",
  "SIGQUIT",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
] as const;

const FORM = {
  what: "a service",
  keys: SERVICE_KEYS,
  advice: {
    command: { meant: "run" },
    exec: { meant: "run" },
    args: { hint: "Write them behind the program: run: [program, argument]." },
    environment: { meant: "env" },
    workdir: { meant: "folder" },
    cwd: { meant: "folder" },
    working_dir: { meant: "folder" },
    watch: { meant: "restart_on_change" },
    healthcheck: { meant: "health" },
    secrets: { meant: "env_files" },
  },
} as const;
const HEALTH_FORM = {
  what: "health",
  keys: HEALTH_KEYS,
  advice: { test: { meant: "run" }, command: { meant: "run" } },
} as const;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const PATH_HINT = "Write a path on the agent, such as /srv/app, without .. on the way.";

/** A service and where it is defined. */
export interface WrittenService {
  /** The service. */
  readonly service: Service;
  /** Where its name is. */
  readonly place: Place;
}

/** Reads the services of an app; the names of those that cannot be used are in the result as well. */
export function readServices(
  node: YamlNode,
  problems: Problems,
): ReadonlyMap<string, WrittenService | null> {
  const services = new Map<string, WrittenService | null>();
  if (node.kind !== "mapping") {
    const hint = "Write a name and below it run: [program, argument], or leave services out.";
    const problem = node.kind === "nothing" ? "has no value" : "has to be a mapping of names";
    problems.add(node.place, `services ${problem}`, hint);
    return services;
  }
  if (node.members.length > limits.MAX_SERVICES) {
    const problem = `there are over ${limits.MAX_SERVICES} services`;
    problems.add(node.place, problem, "Leave out those that no group or component names.");
  }
  for (const { key, keyPlace, value } of node.members) {
    const isGood = NAME.test(key);
    if (!isGood) {
      const hint = "Use lower-case letters, digits and inner hyphens, at most 63 of them.";
      problems.add(keyPlace, `a service cannot be called ${quoted(key)}`, hint);
    }
    const service = readService(key, value, problems);
    services.set(key, service === null || !isGood ? null : { service, place: keyPlace });
  }
  return services;
}

function readService(name: string, node: YamlNode, problems: Problems): Service | null {
  const mapping = Mapping.read(node, { form: FORM, problems });
  if (mapping === null) return null;
  if (!mapping.has("run")) mapping.miss("run", "Write run: [program, argument].");
  const command = readCommand(mapping, "run");
  const variables = readVariables(mapping, "env", problems);
  const fileVariables = readVariables(mapping, "env_files", problems);
  checkVariables(mapping, { variables, fileVariables });
  const service = {
    name,
    command: command ?? [],
    folder: readPath(mapping, "folder") ?? null,
    variables,
    fileVariables,
    restart: mapping.choice("restart", RESTARTS) ?? "always",
    stopSignal: mapping.choice("stop_signal", STOP_SIGNALS) ?? "SIGTERM",
    stopTimeoutS: mapping.duration("stop_timeout", { min: 1, max: limits.MAX_SERVICE_STOP_S }) ??
      DEFAULT_SERVICE_STOP_S,
    memoryMb: mapping.integer("memory", {
      min: 1,
      max: limits.MAX_SERVICE_MEMORY_MB,
      hint: "Write how many MiB all its processes may use: memory: 256.",
    }) ?? null,
    health: readHealth(mapping, problems),
    watches: readWatches(mapping, problems),
  } as const;
  if (command === undefined) return null;
  const size = encodeUtf8(JSON.stringify([service, [...variables], [...fileVariables]])).length;
  if (size <= MAX_SERVICE_BYTES) return service;
  const problem = `the service ${quoted(name)} has over ${MAX_SERVICE_BYTES} bytes`;
  problems.add(mapping.place, problem, "Put what is long into a file, and deliver that.");
  return null;
}

function readPath(mapping: Mapping, key: "folder"): string | undefined {
  const text = mapping.text(key, PATH_HINT);
  if (text === undefined) return undefined;
  const fault = findPathFault(text);
  return fault === null
    ? text
    : mapping.refuse(key, `is ${quoted(text)}, which ${fault}`, PATH_HINT);
}

/** Reads variables by their names: plain values, or the paths of files. */
function readVariables(
  mapping: Mapping,
  key: "env" | "env_files",
  problems: Problems,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  const node = mapping.value(key);
  if (node === undefined) return variables;
  const hint = key === "env"
    ? "Write names and values below it: LOG_LEVEL: info."
    : "Write names and files on the agent below it: DB_PASSWORD: db.password.";
  if (node.kind !== "mapping") {
    mapping.refuse(key, "has to be a mapping of names of variables", hint);
    return variables;
  }
  for (const { key: name, keyPlace, value } of node.members) {
    const fault = findVariableFault(name);
    if (fault !== null) {
      problems.add(keyPlace, `${key} has ${quoted(name)}, which ${fault}`, hint);
      continue;
    }
    if (value.kind === "unusable") continue;
    if (value.kind !== "text") {
      const quote = `Write its value in quotes: ${name}: "1".`;
      problems.add(value.place, `${key} has no text for ${name}`, quote);
      continue;
    }
    const problem = key === "env" ? valueFault(value.text) : findPathFault(value.text);
    if (problem === null) variables.set(name, value.text);
    else problems.add(value.place, `what ${key} gives ${name} ${problem}`, hint);
  }
  return variables;
}

function valueFault(text: string): string | null {
  return text.includes("\0") || !text.isWellFormed()
    ? "holds a character that no program can be given"
    : null;
}

function checkVariables(
  mapping: Mapping,
  { variables, fileVariables }: Pick<Service, "variables" | "fileVariables">,
): void {
  const twice = [...fileVariables.keys()].find((name) => variables.has(name));
  if (twice !== undefined) {
    mapping.refuse("env_files", `has ${twice}, which env has as well`, "Leave one of them out.");
  }
  if (variables.size + fileVariables.size > limits.MAX_SERVICE_VARIABLES) {
    const problem = `has, with env_files, over ${limits.MAX_SERVICE_VARIABLES} variables`;
    mapping.refuse("env", problem, "Put them into a file, and deliver that.");
  }
}

function readHealth(mapping: Mapping, problems: Problems): ServiceHealth | null {
  const node = mapping.value("health");
  if (node === undefined) return null;
  const health = Mapping.read(node, { form: HEALTH_FORM, problems });
  if (health === null) return null;
  if (!health.has("run")) health.miss("run", "Write run: [program, argument]; 0 means well.");
  const command = readCommand(health, "run");
  const bounds = { min: 1, max: limits.MAX_SERVICE_HEALTH_S };
  const read = {
    intervalS: health.duration("interval", bounds) ?? DEFAULT_SERVICE_HEALTH_S,
    timeoutS: health.duration("timeout", bounds) ?? DEFAULT_SERVICE_HEALTH_TIMEOUT_S,
    retries: health.integer("retries", { min: 1, max: limits.MAX_SERVICE_RETRIES }) ??
      DEFAULT_SERVICE_HEALTH_RETRIES,
  };
  return command === undefined ? null : { command, ...read };
}

function readWatches(mapping: Mapping, problems: Problems): readonly string[] {
  const hint = "Write a list of files and folders on the agent: [db.password, tls].";
  const paths = new Set<string>();
  for (const { text, place } of mapping.textList("restart_on_change", hint) ?? []) {
    // A folder is named with or without a slash behind it, as elsewhere.
    const path = text.length > 1 ? text.replace(/\/$/, "") : text;
    const fault = findPathFault(path);
    if (fault !== null) {
      problems.add(place, `restart_on_change holds ${quoted(text)}, which ${fault}`, hint);
    } else if (paths.has(path)) {
      problems.add(place, `restart_on_change names ${quoted(text)} twice`, "Name each once.");
    }
    paths.add(path);
  }
  if (paths.size > limits.MAX_SERVICE_WATCHES) {
    const problem = `names over ${limits.MAX_SERVICE_WATCHES} paths`;
    mapping.refuse("restart_on_change", problem, "Name a folder that they are in.");
  }
  return [...paths];
}

/** Reads which services a group or a component has. */
export function readServiceNames(
  mapping: Mapping,
  { services, problems }: {
    readonly services: ReadonlyMap<string, WrittenService | null>;
    readonly problems: Problems;
  },
): readonly string[] {
  const hint = "Write a list of services: [worker]. They are defined under services: of the app.";
  const names = new Set<string>();
  for (const { text: name, place } of mapping.textList("services", hint) ?? []) {
    if (names.has(name)) {
      problems.add(place, `services names ${quoted(name)} twice`, "Name each service once.");
    } else if (!services.has(name)) {
      const good = [...services].filter(([, one]) => one !== null).map(([known]) => known);
      const close = suggestName(name.slice(0, 100), good);
      const problem = `services names ${quoted(name)}, which is not defined under services: of ` +
        "the app";
      problems.add(place, problem, close === null ? hint : `Did you mean ${close}?`);
    }
    names.add(name);
  }
  return [...names];
}
