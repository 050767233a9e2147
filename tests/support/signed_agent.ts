/** The real agent program where keepers have to sign, and what becomes of keepers that dial it. */
import type { DeliveryReport } from "../../protocol/exchange.ts";
import { ConnectionError, FluxVaultError } from "../../protocol/errors.ts";
import type { JsonLine } from "./followed_process.ts";
import { portAt } from "./free_port.ts";
import { deliverSigned, type SignedDelivery } from "./signing.ts";
import type { ProgramStart } from "./running_program.ts";
import type { RunningAgent, Site } from "./site.ts";

/** How to start an agent. */
export interface SignedAgentStart {
  /** Names its folder below the site's. @default "agent" */
  readonly name?: string;
  /** The address that it listens on. @default "127.0.0.1" */
  readonly host?: string;
  /** The port that it listens on. @default one that is its own, also when it is started again */
  readonly port?: number;
  /** The addresses whose signature counts; none for the app's owner. @default {[]} */
  readonly zelids?: readonly string[];
  /** Further arguments. */
  readonly args?: readonly string[];
  /** Variables. */
  readonly variables?: Readonly<Record<string, string>>;
  /** How else the process is started. */
  readonly process?: Omit<ProgramStart, "args" | "cwd" | "variables">;
}

/** Returns the arguments of an agent in a folder of the site. */
export function folderArgs(site: Site, start: SignedAgentStart): string[] {
  const { name = "agent", host = "127.0.0.1", port = 0 } = start;
  return [
    ...["--bind-address", host, "--bind-port", `${portAt(host, port)}`, "--json"],
    ...["--working-dir", site.path(`${name}/files`), "--state-dir", site.path(`${name}/state`)],
  ];
}

/** Starts an agent to which every keeper signs, and waits until it listens. */
export async function startSignedAgent(
  site: Site,
  start: SignedAgentStart = {},
): Promise<RunningAgent> {
  const { zelids = [], args = [], variables = {} } = start;
  const asked = ["--signed-vault-connections", ...zelids.map((zelid) => `--zelid=${zelid}`)];
  return await startPlainAgent(site, { ...start, args: [...asked, ...args], variables });
}

/** Starts an agent with these arguments alone, and waits until it listens. */
export async function startPlainAgent(
  site: Site,
  start: SignedAgentStart = {},
): Promise<RunningAgent> {
  const { name = "agent", host = "127.0.0.1", args = [], variables = {}, process = {} } = start;
  await Deno.mkdir(site.path(name), { recursive: true });
  const program = site.start("agent", [...folderArgs(site, start), ...args], {
    ...process,
    variables,
  });
  const line = await program.waitForJson(({ event }) => event === "listening");
  return {
    program,
    host,
    port: line.port,
    address: `${host}:${line.port}`,
    fingerprint: line.fingerprint,
    files: site.path(`${name}/files`),
    state: site.path(`${name}/state`),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** Waits for what an agent says that it vouches for. */
export function restoredLine(agent: RunningAgent): Promise<JsonLine> {
  return agent.program.waitForJson(({ event }) => event === "restored");
}

/** Says in a word what became of an attempt: `delivered`, or the code of its failure. */
export async function outcomeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "delivered";
  } catch (error) {
    // How a connection ends to somebody who gets no byte depends on the system.
    if (error instanceof ConnectionError) return "no answer";
    if (error instanceof FluxVaultError) return error.code;
    throw error;
  }
}

/** Delivers and says in a word what became of it. */
export function tryDelivery(
  agent: RunningAgent,
  files: Readonly<Record<string, string>>,
  delivery: SignedDelivery,
): Promise<string> {
  return outcomeOf(deliverSigned(agent, files, delivery));
}

/** Returns how each file of a delivery ended. */
export function endsOf({ files }: DeliveryReport): Record<string, string> {
  return Object.fromEntries(files.map(({ path, outcome }) => [path, outcome]));
}
