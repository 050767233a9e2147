/**
 * Whom a keeper trusts: the decision about one agent that has proved which key it holds.
 *
 * A pin is app, component and key. The address of an agent is recorded, never trusted.
 *
 * @module
 */
import type { NodeEvidence, RejectionCode } from "../../protocol/mod.ts";
import { isSameApp } from "../app_name.ts";
import { primaryNameOf } from "../fleet/agent_address.ts";
import { FIRST_USE_EXPIRY_MS } from "../limits.ts";
import type { KnownAgent, KnownAgentsState } from "./known_agents_state.ts";
import type { TrustGround } from "./trust_level.ts";

/** What happens to an agent whose key is not known. */
export type TrustPolicy =
  /** It is pending until the operator approves it. */
  | "approve"
  /** It is trusted from now on, while a place is free. */
  | "first-use"
  /** It is turned away. */
  | "pinned";

/** An agent that has proved which key it holds; the rest is its own word, but for the enrolment. */
export interface AgentContact {
  /** Where it was dialled, as `host:port`; behind a primary, `host:port/component`. */
  readonly address: string;
  /** The fingerprint of its key. */
  readonly fingerprint: string;
  /** Names its process: 16 bytes in hex. */
  readonly instance: string;
  /** The app that it says it belongs to, or `null`. */
  readonly app: string | null;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** Whether its proof of enrolment holds; `null` where it gave none, or there is no secret here. */
  readonly enrolment: "valid" | "invalid" | null;
  /** On which node it says that it runs, or `null`. */
  readonly node: NodeEvidence | null;
}

