/**
 * `fluxvault-keeper service list`: how the services of agents stand.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import { EXIT_DONE, EXIT_FAILURE } from "../../../protocol/host/mod.ts";
import { CALL_HINT_TIMEOUT_MS } from "../../limits.ts";
import type { CalledReport } from "../calls/call_round.ts";
import { callAgents, readTold, type ServiceContext, type ToldService } from "./service_round.ts";
import { formatServicesJson, formatServicesText, isToldWell } from "./service_text.ts";

/** Runs the command. */
export async function run(context: ServiceContext): Promise<number> {
  const { operands, settings, signal, stdout } = context;
  const [operand, ...others] = operands;
  if (others.length > 0) {
    throw new ConfigError("one app at a time is asked", {
      hint: "Write service list, or service list APP/COMPONENT.",
    });
  }
  const action = "service-list";
  const report = await callAgents(context, operand, {
    command: "service list",
    action,
    input: undefined,
    call: (desk) => desk.call(action, { timeoutMs: CALL_HINT_TIMEOUT_MS, signal }),
  });
  const format = settings.json ? formatServicesJson : formatServicesText;
  await stdout.write(format(report, servicesOf));
  const { agents, problems } = report;
  const isWhole = agents.length > 0 && problems.length === 0 &&
    agents.every((agent) => agent.end?.kind === "answered" && servicesOf(agent).every(isToldWell));
  return isWhole ? EXIT_DONE : EXIT_FAILURE;
}

function servicesOf({ end }: CalledReport): readonly ToldService[] {
  if (end?.kind !== "answered" || !Array.isArray(end.output)) return [];
  return end.output.map(readTold);
}
