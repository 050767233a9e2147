/**
 * What is asked of an authority, and what it decides.
 *
 * @module
 */
import { type Bytes, isAppName } from "../../protocol/mod.ts";
import type { AppIndex, Purpose } from "./state/app_index.ts";
import type { KeyUsage } from "./certificates/certificate.ts";
import { DEFAULT_LIFETIME_MS, MAX_LIFETIME_MS, MIN_LIFETIME_MS } from "./limits.ts";
import {
  agentName,
  checkAllowedNames,
  checkApplicationNames,
  containerNames,
  keeperName,
  type NameOwner,
  readNames,
} from "./subject_names.ts";

/** What an application's certificate is to be, as the operator declared it. */
export interface ApplicationTerms {
  /** What it is called in the loadout. @default none */
  readonly name?: string;
  /** The names that it carries; those of its container where there are none. */
  readonly names?: readonly string[];
  /** The names beyond those of the container that the operator allows to the app, from now on. */
  readonly allowedNames?: readonly string[];
  /** What it is for. @default {["server", "client"]} */
  readonly usage?: readonly KeyUsage[];
}

/** An order for a certificate. */
export interface IssueOrder extends NameOwner {
  /** What it is for; that of a keeper is not ordered by others. */
  readonly purpose: Exclude<Purpose, "keeper">;
  /** The request (PKCS#10) in DER, of which the public key counts and nothing else. */
  readonly request: Bytes;
  /** What an application's certificate is to be. */
  readonly application?: ApplicationTerms;
  /** How long it is to live, in milliseconds: a minute to 90 days. @default a day */
  readonly lifetimeMs?: number;
  /** The fingerprint of the agent that asks, or `null` where the operator does. @default {null} */
  readonly holder?: string | null;
}

/** What a certificate is to be, decided. */
export interface LeafTerms {
  /** The component, or `null`. */
  readonly component: string | null;
  /** What it is for. */
  readonly purpose: Purpose;
  /** What it is called in the loadout, or `null`. */
  readonly declared: string | null;
  /** What it is for, in the words of TLS. */
  readonly usage: readonly KeyUsage[];
  /** The names that it carries. */
  readonly names: readonly string[];
  /** How long it lives, in milliseconds. */
  readonly lifetimeMs: number;
  /** The fingerprint of the agent that asks, or `null`. */
  readonly holder: string | null;
}

const BOTH: readonly KeyUsage[] = ["server", "client"];

/** Returns the index of an app with what the order allows beside what it allowed before. */
export function allowNames(app: AppIndex, { application }: IssueOrder): AppIndex {
  const names = readNames(application?.allowedNames ?? []);
  checkAllowedNames(names);
  const added = names.filter((name) => !app.allowed.includes(name));
  return added.length === 0 ? app : { ...app, allowed: [...app.allowed, ...added] };
}

/**
 * Decides what the certificate of an order is to be.
 *
 * @throws {AuthorityError} `name-refused` for a name that it may not carry.
 * @throws {RangeError} for an order that says something that it cannot say.
 */
export function decideTerms(order: IssueOrder, { allowed }: AppIndex): LeafTerms {
  const { component, purpose, holder = null } = order;
  const lifetimeMs = checkLifetime(order.lifetimeMs ?? DEFAULT_LIFETIME_MS);
  const common = { component, purpose, holder, lifetimeMs };
  if (purpose === "agent") {
    return { ...common, declared: null, usage: ["server"], names: [agentName(order)] };
  }
  const { name = null, names: wanted = [], usage = BOTH } = order.application ?? {};
  if (usage.length === 0) throw new RangeError("a certificate is for something");
  const names = wanted.length === 0 ? containerNames(order) : readNames(wanted);
  checkApplicationNames(names, order, { allowed });
  return { ...common, declared: name, usage: BOTH.filter((word) => usage.includes(word)), names };
}

/** Decides what the certificate of an app's keeper is to be. */
export function keeperTerms(app: string, lifetimeMs = DEFAULT_LIFETIME_MS): LeafTerms {
  return {
    component: null,
    purpose: "keeper",
    declared: null,
    usage: ["client"],
    names: [keeperName(app)],
    lifetimeMs: checkLifetime(lifetimeMs),
    holder: null,
  };
}

/**
 * Refuses names of app and component that are none.
 *
 * @throws {RangeError} for these.
 */
export function checkOwner({ app, component }: NameOwner): void {
  if (!isAppName(app)) throw new RangeError("a certificate is for an app");
  if (component !== null && !isAppName(component)) {
    throw new RangeError("a component has a name of letters, digits and hyphens");
  }
}

function checkLifetime(lifetimeMs: number): number {
  if (lifetimeMs >= MIN_LIFETIME_MS && lifetimeMs <= MAX_LIFETIME_MS) return lifetimeMs;
  throw new RangeError("a certificate lives from a minute to 90 days");
}
