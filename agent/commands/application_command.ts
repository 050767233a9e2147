/**
 * The command behind `--`, which an agent that is its entrypoint starts, as the operator says it.
 *
 * Loaded only where there is one.
 *
 * @module
 */
import { ConfigError, findPathFault } from "../../protocol/mod.ts";
import { settingError } from "../../protocol/host/mod.ts";
import type { SecretInputs } from "../application/secret_inputs.ts";
import type { ServeContext } from "./serve_context.ts";

/** The application of an agent that is its entrypoint. */
export interface ApplicationSettings {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The files that it waits for; none for all of the first manifest. */
  readonly waitFor: readonly string[];
  /** How long it waits, in milliseconds; `null` for ever. */
  readonly waitTimeoutMs: number | null;
  /** What it gets after a change: `none`, `restart`, or a signal. */
  readonly onChange: string;
  /** How long it may take to end, in milliseconds. */
  readonly stopTimeoutMs: number;
  /** What it gets of the files. */
  readonly inputs: SecretInputs;
}

/** A command as it was given. */
export interface GivenCommand {
  /** The program and its arguments. */
  readonly rest: readonly string[];
  /** What is said of it. */
  readonly settings: NonNullable<ServeContext["settings"]["application"]>;
  /** Whether this process may run programs. */
  readonly mayRun: boolean;
}

const MAX_DESCRIPTOR = 63;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const HINT = "Start the variant that may, deno task agent:run or fluxvault-agent-run.";

/**
 * Reads what the operator says of the command behind `--`.
 *
 * @throws {ConfigError} where it cannot be read, or this process may not start it.
 */
export function readApplication(
  context: ServeContext,
  { rest, settings, mayRun }: GivenCommand,
): ApplicationSettings {
  if ((rest[0] ?? "") === "") {
    throw new ConfigError("no command stands behind --", {
      hint: "Write the program and its arguments behind it, or leave -- out.",
    });
  }
  if (!mayRun) {
    throw new ConfigError(
      "the command behind -- cannot be started: this agent was started without the permission to " +
        "run programs",
      { hint: HINT },
    );
  }
  if (Deno.build.os === "windows") {
    throw new ConfigError("the command behind -- cannot be started: Windows has no signals", {
      hint: "Start the application by itself, and the agent beside it.",
    });
  }
  const inputs = readInputs(context, settings);
  const paths = [...inputs.variables.values(), ...inputs.descriptors.values()];
  const waitFor = readPaths(context, settings.waitFor);
  return {
    command: rest,
    waitFor: waitFor.length === 0 ? [] : [...new Set([...waitFor, ...paths])],
    waitTimeoutMs: settings.waitTimeoutMs ?? null,
    onChange: settings.onChange,
    stopTimeoutMs: settings.stopTimeoutMs,
    inputs,
  };
}

function readPaths({ resolved }: ServeContext, paths: readonly string[]): readonly string[] {
  for (const path of paths) checkPath(resolved, { name: "wait-for", path });
  return paths;
}

function readInputs(
  { resolved }: ServeContext,
  settings: NonNullable<ServeContext["settings"]["application"]>,
): SecretInputs {
  const variables = new Map<string, string>();
  for (const [name, path] of readPairs(resolved, { name: "env", items: settings.env })) {
    const fault = !VARIABLE.test(name)
      ? `has ${JSON.stringify(name)}, which is no name of a variable`
      : /^fluxvault_/i.test(name)
      ? `has ${name}: what begins so is the agent's own, and not handed on`
      : variables.has(name)
      ? `gives ${name} twice`
      : null;
    if (fault !== null) throw settingError(resolved, { name: "env", problem: fault });
    variables.set(name, path);
  }
  const descriptors = new Map<number, string>();
  if (settings.stdin !== undefined) {
    checkPath(resolved, { name: "stdin", path: settings.stdin });
    descriptors.set(0, settings.stdin);
  }
  for (const [text, path] of readPairs(resolved, { name: "fd", items: settings.fd })) {
    const number = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
    const fault = !(number >= 3 && number <= MAX_DESCRIPTOR)
      ? `has ${JSON.stringify(text)}, which is no number from 3 to ${MAX_DESCRIPTOR}`
      : descriptors.has(number)
      ? `gives ${number} twice`
      : null;
    if (fault !== null) throw settingError(resolved, { name: "fd", problem: fault });
    descriptors.set(number, path);
  }
  return { variables, descriptors };
}

type Resolved = ServeContext["resolved"];

/** Reads items of the form `NAME=PATH`. */
function readPairs(
  resolved: Resolved,
  { name, items }: { readonly name: "env" | "fd"; readonly items: readonly string[] },
): [string, string][] {
  return items.map((item) => {
    const at = item.indexOf("=");
    if (at < 0) {
      throw settingError(resolved, {
        name,
        problem: `has ${JSON.stringify(item)}, which names no file`,
        hint: name === "env" ? "Write DB_PASSWORD=db.password." : "Write 3=db.password.",
      });
    }
    const path = item.slice(at + 1);
    checkPath(resolved, { name, path });
    return [item.slice(0, at), path];
  });
}

function checkPath(
  resolved: Resolved,
  { name, path }: { readonly name: string; readonly path: string },
): void {
  const fault = findPathFault(path);
  if (fault === null) return;
  throw settingError(resolved, {
    name,
    problem: `has a path that ${fault}`,
    hint: "Write paths as the keeper does: relative to the working folder, or absolute.",
  });
}
