/**
 * `fluxvault-keeper service logs`: the last that a service wrote, and with `--follow` what it writes.
 *
 * @module
 */
import type { ReceiveStream } from "../../../protocol/mod.ts";
import {
  type CommandContext,
  EXIT_DONE,
  EXIT_FAILURE,
  sanitiseText,
  type TextOutput,
} from "../../../protocol/host/mod.ts";
import { formatAgentAddress } from "../../fleet/agent_address.ts";
import type { SERVICE_LOGS_OPTIONS } from "../../service_options.ts";
import { describeFailure } from "../calls/call_text.ts";
import { LogText } from "./log_text.ts";
import { callAgents, readService } from "./service_round.ts";

/** How long an agent may take to send what it has, and is not followed. */
const LOGS_TIMEOUT_MS = 60_000;

/** Runs the command. */
export async function run(context: CommandContext<typeof SERVICE_LOGS_OPTIONS>): Promise<number> {
  const { operands, settings: { follow }, signal, stdout, stderr } = context;
  const [agents, name] = readService(operands, "service logs APP/COMPONENT NAME");
  const action = "service-logs";
  const input = { Name: name, ...(follow ? { Follow: true } : {}) };
  let lost = 0;
  const writing = new Set<string>();
  const report = await callAgents(context, agents, {
    command: "service logs",
    action,
    input,
    call: async (desk, agent) => {
      const label = formatAgentAddress(agent.address);
      writing.add(label);
      const output = await desk.call(action, {
        input,
        signal,
        timeoutMs: follow ? Infinity : LOGS_TIMEOUT_MS,
        takeOutput: (stream) => {
          return copyLog(stream, { stdout, label: () => writing.size > 1 ? label : null });
        },
      });
      lost += lostOf(output);
      return output;
    },
  }).catch((error) => {
    // Whoever follows ends that himself.
    if (follow && signal.aborted) return null;
    throw error;
  });
  if (report === null) return EXIT_DONE;
  for (const agent of report.agents) {
    const line = describeFailure(agent);
    if (line !== null) await stderr.write(`${line}\n`);
  }
  for (const { message } of report.problems) {
    await stderr.write(`problem: ${sanitiseText(message)}\n`);
  }
  if (lost > 0) await stderr.write(`${lost} bytes were written too fast to be followed\n`);
  const isWhole = report.agents.length > 0 && report.problems.length === 0 &&
    report.agents.every(({ end }) => end?.kind === "answered");
  return isWhole || (follow && signal.aborted) ? EXIT_DONE : EXIT_FAILURE;
}

async function copyLog(
  stream: ReceiveStream,
  { stdout, label }: { readonly stdout: TextOutput; readonly label: () => string | null },
): Promise<void> {
  const text = new LogText({ isSafe: stdout.isTerminal, label });
  for await (const piece of stream) await stdout.write(text.add(piece));
  await stdout.write(text.end());
}

function lostOf(output: unknown): number {
  const { Lost = 0 } = Object(output) as { readonly Lost?: unknown };
  return typeof Lost === "number" && Lost > 0 ? Lost : 0;
}
