/**
 * What a contact does where the agent relays to others: those are served over its session, too.
 *
 * @module
 */
import {
  ConnectionError,
  converseAsKeeper,
  FluxVaultError,
  PeerRejectedError,
  type Session,
  type SessionCalls,
} from "../../protocol/mod.ts";
import type { AuditRecorder } from "../audit/mod.ts";
import { type AgentAddress, formatAgentAddress } from "../fleet/agent_address.ts";
import { RELAY_END_MS, SYNC_BASE_TIME_MS } from "../limits.ts";
import { RelayLink } from "./relay_link.ts";
import { RELAY_WANT, type RelayedAgents } from "./relayed_agents.ts";
import { explainRelayFault } from "./relayed_pass.ts";
import { type AgentSessionOptions, openAgentSession } from "../contact/agent_session.ts";
import { newAcquaintance, type TalkOptions } from "../contact/contact.ts";
import { decideOnRelay, type RelayDecisionOptions } from "../contact/decision.ts";
import { TimeLimit } from "../contact/time_limit.ts";

/** What the contact with an agent that may relay works with. */
export interface RelayTalkOptions extends TalkOptions {
  /** Puts on record what is given over the connection; `null` where nothing is. */
  readonly audit: AuditRecorder | null;
}

/** A delivery beside which those behind the agent are served. */
export interface RelayingDelivery {
  /** What the agent may call, and what is called of it; `null` for nothing. */
  readonly calls: SessionCalls | null;
  /** Notes that the agent itself was served: from now on time is not its own. */
  onServed(): void;
}

/** Returns what a delivery to an agent needs where that may relay; `calls` is what it has besides. */
export function relayBeside(
  session: Session,
  options: RelayTalkOptions,
  calls: SessionCalls | null,
): RelayingDelivery {
  const { relay = null, agent, audit, limit } = options;
  if (relay === null || !mayRelay(session)) {
    relay?.carryNobody();
    return { calls, onServed() {} };
  }
  let isCarrying = true;
  let isWaiting = false;
  const carry: SessionCalls["work"] = async (desk) => {
    await relay.carry(desk, { component: agent.component, audit });
    isCarrying = false;
    // The time may stand still for another reason, and does on.
    if (isWaiting) limit.goOn();
  };
  return {
    calls: {
      ...calls,
      work: async (desk) => {
        await Promise.all([carry(desk), calls?.work?.(desk)]);
      },
    },
    onServed() {
      if (!isCarrying) return;
      isWaiting = true;
      letOthersGoOn(options);
    },
  };
}

/** The agent waits only for those behind it: its time stands still, and it takes no place. */
function letOthersGoOn({ agent, limit, onServed }: RelayTalkOptions): void {
  agent.servedMs = performance.now();
  limit.standStill();
  onServed?.();
}

function mayRelay({ origin: { readiness: { wants } } }: Session): boolean {
  return wants.includes(RELAY_WANT);
}

/**
 * Serves those behind an agent that is not meant itself.
 *
 * @throws {PeerRejectedError} `component-mismatch`, when all are served.
 */
export async function relayForUnmeant(
  session: Session,
  options: RelayTalkOptions,
): Promise<never> {
  const { relay = null, agent, audit, limit } = options;
  const message = "the agent is of a component that is not meant";
  const refusal = new PeerRejectedError("component-mismatch", message, { by: "us" });
  if (relay === null || !mayRelay(session)) {
    relay?.carryNobody();
    await session.fail(refusal);
    throw refusal;
  }
  await converseAsKeeper(session, async (desk) => {
    letOthersGoOn(options);
    await relay.carry(desk, { component: agent.component, audit });
    limit.goOn(RELAY_END_MS);
  });
  throw refusal;
}

/** What a session with a primary needs that only calls. */
export interface RelayAloneOptions
  extends Omit<RelayDecisionOptions, "agent" | "audit">, Omit<AgentSessionOptions, "agent"> {
  /** Is told whom the primary relays to. */
  readonly onList: (list: RelayedAgents) => void;
  /** How long opening it may take, and ending it, in milliseconds. @default {SYNC_BASE_TIME_MS} */
  readonly baseTimeMs?: number | undefined;
  /** Is done once it is open; it is the way to those behind the primary. */
  readonly work: (link: RelayLink) => Promise<void>;
}

/**
 * Opens a session with a primary that only calls, for as long as some work in it goes on.
 *
 * @throws {FluxVaultError} that says why nobody behind the primary is reached; the signal's reason.
 */
export async function relayAlone(
  primary: AgentAddress,
  options: RelayAloneOptions,
): Promise<void> {
  const { signal, baseTimeMs = SYNC_BASE_TIME_MS } = options;
  const agent = newAcquaintance();
  const attempt = new AbortController();
  const stop = () => attempt.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const limit = new TimeLimit(baseTimeMs, () => {
    attempt.abort(new ConnectionError("timed-out", "the primary takes longer than it may"));
  });
  try {
    await openAgentSession(primary, { ...options, agent, signal: attempt.signal }, {
      decide: (introduction, audit) => {
        return decideOnRelay(primary, introduction, { ...options, agent, audit });
      },
      work: (session, audit) => relayInSession(session, { ...options, agent, audit, limit }),
    });
  } catch (error) {
    signal.throwIfAborted();
    const { isConnected } = agent;
    throw explainRelayFault(formatAgentAddress(primary), { error, isConnected });
  } finally {
    limit.clear();
    signal.removeEventListener("abort", stop);
  }
}

async function relayInSession(
  session: Session,
  { agent, audit, limit, onList, work }:
    & Pick<RelayTalkOptions, "agent" | "audit" | "limit">
    & RelayAloneOptions,
): Promise<void> {
  if (!mayRelay(session)) {
    const message = "the agent does not relay to others";
    await session.fail(new PeerRejectedError("component-mismatch", message, { by: "us" }));
    throw new FluxVaultError("relay-unknown", message);
  }
  await converseAsKeeper(session, async (desk) => {
    const link = new RelayLink(desk, { component: agent.component, audit });
    onList(await link.list());
    limit.standStill();
    await work(link);
    limit.goOn(RELAY_END_MS);
  });
}
