/**
 * The action by which one end tells what else it can do: `actions` (spec, section 13).
 *
 * @module
 */
import { encodeUtf8 } from "../bytes.ts";
import type { Action } from "../calls/action.ts";
import type { ValueDescription } from "../calls/action_description.ts";
import { CALL_WORD } from "../calls/call_messages.ts";
import { checkCallValue } from "../calls/call_value.ts";
import type { SessionCalls } from "../calls/session_calls.ts";
import { MAX_CALL_VALUE_BYTES } from "../limits.ts";
import { ActionRegister } from "./action_register.ts";
import { defineAction, type DefinedAction } from "./defined_action.ts";
import type { StandardSchema } from "./standard_schema.ts";
import { defineContract, type DefinedContract } from "./defined_contract.ts";

/** An action of the peer, by its own word. */
export interface ListedAction {
  /** The name. */
  readonly name: string;
  /** What it does, or `null`; text of a peer. */
  readonly describe: string | null;
  /** What it takes, or `null`; text of a peer, or a JSON Schema that nobody has checked. */
  readonly input: ValueDescription | null;
  /** What it answers, or `null`; as the input. */
  readonly output: ValueDescription | null;
}

/** How many characters of what an action says of itself are told. */
const MAX_DESCRIPTION_LENGTH = 512;
/** The bytes of JSON of what goes in or out that are told of an action in a list. */
const MAX_SCHEMA_BYTES = 4_096;
/** How many actions are listed, and read. */
const MAX_LISTED_ACTIONS = 512;
/** How deep a description may nest below the list that it stands in: 15, and three around it. */
const LEVELS_AROUND = 3;

/** What `actions` takes: nothing, or the name of the one that is asked about. */
export interface ListActionsInput {
  /** The only action that is asked about. @default {all} */
  readonly Name?: string;
}

const INPUT: StandardSchema<ListActionsInput | undefined> = {
  "~standard": {
    version: 1,
    vendor: "fluxvault",
    validate(value) {
      if (value === undefined) return { value };
      const { Name } = isObject(value) ? value : {};
      if (isObject(value) && Name === undefined) return { value: {} };
      return typeof Name === "string" && CALL_WORD.test(Name)
        ? { value: { Name } }
        : { issues: [{ message: "a name of an action is needed", path: ["Name"] }] };
    },
  },
};

const OUTPUT: StandardSchema<unknown, readonly ListedAction[]> = {
  "~standard": {
    version: 1,
    vendor: "fluxvault",
    validate: (value) =>
      Array.isArray(value)
        ? { value: value.slice(0, MAX_LISTED_ACTIONS).flatMap(readListed) }
        : { issues: [{ message: "a list is needed" }] },
  },
};

/**
 * What to call to learn which actions the peer has; entries that are none are left out.
 *
 * @example
 * ```ts
 * import {
 *   converseAsKeeper,
 *   defineAction,
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   LIST_ACTIONS,
 *   MemorySecretStore,
 *   openActionRegister,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const ping = defineAction("ping", { describe: "Answers", run: () => "pong" });
 * const register = openActionRegister({ actions: [ping] });
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const introduction = { identity, instance: randomBytes(16), software: "my-app/1" };
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, ...introduction, wants: ["calls"] }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const calls = { source: register };
 * const receiving = receiveAsAgent(agent, new MemorySecretStore(), { calls });
 * const listed = await converseAsKeeper(keeper, (desk) => desk.call(LIST_ACTIONS));
 * console.assert(listed.find(({ name }) => name === "ping")?.describe === "Answers");
 * await receiving;
 * ```
 */
export const LIST_ACTIONS: DefinedContract<
  ListActionsInput | undefined,
  ListActionsInput | undefined,
  unknown,
  readonly ListedAction[]
> = defineContract("actions", {
  describe: "Lists the actions that can be called, or describes the one that is named.",
  input: INPUT,
  output: OUTPUT,
  describeInput: {
    type: "object",
    properties: { Name: { type: "string", description: "the only action that is asked about" } },
  },
  describeOutput: "a list of objects with Name, Describe, Input and Output",
});

