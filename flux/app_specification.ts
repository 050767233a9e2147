/**
 * What an app consists of, according to the network: specifications of version 1 to 8.
 *
 * @module
 */
import { checkAppName } from "./app_name.ts";
import { type ContainerMount, readContainerMounts } from "./container_data.ts";
import { FluxApiError } from "./errors.ts";
import type { FluxClient, FluxGetOptions } from "./flux_client.ts";
import { asRecord } from "./responses.ts";

/** The most instances that the network lets an app have. */
const MAX_APP_INSTANCES = 100;

/** One component of an app. */
export interface AppComponent {
  /** The name of the component; for version 1 to 3, whose only component has none, the app's name. */
  readonly name: string;
  /** The public ports, in the order of the specification. */
  readonly ports: readonly number[];
  /** The port inside the container for each public port, as many as `ports`. */
  readonly containerPorts: readonly number[];
  /** The volumes in the container, the primary one first; empty where the specification has none. */
  readonly mounts: readonly ContainerMount[];
}

/** The part of a specification that FluxVault uses. */
export interface AppSpecification {
  /** The name of the app, in the case in which it is registered. */
  readonly name: string;
  /** The version of the specification, from 1. */
  readonly version: number;
  /** How many instances the network keeps running, 1 to 100; absent before version 3. */
  readonly instances?: number;
  /** The components; empty where they are encrypted. */
  readonly components: readonly AppComponent[];
  /** Whether components and contacts are encrypted for ArcaneOS nodes. */
  readonly enterprise: boolean;
}

/** What {@linkcode fetchAppSpecification} found out. */
export type AppSpecificationAnswer =
  | { readonly kind: "found"; readonly specification: AppSpecification }
  /** The app is an enterprise app, and the node that answered may not show it. */
  | { readonly kind: "arcane-only" };

/**
 * Asks for the specification of an app.
 *
 * @throws {FluxApiError} `name-invalid` before anything is sent, `app-unknown`, or what else the
 * client throws.
 *
 * @example
 * ```ts
 * import { fetchAppSpecification, FluxClient } from "@fluxvault/fluxvault/flux";
 *
 * const component = { name: "agent", ports: [38888], containerPorts: [8888] };
 * const data = { version: 8, name: "vaultdemo", instances: 3, compose: [component] };
 * const client = new FluxClient({
 *   fetch: () => Promise.resolve(Response.json({ status: "success", data })),
 * });
 * const answer = await fetchAppSpecification(client, "vaultdemo");
 * console.assert(answer.kind === "found" && answer.specification.instances === 3);
 * ```
 */
export async function fetchAppSpecification(
  client: FluxClient,
  appName: string,
  options: FluxGetOptions = {},
): Promise<AppSpecificationAnswer> {
  checkAppName(appName);
  try {
    const specification = await client.get(
      `/apps/appspecifications/${appName}`,
      (data) => readAppSpecification(data, appName),
      options,
    );
    return { kind: "found", specification };
  } catch (error) {
    if (error instanceof FluxApiError && error.code === "arcane-only") return { kind: error.code };
    throw error;
  }
}

/**
 * Reads a specification; a component or port that makes no sense is left out.
 *
 * @param appName The name that was asked for, compared without regard to case.
 * @throws {FluxApiError} `response-malformed` if the data is not the specification of this app.
 */
export function readAppSpecification(data: unknown, appName: string): AppSpecification {
  const { name, version, instances, compose, enterprise, ...flat } = asRecord(data) ??
    malformed("the specification is not an object");
  if (typeof name !== "string" || name.toLowerCase() !== appName.toLowerCase()) {
    malformed("the specification is that of another app");
  }
  if (!isCount(version)) malformed("the specification has no version");
  const components = version >= 4 ? readComponents(compose) : readComponents([{
    name,
    ports: version === 1 ? [flat.port] : flat.ports,
    containerPorts: version === 1 ? [flat.containerPort] : flat.containerPorts,
    containerData: flat.containerData,
  }]);
  return {
    name,
    version,
    ...(isCount(instances) ? { instances: Math.min(instances, MAX_APP_INSTANCES) } : {}),
    components,
    enterprise: typeof enterprise === "string" && enterprise !== "",
  };
}

function malformed(reason: string): never {
  throw new FluxApiError("response-malformed", reason, { transient: true });
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

function readComponents(compose: unknown): AppComponent[] {
  if (!Array.isArray(compose)) malformed("the specification has no list of components");
  const entries = compose.map(asRecord);
  // A component refers to another by its place among all entries, those that are left out included.
  const mounts = readContainerMounts(entries.map((entry) => entry?.containerData));
  const components: AppComponent[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry === null || typeof entry.name !== "string") continue;
    const pairs = readPortPairs(entry.ports, entry.containerPorts);
    components.push({
      name: entry.name,
      ports: pairs.map(([port]) => port),
      containerPorts: pairs.map(([, containerPort]) => containerPort),
      mounts: mounts[i] ?? [],
    });
  }
  return components;
}

/** Pairs public and container ports by position; a pair with a bad half is left out whole. */
function readPortPairs(ports: unknown, containerPorts: unknown): (readonly [number, number])[] {
  const outside = Array.isArray(ports) ? ports.map(readPort) : [];
  const inside = Array.isArray(containerPorts) ? containerPorts.map(readPort) : [];
  const pairs: (readonly [number, number])[] = [];
  for (const [i, port] of outside.entries()) {
    const containerPort = inside[i] ?? null;
    if (port !== null && containerPort !== null) pairs.push([port, containerPort]);
  }
  return pairs;
}

/** Reads a port: a number since version 4, text before. */
function readPort(value: unknown): number | null {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^[1-9][0-9]{0,4}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}
