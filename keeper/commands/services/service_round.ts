/**
 * A round of calls about services, and what agents answer of them.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import type { CommandContext } from "../../../protocol/host/mod.ts";
import type { SERVICE_OPTIONS } from "../../service_options.ts";
import { CallRound, type RoundReport, type RoundWork } from "../calls/call_round.ts";
import { readMeantAgents } from "../calls/meant_agents.ts";

/** What the commands about services are given. */
export type ServiceContext = CommandContext<typeof SERVICE_OPTIONS>;

/** How a service stands by the word of its agent; each is made harmless before it is shown. */
export interface ToldService {
  /** Its name. */
  readonly name: string;
  /** What it is doing. */
  readonly state: string;
  /** Why, or `null`. */
  readonly code: string | null;
  /** The number of its process, or `null`. */
  readonly pid: number | null;
  /** Since when, as ISO 8601, or `null`. */
  readonly since: string | null;
  /** How often it was started. */
  readonly starts: number;
  /** How it was found the last time, or `null`. */
  readonly health: string | null;
  /** How much memory it has in use, in bytes, or `null`. */
  readonly memoryBytes: number | null;
  /** How its last process ended, in words, or `null`. */
  readonly lastEnd: string | null;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * Reads which agents and which service are meant.
 *
 * @param form How the command is written.
 * @throws {ConfigError} where one is missing, or no service can be called so.
 */
export function readService(operands: readonly string[], form: string): readonly [string, string] {
  const [agents, name, ...others] = operands;
  if (agents === undefined || name === undefined || others.length > 0) {
    throw new ConfigError("which agents, and which service of theirs, have to be named", {
      hint: `Write ${form}.`,
    });
  }
  if (NAME.test(name)) return [agents, name];
  throw new ConfigError("a service is named by letters, digits and hyphens, in lower case", {
    hint: `Write ${form}.`,
  });
}

/** Calls the agents that are meant; what they are called for is put on record as of a command. */
export async function callAgents(
  given: ServiceContext,
  operand: string | undefined,
  { command, ...work }: RoundWork & { readonly command: string },
): Promise<RoundReport> {
  const { patterns, appName } = readMeantAgents(operand, given);
  const context = { ...given, settings: { ...given.settings, appName } };
  const round = await CallRound.open(context, { command, patterns });
  return await round.call(work);
}

/** Reads what an agent tells of a service; what it leaves out is not known. */
export function readTold(value: unknown): ToldService {
  const { Name, State, Code, Pid, Since, Starts, Health, MemoryBytes, LastEnd } = membersOf(value);
  return {
    name: textOf(Name) ?? "?",
    state: textOf(State) ?? "?",
    code: textOf(Code),
    pid: numberOf(Pid),
    since: textOf(Since),
    starts: numberOf(Starts) ?? 0,
    health: textOf(Health),
    memoryBytes: numberOf(MemoryBytes),
    lastEnd: readEnd(LastEnd),
  };
}

function readEnd(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  const { Code, Exit, Signal } = membersOf(value);
  const [exit, signal] = [numberOf(Exit), textOf(Signal)];
  const how = exit !== null ? `, exit status ${exit}` : signal === null ? "" : `, by ${signal}`;
  return `${textOf(Code) ?? "?"}${how}`;
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
