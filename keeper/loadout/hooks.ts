/**
 * The hooks of an app: how its components are told that something of theirs changed.
 *
 * @module
 */
import {
  encodeUtf8,
  findPathFault,
  type Hook,
  type HookAction,
  limits,
} from "../../protocol/mod.ts";
import { DEFAULT_HOOK_TIMEOUT_S, MAX_HOOK_COMMAND_BYTES } from "./limits.ts";
import { Mapping } from "./mapping.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import type { YamlNode } from "./yaml_tree.ts";

/** The keys of a hook. */
export const HOOK_KEYS = ["run", "touch", "signal", "pid_file", "timeout"] as const;

/** The signals that a hook may send. */
export const HOOK_SIGNALS = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGTERM",
  "SIGKILL",
  "SIGCONT",
  "SIGWINCH",
] as const;

const FORM = { what: "a hook", keys: HOOK_KEYS } as const;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ACTIONS = ["run", "touch", "signal"] as const;
const ONE_ACTION = "Give it one of run: [program, argument], touch: path or signal: SIGHUP.";
const COMMAND =
  "Write the program and its arguments as a list: [nginx, -s, reload]. No shell reads " +
  "it.";

/** A hook and where it is defined. */
export interface WrittenHook {
  /** The hook. */
  readonly hook: Hook;
  /** Where its name is. */
  readonly place: Place;
}

/** Reads the hooks of an app; the names of those that cannot be used are in the result as well. */
export function readHooks(
  node: YamlNode,
  problems: Problems,
): ReadonlyMap<string, WrittenHook | null> {
  const hooks = new Map<string, WrittenHook | null>();
  if (node.kind !== "mapping") {
    const hint = "Write a name and below it run, touch or signal, or leave hooks out.";
    const problem = node.kind === "nothing" ? "has no value" : "has to be a mapping of names";
    problems.add(node.place, `hooks ${problem}`, hint);
    return hooks;
  }
  if (node.members.length > limits.MAX_HOOKS) {
    const problem = `there are over ${limits.MAX_HOOKS} hooks`;
    problems.add(node.place, problem, "Leave out those that no state directive names.");
  }
  for (const { key, keyPlace, value } of node.members) {
    const isGood = NAME.test(key);
    if (!isGood) {
      const hint = "Use lower-case letters, digits and inner hyphens, at most 63 of them.";
      problems.add(keyPlace, `a hook cannot be called ${quoted(key)}`, hint);
    }
    const hook = readHook(key, value, problems);
    hooks.set(key, hook === null || !isGood ? null : { hook, place: keyPlace });
  }
  return hooks;
}

function readHook(name: string, node: YamlNode, problems: Problems): Hook | null {
  const mapping = Mapping.read(node, { form: FORM, problems });
  if (mapping === null) return null;
  const given = ACTIONS.filter((action) => mapping.has(action));
  const timeoutS = mapping.duration("timeout", { min: 1, max: limits.MAX_HOOK_TIMEOUT_S });
  const pidFile = readPath(mapping, "pid_file");
  if (given.length > 1) {
    const problem = `the hook ${quoted(name)} has ${given.join(" and ")}`;
    problems.add(mapping.placeOf(given[1] ?? ""), problem, ONE_ACTION);
    return null;
  }
  if (mapping.has("pid_file") && given[0] !== "signal") {
    mapping.refuse("pid_file", "has no use without signal", "Add signal: SIGHUP, or leave it out.");
  }
  const action = readAction(mapping, pidFile ?? null);
  if (given.length === 0) {
    problems.add(mapping.place, `the hook ${quoted(name)} does nothing`, ONE_ACTION);
  }
  return action === null ? null : { name, action, timeoutS: timeoutS ?? DEFAULT_HOOK_TIMEOUT_S };
}

function readAction(mapping: Mapping, pidFile: string | null): HookAction | null {
  const command = readCommand(mapping, "run");
  if (command !== undefined) return { kind: "run", command };
  const path = readPath(mapping, "touch");
  if (path !== undefined) return { kind: "touch", path };
  const signal = readSignal(mapping);
  return signal === undefined ? null : { kind: "signal", signal, pidFile };
}

/** Reads a program and its arguments. */
export function readCommand(mapping: Mapping, key: string): readonly string[] | undefined {
  const words = mapping.textList(key, COMMAND)?.map(({ text }) => text);
  if (words === undefined) return undefined;
  if (words.length === 0) return mapping.refuse(key, "names no program", COMMAND);
  if (words.length > limits.MAX_HOOK_ARGUMENTS) {
    const problem = `has over ${limits.MAX_HOOK_ARGUMENTS} words`;
    return mapping.refuse(key, problem, "Put the command into a script.");
  }
  if (encodeUtf8(JSON.stringify(words)).length > MAX_HOOK_COMMAND_BYTES) {
    const problem = `has over ${MAX_HOOK_COMMAND_BYTES} bytes`;
    return mapping.refuse(key, problem, "Put the command into a script.");
  }
  if (words.some((word) => word.includes("\0") || !word.isWellFormed())) {
    return mapping.refuse(key, "holds a character that no program can be given", COMMAND);
  }
  return words;
}

function readPath(mapping: Mapping, key: "touch" | "pid_file"): string | undefined {
  const hint = "Write a path on the agent, such as /run/app/changed, without .. on the way.";
  const text = mapping.text(key, hint);
  if (text === undefined) return undefined;
  const fault = findPathFault(text);
  return fault === null ? text : mapping.refuse(key, `is ${quoted(text)}, which ${fault}`, hint);
}

function readSignal(mapping: Mapping): string | undefined {
  const member = mapping.value("signal");
  if (member?.kind === "text" && /^(?!SIG)[A-Z0-9]+$/i.test(member.text)) {
    const name = `SIG${member.text.toUpperCase()}`;
    if (HOOK_SIGNALS.some((signal) => signal === name)) {
      return mapping.refuse("signal", `is ${quoted(member.text)}`, `Write ${name}.`);
    }
  }
  return mapping.choice("signal", HOOK_SIGNALS);
}
