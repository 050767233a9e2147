/**
 * Whether the agent's state lies where the Flux network copies it to other nodes.
 *
 * @module
 */
import { type AppSpecification, isReplicatedPath } from "../../flux/mod.ts";

/** Where an agent keeps its state. */
export interface StatePlace {
  /** The component that the agent is, or `null` where it does not know. */
  readonly component: string | null;
  /** The real path of the folder of state. */
  readonly folder: string;
}

/**
 * Tells whether the folder of state is in a volume that every node of the app gets, also one that only
 * claims to run it. A component that is not known counts only where the app has no other.
 */
export function isStateReplicated(
  { components }: AppSpecification,
  { component, folder }: StatePlace,
): boolean {
  const [only, ...others] = components;
  const found = component === null
    ? others.length === 0 ? only : undefined
    : components.find(({ name }) => name === component);
  return found !== undefined && isReplicatedPath(found.mounts, folder);
}
