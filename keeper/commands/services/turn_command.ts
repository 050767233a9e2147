/**
 * `fluxvault-keeper service restart`, `stop` and `start`.
 *
 * @module
 */
import { EXIT_DONE, EXIT_FAILURE } from "../../../protocol/host/mod.ts";
import type { CalledReport } from "../calls/call_round.ts";
import {
  callAgents,
  readService,
  readTold,
  type ServiceContext,
  type ToldService,
} from "./service_round.ts";
import { formatServicesJson, formatServicesText } from "./service_text.ts";

/** What can be done to a service. */
export type ServiceTurn = "restart" | "stop" | "start";

/** How long an agent may take to answer: it waits for the service for half of that. */
const TURN_TIMEOUT_MS = 60_000;

/** Makes the command. */
export function turn(verb: ServiceTurn): (context: ServiceContext) => Promise<number> {
  return async (context) => {
    const { operands, settings, signal, stdout } = context;
    const [agents, name] = readService(operands, `service ${verb} APP/COMPONENT NAME`);
    const action = `service-${verb}`;
    const input = { Name: name };
    const report = await callAgents(context, agents, {
      command: `service ${verb}`,
      action,
      input,
      call: (desk) => desk.call(action, { input, timeoutMs: TURN_TIMEOUT_MS, signal }),
    });
    const format = settings.json ? formatServicesJson : formatServicesText;
    await stdout.write(format(report, servicesOf));
    const wanted = verb === "stop" ? "stopped" : "running";
    const isWhole = report.agents.length > 0 && report.problems.length === 0 &&
      report.agents.every((agent) => servicesOf(agent).some(({ state }) => state === wanted));
    return isWhole ? EXIT_DONE : EXIT_FAILURE;
  };
}

function servicesOf({ end }: CalledReport): readonly ToldService[] {
  return end?.kind === "answered" ? [readTold(end.output)] : [];
}
