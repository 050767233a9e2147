/**
 * `fluxvault-keeper call`: has agents do something, and shows what each answers.
 *
 * @module
 */
import {
  type CallDesk,
  CallError,
  ConfigError,
  FluxVaultError,
  LIST_ACTIONS,
  type ListedAction,
  UNKNOWN_ACTION,
  type WholeCallOptions,
} from "../../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  EXIT_MISTAKE,
  sanitiseText,
  suggestName,
} from "../../../protocol/host/mod.ts";
import { describeValue } from "./value_text.ts";
import type { CALL_OPTIONS } from "../../call_options.ts";
import { CALL_HINT_TIMEOUT_MS } from "../../limits.ts";
import { formatAgentAddress } from "../../fleet/agent_address.ts";
import { findSentFile, receiveFile, type SentFile } from "./call_files.ts";
import { readInput } from "./given_input.ts";
import { CallRound, codeOfEnd, type RoundReport } from "./call_round.ts";
import { readMeantAgents } from "./meant_agents.ts";
import { checkOutFile } from "../out_file.ts";

type CallContext = CommandContext<typeof CALL_OPTIONS>;

const FORM = "Write call APP/COMPONENT ACTION [KEY=TEXT|KEY:=JSON...].";
const ACTION = /^[a-z][a-z0-9-]{0,63}$/;
/** What is the operator's mistake where all agents say it. */
const MISTAKES: ReadonlySet<string> = new Set([UNKNOWN_ACTION, "input-malformed"]);

/** A call that an agent does not take, and what it takes instead, in words. */
class HintedError extends CallError {
  constructor(error: CallError, hint: string) {
    super(error.code, error.message, { cause: error, hint });
  }
}

/** Runs the command. */
export async function run(given: CallContext): Promise<number> {
  const { operands, settings, stderr } = given;
  const [app, action, ...members] = operands;
  if (app === undefined || action === undefined) {
    throw new ConfigError("which agents to call, and the action, have to be named", { hint: FORM });
  }
  if (!ACTION.test(action)) {
    throw new ConfigError("an action is named by letters, digits and hyphens, in lower case", {
      hint: FORM,
    });
  }
  const input = await readInput(given, members);
  const sent = settings.stream === undefined ? null : await findSentFile(settings.stream);
  if (settings.out !== undefined) await checkOutFile(settings.out);
  const { patterns, appName } = readMeantAgents(app, given);
  const context = { ...given, settings: { ...settings, appName } };
  const round = await CallRound.open(context, { command: "call", patterns });
  const report = await round.call({
    action,
    input,
    // One file takes the bytes of one agent.
    isOne: settings.one || settings.out !== undefined,
    call: async (desk, { address }) => {
      const tell = async (output: unknown): Promise<void> => {
        if (settings.quiet) return;
        const text = sanitiseText(JSON.stringify(output) ?? "", { maxLength: 1_000 });
        await stderr.write(`${formatAgentAddress(address)}: ${text}\n`);
      };
      const telling: Promise<void>[] = [];
      const options = callOptions(given, { input, sent });
      const answer = await callWithHint(desk, action, {
        ...options,
        onProgress: (output) => void telling.push(tell(output)),
      });
      await Promise.all(telling);
      return answer;
    },
  });
  await print(given, action, report);
  return statusOf(report);
}

function callOptions(
  { settings: { timeoutMs, out }, signal }: CallContext,
  { input, sent }: { readonly input: unknown; readonly sent: SentFile | null },
): WholeCallOptions {
  return {
    signal,
    timeoutMs,
    ...(input === undefined ? {} : { input }),
    ...(sent === null ? {} : { bytes: sent.open() }),
    ...(sent === null || sent.size === null ? {} : { size: sent.size }),
    ...(out === undefined
      ? {}
      : { takeOutput: async (stream) => void await receiveFile(out, stream) }),
  };
}

/** Calls; where the agent does not take the call, it is asked what it takes instead. */
async function callWithHint(
  desk: CallDesk,
  action: string,
  options: WholeCallOptions,
): Promise<unknown> {
  try {
    return await desk.call(action, options);
  } catch (error) {
    if (!(error instanceof CallError) || !MISTAKES.has(error.code)) throw error;
    const hint = await findHint(desk, action, error.code);
    throw hint === null ? error : new HintedError(error, hint);
  }
}

async function findHint(desk: CallDesk, action: string, code: string): Promise<string | null> {
  let listed: readonly ListedAction[];
  try {
    const input = code === UNKNOWN_ACTION ? {} : { input: { Name: action } };
    listed = await desk.call(LIST_ACTIONS, { ...input, timeoutMs: CALL_HINT_TIMEOUT_MS });
  } catch (error) {
    if (error instanceof FluxVaultError) return null;
    throw error;
  }
  if (code !== UNKNOWN_ACTION) {
    const [entry] = listed;
    return entry === undefined || entry.input === null
      ? null
      : `it takes ${describeValue(entry.input)}`;
  }
  const near = suggestName(action, listed.map(({ name }) => name));
  return near === null ? null : `did you mean ${near}?`;
}

async function print(
  { settings, stdout }: CallContext,
  action: string,
  report: RoundReport,
): Promise<void> {
  if (settings.json) {
    const { formatCallsJson } = await import("./call_json.ts");
    await stdout.write(formatCallsJson(action, report));
  } else {
    const { formatCallsText } = await import("./call_text.ts");
    await stdout.write(formatCallsText(action, report));
  }
}

function statusOf({ agents, problems }: RoundReport): number {
  const ends = agents.map(({ end }) => end);
  if (ends.length > 0 && problems.length === 0 && ends.every((end) => end?.kind === "answered")) {
    return EXIT_DONE;
  }
  const isMistake = ends.length > 0 &&
    ends.every((end) => end?.kind === "failed" && MISTAKES.has(codeOfEnd(end)));
  return isMistake ? EXIT_MISTAKE : EXIT_FAILURE;
}
