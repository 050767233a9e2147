/**
 * Which agents are opened although they are not meant, since those that are may be behind them.
 *
 * @module
 */
import { isSameApp } from "../app_name.ts";
import { primaryNameOf } from "../fleet/agent_address.ts";
import type { KeeperOptions } from "../keeper_options.ts";
import type { KnownAgent, PendingAgent } from "../trust/mod.ts";

/** By what it is told which agents are needed. */
export interface RelayOnlyOptions {
  /** The agents of the app that wait for the operator. */
  readonly pending: readonly PendingAgent[];
  /** Tells whether agents of a component, or of none, are meant. */
  readonly isMeant: (component: string | null) => boolean;
}

/**
 * Returns, by the record of an app, the addresses of agents that are not meant and dialled themselves, and
 * of each whether it is needed all the same: where it, or another agent of its component, had somebody
 * behind it, or where nobody on record is meant at all.
 */
export function findRelayOnly(
  agents: readonly KnownAgent[],
  { pending, isMeant }: RelayOnlyOptions,
): ReadonlyMap<string, boolean> {
  const isUnmeant = ({ component }: Pick<KnownAgent, "component">) => {
    return component !== undefined && !isMeant(component);
  };
  const primaries = new Set(
    [...agents, ...pending].flatMap(({ address }) => primaryNameOf(address ?? "") ?? []),
  );
  const relaying = new Set(agents.flatMap(({ address, component }) => {
    return address !== null && primaries.has(address) ? [component] : [];
  }));
  const isNobodyMeant = agents.every(isUnmeant) && pending.every(isUnmeant);
  return new Map(agents.flatMap((agent): [string, boolean][] => {
    const { address, component } = agent;
    const isDialled = address !== null && primaryNameOf(address) === null;
    if (!isDialled || !isUnmeant(agent)) return [];
    return [[address, isNobodyMeant || relaying.has(component)]];
  }));
}

/**
 * Returns the same of a keeper, by its record; `null` where all agents are meant.
 *
 * @throws {StorageError} if the record cannot be read.
 */
export async function lookUpRelayOnly(
  { fleet, knownAgents, task }: Pick<KeeperOptions, "fleet" | "knownAgents" | "task">,
): Promise<ReadonlyMap<string, boolean> | null> {
  const isMeant = task?.isMeant;
  if (isMeant === undefined) return null;
  const { agents, pending } = await knownAgents.load();
  const isOfApp = ({ app }: { readonly app: string | null }) => isSameApp(app, fleet.app);
  return findRelayOnly(agents.filter(isOfApp), { pending: pending.filter(isOfApp), isMeant });
}