/** By what an agent is judged. */
export interface TrustRules {
  /** What happens to an agent that is not known. */
  readonly trust: TrustPolicy;
  /** The app that the keeper dials for, or `null`. */
  readonly app: string | null;
  /** How many agents of the app may be trusted at first use, or `null` where nobody said. */
  readonly firstUseLimit: number | null;
  /** How many agents the app has according to the network, or `null` where it did not say. */
  readonly instances: number | null;
  /** Whether the agent's address is on the list of agents as it is now. */
  readonly isListed: boolean;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/** What is new about an agent that is trusted; it goes on record before the agent is served. */
export type TrustNews =
  /** It took a first-use place. */
  | {
    /** Tells the cases apart. */
    readonly kind: "first-use";
    /** Which place it is, from 1. */
    readonly place: number;
    /** How many places there are. */
    readonly places: number;
  }
  /** It proved to know the enrolment secret. */
  | {
    /** Tells the cases apart. */
    readonly kind: "enrolled";
    /** Why it was trusted before, or `null` where it was not. */
    readonly before: TrustGround | null;
    /** The fingerprints that were on record for its address, and are no more. */
    readonly replaced: readonly string[];
  };

/** Why an agent waits for the operator. */
export type PendingReason =
  /** Its key is new. */
  | "new"
  /** Every first-use place is taken. */
  | "places-taken"
  /** Nobody said how many first-use places there are. */
  | "places-unknown"
  /** Its address is not on the list of agents any more. */
  | "not-listed";

/** The decision about an agent. */
export type Judgement =
  /** It may be served. */
  | {
    /** Tells the cases apart. */
    readonly verdict: "trusted";
    /** Why it is trusted. */
    readonly ground: TrustGround;
    /** Since when for that reason, in Unix milliseconds. */
    readonly sinceMs: number;
    /** What is new about that, or `null`. */
    readonly news: TrustNews | null;
  }
  /** It waits for the operator. */
  | { readonly verdict: "pending"; readonly reason: PendingReason }
  /** It is turned away. */
  | { readonly verdict: "refused"; readonly code: RejectionCode };

/** Tells whether a first-use place is free again, since its agent was missed for long enough. */
export function isStale(agent: KnownAgent, nowMs: number): boolean {
  const { trust, missingSinceMs } = agent;
  return trust === "first-use" && missingSinceMs !== null &&
    nowMs - missingSinceMs >= FIRST_USE_EXPIRY_MS;
}

/** Finds the pin of a key among those of an app, however its name is written. */
export function findPin(
  state: KnownAgentsState,
  key: { readonly app: string | null; readonly fingerprint: string },
): KnownAgent | undefined {
  return state.agents.find(({ app, fingerprint }) => {
    return isSameApp(app, key.app) && fingerprint === key.fingerprint;
  });
}

/**
 * Returns how many agents may be trusted at first use: as many as the operator allows, and of those that
 * are dialled not more than the app has instances besides those that are trusted for another reason and
 * were not missed.
 *
 * The number of instances says nothing of agents behind a primary, which lists whom it likes: they find
 * a place only where the operator said how many there are for all.
 *
 * @param wanted.address Where the agent is that wants a place.
 * @param wanted.holders Who is trusted at first use by now.
 * @returns `null` where nobody said how many.
 */
export function countPlaces(
  state: KnownAgentsState,
  rules: TrustRules,
  wanted: { readonly address: string; readonly holders: readonly KnownAgent[] },
): number | null {
  const { app, firstUseLimit, instances } = rules;
  if (instances === null || primaryNameOf(wanted.address) !== null) return firstUseLimit;
  const others = state.agents.filter((agent) => {
    return isSameApp(agent.app, app) && !isBehind(agent) && agent.trust !== "first-use" &&
      agent.lastSeenMs !== null && agent.missingSinceMs === null;
  });
  const free = Math.max(0, instances - others.length) + wanted.holders.filter(isBehind).length;
  return Math.min(firstUseLimit ?? Infinity, free);
}

/** Tells whether an agent is on record behind a primary. */
function isBehind({ address, heardAt }: KnownAgent): boolean {
  return primaryNameOf(address ?? heardAt ?? "") !== null;
}

/**
 * Returns the time from which on an agent has another level: now, but later than every manifest that
 * it may have seen, so that no clock gives it a revision for the second time.
 */
export function levelTimeMs(
  state: KnownAgentsState,
  agent: Pick<KnownAgent, "app" | "component"> & { readonly pinnedAtMs?: number },
  nowMs: number,
): number {
  const { app, component, pinnedAtMs = 0 } = agent;
  const seen = state.revisions.filter((known) => {
    return isSameApp(known.app, app) &&
      (component === undefined || known.component === component);
  });
  return Math.max(nowMs, pinnedAtMs + 1, ...seen.map(({ revision }) => revision + 1));
}

/** Decides about an agent; changes nothing. */
export function judgeAgent(
  state: KnownAgentsState,
  contact: AgentContact,
  rules: TrustRules,
): Judgement {
  const { app } = rules;
  if (app !== null && contact.app !== null && !isSameApp(app, contact.app)) {
    return { verdict: "refused", code: "app-mismatch" };
  }
  const pin = findPin(state, { app, fingerprint: contact.fingerprint });
  const isOfAnother = pin === undefined
    ? app !== null && state.agents.some((agent) => {
      return agent.fingerprint === contact.fingerprint && agent.app !== null;
    })
    : pin.component !== undefined && pin.component !== contact.component;
  if (isOfAnother) return { verdict: "refused", code: "identity-mismatch" };
  if (contact.enrolment === "invalid") return { verdict: "refused", code: "enrolment-invalid" };
  return pin === undefined
    ? judgeNewAgent(state, contact, rules)
    : judgePinned(state, { contact, pin, rules });
}

function judgePinned(
  state: KnownAgentsState,
  { contact, pin, rules }: {
    readonly contact: AgentContact;
    readonly pin: KnownAgent;
    readonly rules: TrustRules;
  },
): Judgement {
  const { trust, pinnedAtMs } = pin;
  if (contact.enrolment !== "valid" || trust === "enrolled") {
    return { verdict: "trusted", ground: trust, sinceMs: pinnedAtMs, news: null };
  }
  const { component } = contact;
  const sinceMs = levelTimeMs(state, { app: pin.app, component, pinnedAtMs }, rules.nowMs);
  const news = { kind: "enrolled", before: trust, replaced: [] } as const;
  return { verdict: "trusted", ground: "enrolled", sinceMs, news };
}

function judgeNewAgent(
  state: KnownAgentsState,
  contact: AgentContact,
  rules: TrustRules,
): Judgement {
  const { app, trust, nowMs } = rules;
  const { component, address } = contact;
  const ofApp = state.agents.filter((agent) => {
    return isSameApp(agent.app, app) && !isStale(agent, nowMs);
  });
  const here = ofApp.filter((agent) => agent.address === address);
  // Whoever was heard here and never completed a contact stands in no later key's way.
  const heardHere = ofApp.filter((agent) => agent.heardAt === address);
  const sinceMs = levelTimeMs(state, { app, component }, nowMs);
  // The proof is one for this component: it takes over no other's place.
  const isOwnPlace = here.every((agent) => agent.component === component);
  if (contact.enrolment === "valid" && trust !== "pinned" && isOwnPlace) {
    const replaced = [...here, ...heardHere.filter((agent) => agent.component === component)]
      .map(({ fingerprint }) => fingerprint);
    const news = { kind: "enrolled", before: null, replaced } as const;
    return { verdict: "trusted", ground: "enrolled", sinceMs, news };
  }
  if (here.length > 0) return { verdict: "refused", code: "identity-changed" };
  if (trust === "pinned") return { verdict: "refused", code: "rejected" };
  if (trust === "approve") return { verdict: "pending", reason: "new" };
  if (!rules.isListed) return { verdict: "pending", reason: "not-listed" };
  const holders = ofApp.filter((agent) => {
    return agent.trust === "first-use" && !heardHere.includes(agent);
  });
  const places = countPlaces(state, rules, { address, holders });
  if (places === null) return { verdict: "pending", reason: "places-unknown" };
  const taken = holders.length;
  if (taken >= places) return { verdict: "pending", reason: "places-taken" };
  const news = { kind: "first-use", place: taken + 1, places } as const;
  return { verdict: "trusted", ground: "first-use", sinceMs, news };
}
