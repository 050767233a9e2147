/**
 * Where the instances of an app run, according to the network.
 *
 * The rows are what nodes say about themselves: any confirmed node can put itself into the list of
 * any app. The list is a hint where to dial, never authorization.
 *
 * @module
 */
import { checkAppName } from "./app_name.ts";
import { FluxApiError } from "./errors.ts";
import type { FluxClient, FluxGetOptions } from "./flux_client.ts";
import { parseNodeAddress } from "./node_address.ts";
import { asRecord } from "./responses.ts";

/** How long after its stated end a row is still taken, for clocks that disagree. */
export const EXPIRY_TOLERANCE_MS = 300_000;

/** One host that is listed for an app. */
export interface AppLocation {
  /** A dotted quad, or an IPv6 address without brackets; the port to dial is the app's own. */
  readonly host: string;
  /** The API ports of the nodes that claim to run the app at this host, in ascending order. */
  readonly apiPorts: readonly number[];
  /** When the last of the host's rows ends, in milliseconds since the epoch, where one says so. */
  readonly expiresAtMs?: number;
  /** The earliest start that the host claims, in milliseconds since the epoch, where it does. */
  readonly runningSinceMs?: number;
}

/** How many rows of an answer were left out, and why. */
export interface SkippedRows {
  /** Rows of a shape or with an address that cannot be used. */
  readonly malformed: number;
  /** Rows of other apps. */
  readonly foreign: number;
  /** Rows that ended longer ago than {@linkcode EXPIRY_TOLERANCE_MS}. */
  readonly expired: number;
}

/** What {@linkcode fetchAppLocations} found out. */
export interface AppLocations {
  /** One entry a host, sorted by host; empty for an app that is unknown or runs nowhere. */
  readonly locations: readonly AppLocation[];
  /** What was left out. */
  readonly skipped: SkippedRows;
}

/** The options of {@linkcode fetchAppLocations}. */
export interface FetchAppLocationsOptions extends FluxGetOptions {
  /**
   * Returns the time in milliseconds since the epoch.
   *
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/**
 * Asks where an app runs.
 *
 * FluxOS gives the same answer for an unknown app and for one without instances: no location. A
 * listed host need not answer: an instance on standby is listed too, and a dead one for up to two
 * hours.
 *
 * @throws {FluxApiError} `name-invalid` before anything is sent, or what the client throws.
 *
 * @example
 * ```ts
 * import { fetchAppLocations, FluxClient } from "@fluxvault/fluxvault/flux";
 *
 * const client = new FluxClient({
 *   fetch: () =>
 *     Promise.resolve(Response.json({
 *       status: "success",
 *       data: [{ name: "vaultdemo", ip: "203.0.113.20:16137" }],
 *     })),
 * });
 * const { locations } = await fetchAppLocations(client, "vaultdemo");
 * console.assert(locations[0]?.host === "203.0.113.20");
 * ```
 */
export async function fetchAppLocations(
  client: FluxClient,
  appName: string,
  options: FetchAppLocationsOptions = {},
): Promise<AppLocations> {
  checkAppName(appName);
  const now = options.now ?? Date.now;
  return await client.get(
    `/apps/location/${appName}`,
    (data) => readAppLocations(data, { appName, nowMs: now() }),
    options,
  );
}

/** The options of {@linkcode readAppLocations}. */
export interface ReadAppLocationsOptions {
  /** The name of the app whose rows are taken, compared without regard to case. */
  readonly appName: string;
  /** The time in milliseconds since the epoch. */
  readonly nowMs: number;
}

/**
 * Reads the rows of an answer; one bad row does not spoil the others.
 *
 * @throws {FluxApiError} `response-malformed` if the data is not a list.
 */
export function readAppLocations(data: unknown, options: ReadAppLocationsOptions): AppLocations {
  if (!Array.isArray(data)) {
    throw new FluxApiError("response-malformed", "the locations are not a list", {
      transient: true,
    });
  }
  const appName = options.appName.toLowerCase();
  const byHost = new Map<string, HostRows>();
  const skipped = { malformed: 0, foreign: 0, expired: 0 };
  for (const row of data) {
    const fields: Readonly<Record<string, unknown>> = asRecord(row) ?? {};
    const { name, ip, expireAt, runningSince } = fields;
    const address = typeof ip === "string" ? parseNodeAddress(ip) : null;
    if (typeof name !== "string" || address === null) {
      skipped.malformed++;
      continue;
    }
    if (name.toLowerCase() !== appName) {
      skipped.foreign++;
      continue;
    }
    const expiresAtMs = readTimeMs(expireAt);
    if (expiresAtMs !== undefined && expiresAtMs + EXPIRY_TOLERANCE_MS < options.nowMs) {
      skipped.expired++;
      continue;
    }
    const known = byHost.get(address.host) ?? { apiPorts: new Set<number>() };
    known.apiPorts.add(address.apiPort);
    known.expiresAtMs = pick(Math.max, known.expiresAtMs, expiresAtMs);
    known.runningSinceMs = pick(Math.min, known.runningSinceMs, readTimeMs(runningSince));
    byHost.set(address.host, known);
  }
  const locations = [...byHost]
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([host, rows]) => locationOf(host, rows));
  return { locations, skipped };
}

/** What the rows of one host say together. */
interface HostRows {
  readonly apiPorts: Set<number>;
  expiresAtMs?: number | undefined;
  runningSinceMs?: number | undefined;
}

function locationOf(host: string, rows: HostRows): AppLocation {
  return {
    host,
    apiPorts: [...rows.apiPorts].sort((a, b) => a - b),
    ...present("expiresAtMs", rows.expiresAtMs),
    ...present("runningSinceMs", rows.runningSinceMs),
  };
}

function readTimeMs(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const timeMs = Date.parse(value);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

function pick(
  choose: (a: number, b: number) => number,
  known: number | undefined,
  further: number | undefined,
): number | undefined {
  return known === undefined || further === undefined ? known ?? further : choose(known, further);
}

function present<K extends string>(
  key: K,
  value: number | undefined,
): Partial<Record<K, number>> {
  return value === undefined ? {} : { [key]: value } as Record<K, number>;
}
