/**
 * A session with one agent of a keeper that only calls, beside whatever else the keeper does.
 *
 * @module
 */
import {
  type CallDesk,
  type CallSteps,
  FluxVaultError,
  followSteps,
  PeerRejectedError,
} from "../../protocol/mod.ts";
import type { CalledAgent } from "../contact/called_agent.ts";
import { primaryNameOf, readAgentAddress } from "../fleet/agent_address.ts";
import { StaticFleet } from "../fleet/fleet.ts";
import type { KeeperOptions } from "../keeper_options.ts";
import { explainOutcome } from "../report/explanations.ts";
import type { AgentOutcome, PassReport } from "../report/report.ts";
import { KnownAgentsDraft } from "../trust/mod.ts";

/**
 * What is called of an agent: a function that calls, or one that yields the next call until it is done.
 */
export type Conversation<T> = (desk: CallDesk, agent: CalledAgent) => Promise<T> | CallSteps<T>;

/** Makes a conversation a task of a keeper, and its pass an answer. */
export class AgentConversation<T> {
  readonly #address: string;
  readonly #work: Conversation<T>;
  #outcome: { readonly value: T } | { readonly error: unknown } | null = null;

  /** Calls nobody yet; the address is `host:port`, or `host:port/component` behind a primary. */
  constructor(address: string, work: Conversation<T>) {
    this.#address = address;
    this.#work = work;
  }

  /** The agents that are meant. */
  get only(): ReadonlySet<string> {
    return new Set([this.#address]);
  }

  /**
   * Returns what the keeper that calls is made of: it trusts nobody that the other does not, remembers
   * nothing, and gives nothing.
   *
   * @throws {TypeError} if the address is none.
   */
  optionsBy(options: KeeperOptions): KeeperOptions {
    const primary = readAgentAddress(primaryNameOf(this.#address) ?? this.#address);
    if (primary === null || readAgentAddress(this.#address) === null) {
      throw new TypeError("an agent is named by its address, host:port or host:port/component");
    }
    const { onContact: _onContact, task: _task, ...others } = options;
    return {
      ...others,
      fleet: new StaticFleet([primary], { app: options.fleet.app }),
      knownAgents: new KnownAgentsDraft(options.knownAgents),
      trust: "pinned",
      task: { converse: async (desk, { agent }) => await this.#converse(desk, agent) },
    };
  }

  /**
   * Returns what the conversation returned.
   *
   * @throws What it threw; {FluxVaultError} that says why it did not come about.
   */
  resultOf({ agents }: PassReport): T {
    if (this.#outcome !== null) {
      if ("error" in this.#outcome) throw this.#outcome.error;
      return this.#outcome.value;
    }
    const report = agents.find(({ address }) => address === this.#address);
    throw errorOf(report?.outcome ?? { kind: "unreachable", code: "relay-unlisted" });
  }

  /** Never goes on twice: a call may have been answered before its session broke. */
  async #converse(desk: CallDesk, agent: CalledAgent): Promise<void> {
    if (this.#outcome !== null) return;
    try {
      const work = this.#work(desk, agent);
      const value = "next" in work ? await followSteps(desk, work) : await work;
      this.#outcome = { value };
    } catch (error) {
      this.#outcome = { error };
    }
  }
}

/** Makes an error of how a contact ended in which nothing was called. */
function errorOf(outcome: AgentOutcome): FluxVaultError {
  const why = explainOutcome(outcome);
  const say = (code: string) =>
    `the agent was not called (${code})${why === null ? "" : `: ${why}`}`;
  switch (outcome.kind) {
    case "pending":
      return new PeerRejectedError("agent-pending", say("agent-pending"), { by: "us" });
    case "rejected":
      return new PeerRejectedError(outcome.code, say(outcome.code), { by: outcome.by });
    case "unreachable":
    case "failed":
      return new FluxVaultError(outcome.code, say(outcome.code));
    default:
      return new FluxVaultError("failed", say("failed"));
  }
}
