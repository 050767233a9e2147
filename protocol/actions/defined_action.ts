/**
 * Actions by schemas, with a limit of time of their own.
 *
 * @module
 */
import type { Action, CallContext } from "../calls/action.ts";
import type { ActionContract } from "../calls/action_contract.ts";
import { CallError } from "../calls/call_error.ts";
import { CallLimit } from "../calls/call_limit.ts";
import { untilAborted } from "../until_aborted.ts";
import { type ContractOptions, defineContract, type DefinedContract } from "./defined_contract.ts";
import { NOTHING, readBySchema } from "./value_check.ts";

/** What runs where an action is called. */
export interface ActionWork<Input, SentOutput> {
  /**
   * Does what was called for; see {@linkcode Action.run}. The input was checked, and so will be what is
   * returned.
   */
  readonly run: (context: CallContext, input: Input) => SentOutput | Promise<SentOutput>;
  /**
   * How long it may take, in milliseconds: then its signal fires, and the caller is told `timed-out`.
   *
   * @default {as long as the caller waits}
   */
  readonly timeoutMs?: number;
}

/** All that makes an action. */
export interface ActionOptions<SentInput, Input, SentOutput, Output>
  extends ContractOptions<SentInput, Input, SentOutput, Output>, ActionWork<Input, SentOutput> {}

/** An action whose input and output are checked. */
export interface DefinedAction<SentInput, Output> extends Action {
  /** What a caller takes in the place of its name to have both checked at that end, too. */
  readonly contract: ActionContract<SentInput, Output>;
}

/**
 * Makes an action.
 *
 * @throws {TypeError} if the name is none.
 *
 * @example
 * ```ts
 * import { CallError, defineAction, type StandardSchema } from "@fluxvault/fluxvault/protocol";
 *
 * // A schema of Valibot or Zod does as well.
 * const person: StandardSchema<{ readonly name: string }> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "my-app",
 *     validate: (value) =>
 *       typeof value === "object" && value !== null && "name" in value &&
 *         typeof value.name === "string"
 *         ? { value: { name: value.name } }
 *         : { issues: [{ message: "a name is needed", path: ["name"] }] },
 *   },
 * };
 * const greet = defineAction("greet", {
 *   describe: "Greets somebody.",
 *   input: person,
 *   run(_context, { name }) {
 *     if (name === "") throw new CallError("name-empty", "nobody is to be greeted");
 *     return `Hello, ${name}`;
 *   },
 * });
 * console.assert(greet.description?.describe === "Greets somebody.");
 * ```
 */
export function defineAction<
  SentInput = undefined,
  Input = SentInput,
  SentOutput = unknown,
  Output = SentOutput,
>(
  name: string,
  options: ActionOptions<SentInput, Input, SentOutput, Output>,
): DefinedAction<SentInput, Output> {
  return implementContract(defineContract(name, options), options);
}

/**
 * Makes an action of a contract that both ends share.
 *
 * @example
 * ```ts
 * import { ANY_JSON, defineContract, implementContract } from "@fluxvault/fluxvault/protocol";
 *
 * const echo = defineContract("echo", { input: ANY_JSON, output: ANY_JSON });
 * const action = implementContract(echo, { run: (_context, input) => input });
 * console.assert(action.contract === echo);
 * ```
 */
export function implementContract<SentInput, Input, SentOutput, Output>(
  contract: DefinedContract<SentInput, Input, SentOutput, Output>,
  { run, timeoutMs }: ActionWork<Input, SentOutput>,
): DefinedAction<SentInput, Output> {
  const { name, description, options: { input, output } } = contract;
  const takes = (input ?? NOTHING) as StandardSchemaOf<Input>;
  return {
    name,
    description,
    contract,
    parseInput: (value) => readBySchema(takes, value, `the input of ${name}`),
    async run(context, value): Promise<unknown> {
      // The session has read it by the schema already.
      const answer = await runInTime(name, timeoutMs, context, (limited) => {
        return run(limited, value as Input);
      });
      if (output === undefined) return answer;
      try {
        await readBySchema(output, answer, `the output of ${name}`);
      } catch (cause) {
        throw new CallError("output-malformed", "an action answers what it says it does not", {
          cause,
        });
      }
      return answer;
    },
  };
}

type StandardSchemaOf<Input> = NonNullable<
  ContractOptions<unknown, Input, unknown, unknown>["input"]
>;

/** Runs an action until it ends, or its time does. */
async function runInTime<T>(
  name: string,
  timeoutMs: number | undefined,
  context: CallContext,
  work: (context: CallContext) => T | Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return await work(context);
  const limit = new CallLimit(name, { signal: context.signal, timeoutMs });
  try {
    return await untilAborted(
      (async () => await work(limitContext(context, limit.signal)))(),
      limit.signal,
    );
  } finally {
    limit.clear();
  }
}

function limitContext(context: CallContext, signal: AbortSignal): CallContext {
  const { action, origin, isOneWay, stream, desk } = context;
  return {
    ...{ action, origin, isOneWay, stream, desk, signal },
    progress: (output) => context.progress(output),
    openOutput: (size) => context.openOutput(size),
  };
}
