/**
 * Contracts of actions by schemas: what both ends check, and what is said of an action.
 *
 * @module
 */
import type { ActionContract } from "../calls/action_contract.ts";
import type { ActionDescription, ValueDescription } from "../calls/action_description.ts";
import { checkActionName } from "../calls/call_value.ts";
import type { StandardSchema } from "./standard_schema.ts";
import { describeSchema, NOTHING, readBySchema } from "./value_check.ts";

/**
 * What is said of an action, and what goes in and comes out.
 *
 * Whoever sends a value checks it and sends it as it is; whoever receives it works with what the schema
 * makes of it. So a schema that makes a date of a text is sent the text, from either end.
 */
export interface ContractOptions<SentInput, Input, SentOutput, Output> {
  /** What it does: a sentence, of at most 512 characters. @default {nothing} */
  readonly describe?: string;
  /** What it takes. @default {it takes nothing} */
  readonly input?: StandardSchema<SentInput, Input>;
  /** What it answers. @default {anything, unchecked} */
  readonly output?: StandardSchema<SentOutput, Output>;
  /** What it takes, as a text or a JSON Schema. @default {what the schema says of itself} */
  readonly describeInput?: ValueDescription;
  /** What it answers, as a text or a JSON Schema. @default {what the schema says of itself} */
  readonly describeOutput?: ValueDescription;
}

/** What both ends of an action share; a desk takes it in the place of a name. */
export interface DefinedContract<SentInput, Input, SentOutput, Output>
  extends ActionContract<SentInput, Output> {
  /** What is said of the action. */
  readonly description: ActionDescription;
  /** What it was made of. */
  readonly options: ContractOptions<SentInput, Input, SentOutput, Output>;
  /** Checks what is about to be sent. */
  checkInput(input: unknown): Promise<void>;
  /** Reads what an action answered. */
  parseOutput(output: unknown): Promise<Output>;
}

/**
 * Makes a contract that both ends of an action can share.
 *
 * @throws {TypeError} if the name is none.
 *
 * @example
 * ```ts
 * import { ANY_JSON, defineContract } from "@fluxvault/fluxvault/protocol";
 *
 * const rotateLogs = defineContract("rotate-logs", {
 *   describe: "Removes log files that are older than some days.",
 *   input: ANY_JSON,
 *   describeInput: "days: a number",
 * });
 * console.assert(rotateLogs.description.input === "days: a number");
 * // A keeper: `await desk.call(rotateLogs, { input: { days: 7 } })`
 * ```
 */
export function defineContract<
  SentInput = undefined,
  Input = SentInput,
  SentOutput = unknown,
  Output = SentOutput,
>(
  name: string,
  options: ContractOptions<SentInput, Input, SentOutput, Output> = {},
): DefinedContract<SentInput, Input, SentOutput, Output> {
  checkActionName(name);
  const { output } = options;
  const input: StandardSchema<unknown, unknown> = options.input ?? NOTHING;
  return {
    name,
    options,
    description: describe(options),
    checkInput: async (value) => {
      await readBySchema(input, value, `the input of ${name}`);
    },
    // Without a schema nobody has said what it is, and so it is not known to be anything else.
    parseOutput: async (value) =>
      output === undefined
        ? value as Output
        : await readBySchema(output, value, `the output of ${name}`),
  };
}

function describe<SentInput, Input, SentOutput, Output>(
  options: ContractOptions<SentInput, Input, SentOutput, Output>,
): ActionDescription {
  const { describe, input, output } = options;
  const takes = options.describeInput ?? describeSchema(input, "input");
  const answers = options.describeOutput ?? describeSchema(output, "output");
  return {
    ...(describe === undefined ? {} : { describe }),
    ...(takes === null ? {} : { input: takes }),
    ...(answers === null ? {} : { output: answers }),
  };
}
