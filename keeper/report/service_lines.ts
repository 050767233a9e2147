/**
 * What a report for people says of services.
 *
 * @module
 */
import type { ServiceResult } from "../../protocol/mod.ts";
import { sanitiseText } from "../../protocol/host/mod.ts";
import { isServiceWanted } from "./report.ts";
import { isAtRest } from "./service_standing.ts";

const STANDINGS: Readonly<Record<ServiceResult["outcome"], string>> = {
  started: "started",
  restarted: "started again",
  running: "runs",
  stopped: "stopped",
  waiting: "waits",
  failed: "failed, and is tried again",
  refused: "refused",
};

/** Says of services that do not run as they should how each stands. */
export function serviceTroublesOf(
  services: readonly ServiceResult[],
  address: string,
): string[] {
  return services.filter((service) => !isServiceWanted(service)).map((service) => {
    return sanitiseText(`${address}: service ${service.service}: ${describeService(service)}`);
  });
}

/** Says how a service stands, as the rest of a line. */
export function describeService({ outcome, code }: ServiceResult): string {
  return `${STANDINGS[outcome]}${code === undefined ? "" : ` (${code})`}`;
}

/** Counts services by how they stand, for example `1 service started`; those that run on are left out. */
export function countServices(services: readonly ServiceResult[]): string[] {
  const order = ["failed", "refused", "waiting", "started", "restarted", "stopped"] as const;
  return order.flatMap((outcome) => {
    const count = services.filter((service) => {
      return service.outcome === outcome && !isAtRest(service);
    }).length;
    return count === 0 ? [] : `${count} ${count === 1 ? "service" : "services"} ${outcome}`;
  });
}

/** Says what a plan would do about a service, for example `start   service web`; `null` for nothing. */
export function planService(result: ServiceResult): string | null {
  const { service, outcome, code } = result;
  const why = code === undefined ? "" : ` (${code})`;
  const actions: Readonly<Partial<Record<ServiceResult["outcome"], string>>> = {
    started: "start  ",
    restarted: "restart",
    waiting: "wait   ",
    refused: "refuse ",
    failed: "retry  ",
    stopped: "stop   ",
  };
  const action = isAtRest(result) ? undefined : actions[outcome];
  return action === undefined ? null : sanitiseText(`${action} service ${service}${why}`);
}