/**
 * Makes the action that lists what is offered whenever it is called.
 *
 * @example
 * ```ts
 * import {
 *   ActionRegister,
 *   converseAsKeeper,
 *   defineAction,
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   LIST_ACTIONS,
 *   listActionsBy,
 *   MemorySecretStore,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * const register = new ActionRegister();
 * register.add(defineAction("ping", { run: () => "pong" }));
 * register.add(defineAction("debug", { run: () => "much" }));
 * // Nobody is told of `debug`, though who knows of it can call it.
 * register.add(listActionsBy(() => register.list().filter(({ name }) => name !== "debug")));
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const introduction = { identity, instance: randomBytes(16), software: "my-app/1" };
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, ...introduction, wants: ["calls"] }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const calls = { source: register };
 * const receiving = receiveAsAgent(agent, new MemorySecretStore(), { calls });
 * const listed = await converseAsKeeper(keeper, (desk) => desk.call(LIST_ACTIONS));
 * console.assert(listed.map(({ name }) => name).join() === "actions,ping");
 * await receiving;
 * ```
 */
export function listActionsBy(
  list: () => readonly Action[],
): DefinedAction<ListActionsInput | undefined, unknown> {
  const { describe, describeInput, describeOutput } = LIST_ACTIONS.options;
  return defineAction("actions", {
    ...(describe === undefined ? {} : { describe }),
    input: INPUT,
    ...(describeInput === undefined ? {} : { describeInput }),
    ...(describeOutput === undefined ? {} : { describeOutput }),
    run(_context, input) {
      const name = input?.Name;
      const all = list();
      if (name === undefined) return fitted(all.slice(0, MAX_LISTED_ACTIONS));
      return all.filter((action) => action.name === name).map((action) => entryOf(action));
    },
  });
}

/**
 * Opens a register that has `actions`, and what else is offered from the beginning.
 *
 * @throws {TypeError} if a name is none, or stands twice.
 *
 * @example
 * ```ts
 * import { defineAction, openActionRegister } from "@fluxvault/fluxvault/protocol";
 *
 * const register = openActionRegister({ actions: [defineAction("ping", { run: () => "pong" })] });
 * // For `receiveAsAgent(session, store, { calls: { source: register } })`.
 * console.assert(register.list().map(({ name }) => name).join() === "actions,ping");
 * ```
 */
export function openActionRegister(
  { actions = [], source }: Pick<SessionCalls, "actions" | "source"> = {},
): ActionRegister {
  const register = new ActionRegister(source);
  for (const action of actions) register.add(action);
  register.add(listActionsBy(() => register.list()));
  return register;
}

/** Writes a list that fits a message: where it would not, schemas are left out, the last first. */
function fitted(actions: readonly Action[]): unknown[] {
  const entries = actions.map((action) => entryOf(action, MAX_SCHEMA_BYTES));
  let bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 2);
  for (let i = entries.length - 1; i >= 0 && bytes > MAX_CALL_VALUE_BYTES; i--) {
    const { Input: _input, Output: _output, ...short } = entries[i] ?? {};
    bytes -= sizeOf(entries[i]) - sizeOf(short);
    entries[i] = short;
  }
  for (let i = entries.length - 1; i >= 0 && bytes > MAX_CALL_VALUE_BYTES; i--) {
    bytes -= sizeOf(entries[i]) - sizeOf({ Name: entries[i]?.["Name"] });
    entries[i] = { Name: entries[i]?.["Name"] };
  }
  return entries;
}

function sizeOf(value: unknown): number {
  return encodeUtf8(JSON.stringify(value)).length + 1;
}

function entryOf(
  { name, description = {} }: Action,
  maxBytes: number = MAX_CALL_VALUE_BYTES / 4,
): Record<string, unknown> {
  const { describe, input, output } = description;
  return {
    Name: name,
    ...(describe === undefined ? {} : { Describe: cutText(describe) }),
    ...(isSendable(input, maxBytes) ? { Input: input } : {}),
    ...(isSendable(output, maxBytes) ? { Output: output } : {}),
  };
}

/** Cuts a text to its length, and leaves no half of a character. */
function cutText(text: string): string {
  return text.slice(0, MAX_DESCRIPTION_LENGTH).toWellFormed();
}

function isSendable(value: ValueDescription | undefined, maxBytes: number): boolean {
  if (value === undefined) return false;
  try {
    let around: unknown = value;
    for (let i = 0; i < LEVELS_AROUND; i++) around = [around];
    checkCallValue(around, "a description");
    return sizeOf(value) <= maxBytes;
  } catch {
    return false;
  }
}

function readListed(value: unknown): ListedAction[] {
  if (!isObject(value)) return [];
  const { Name, Describe, Input, Output } = value;
  if (typeof Name !== "string" || !CALL_WORD.test(Name)) return [];
  return [{
    name: Name,
    describe: typeof Describe === "string" ? cutText(Describe) : null,
    input: readDescription(Input),
    output: readDescription(Output),
  }];
}

function readDescription(value: unknown): ValueDescription | null {
  return typeof value === "string" || isObject(value) ? value : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
