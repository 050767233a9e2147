/**
 * One round of calls to the agents of the fleets that the settings mean; nothing is delivered.
 *
 * @module
 */
import {
  type CallDesk,
  ConfigError,
  FluxVaultError,
  type StatementSigner,
} from "../../../protocol/mod.ts";
import { auditDial } from "../../audit/audited_dial.ts";
import { type CallEnd, recordCall } from "../../audit/recorded_call.ts";
import { openAudit, type OpenedAudit } from "../../audit/run_audit.ts";
import type { CalledAgent } from "../../contact/called_agent.ts";
import type { CallContact, ContactTask } from "../../contact/contact_task.ts";
import { dialAgent } from "../../contact/dialer.ts";
import { formatAgentAddress } from "../../fleet/agent_address.ts";
import type { AgentPatterns } from "../../fleet/agent_pattern.ts";
import { Keeper } from "../../keeper.ts";
import type { AgentReport, PassProblem, PassReport } from "../../report/report.ts";
import { KnownAgentsDraft } from "../../trust/mod.ts";
import type { PreparedFleet } from "../prepared_fleet.ts";
import { prepareFleets } from "../run/chosen_fleets.ts";
import type { ServeContext } from "../run_context.ts";

export { type CallEnd, codeOfEnd } from "../../audit/recorded_call.ts";

/** What is called of every agent. */
export interface RoundWork {
  /** The name of the action, for the audit log. */
  readonly action: string;
  /** What it is given, of which the audit log holds a fingerprint. */
  readonly input: unknown;
  /** Calls; what it throws is how the call ended. */
  readonly call: (desk: CallDesk, agent: CalledAgent) => Promise<unknown>;
  /** Whether the first agent that is reached is called alone. @default {false} */
  readonly isOne?: boolean;
}

/** An agent of a round. */
export interface CalledReport {
  /** Its app, or `null`. */
  readonly app: string | null;
  /** How the contact with it went. */
  readonly report: AgentReport;
  /** How its call ended, or `null` where it was not called. */
  readonly end: CallEnd | null;
  /** How long the call took, in milliseconds. */
  readonly durationMs: number;
}

/** How a round went. */
export interface RoundReport {
  /** The agents, by app and address; those that `isOne` left out are not among them. */
  readonly agents: readonly CalledReport[];
  /** What went wrong beside them. */
  readonly problems: readonly PassProblem[];
}

interface Attempt {
  end: CallEnd;
  durationMs: number;
}

/** Calls agents, each once, those behind a primary over the session with it. */
export class CallRound {
  readonly #context: ServeContext;
  readonly #fleets: readonly PreparedFleet[];
  readonly #patterns: AgentPatterns;
  readonly #audit: OpenedAudit;

  private constructor(
    context: ServeContext,
    parts: {
      readonly fleets: readonly PreparedFleet[];
      readonly patterns: AgentPatterns;
      readonly audit: OpenedAudit;
    },
  ) {
    this.#context = context;
    this.#fleets = parts.fleets;
    this.#patterns = parts.patterns;
    this.#audit = parts.audit;
  }

  /**
   * Puts together what is needed, and puts on record that the command is called.
   *
   * @throws {ConfigError} that names the setting at fault, or where no app is meant.
   * @throws {AuditError} if nothing can be put on record.
   */
  static async open(
    context: ServeContext,
    { command, patterns }: { readonly command: string; readonly patterns: AgentPatterns },
  ): Promise<CallRound> {
    const { settings: { auditLog }, logger } = context;
    const { fleets, apps, stateFolder } = await prepareFleets(context, {
      isMeant: (app) => patterns.hasApp(app),
      isVaultUnused: true,
      isPlan: false,
      isListedOnly: true,
    });
    if (fleets.length === 0) {
      const names = apps.map((app) => app ?? "agents of no app, written as -");
      throw new ConfigError(`${patterns.items.join(",")} means no app that is served here`, {
        hint: `What is served here: ${names.join(", ")}.`,
      });
    }
    const audit = await openAudit({ stateFolder, auditLog }, { logger });
    const only = patterns.items.length === 0 ? {} : { only: patterns.items };
    await audit.log.append(fleets.map(({ run: { app } }) => {
      return { event: "command", command, app, ...only };
    }));
    return new CallRound(context, { fleets, patterns, audit });
  }

  /** What signs for each app that is meant, or `null` where the keeper does not sign for it. */
  get signers(): ReadonlyMap<string | null, StatementSigner | null> {
    return new Map(this.#fleets.map(({ run: { app }, options: { signer = null } }) => {
      return [app, signer];
    }));
  }

  /**
   * Calls every agent that is meant and trusted already; nobody is trusted because of it.
   *
   * @throws {FluxVaultError} as {@linkcode Keeper.pass} does.
   */
  async call(work: RoundWork): Promise<RoundReport> {
    const attempts = new Map<string, Attempt>();
    const passes = await Promise.all(this.#fleets.map((fleet) => {
      return this.#callFleet(fleet, work, attempts);
    }));
    const agents = passes.flatMap(({ app, agents }) =>
      agents.map((report): CalledReport => {
        const attempt = attempts.get(keyOf(app, report.address));
        const { end = null, durationMs = 0 } = attempt ?? {};
        return { app, report, end, durationMs };
      })
    );
    const answered = agents.filter(({ end }) => end !== null);
    const isDone = work.isOne === true && answered.length > 0;
    return {
      agents: isDone ? answered : agents.filter(({ report, end }) => {
        return end !== null || report.outcome.kind !== "called";
      }),
      problems: [
        ...passes.flatMap(({ problems }) => problems),
        ...isDone ? [] : this.#findUnused(agents),
      ],
    };
  }

  async #callFleet(
    { options, knownAgents, run: { app } }: PreparedFleet,
    work: RoundWork,
    attempts: Map<string, Attempt>,
  ): Promise<PassReport> {
    const isMeant: ContactTask["isMeant"] = (component) => {
      return this.#patterns.hasAgent({ app, component });
    };
    const keeper = new Keeper({
      ...options,
      trust: "pinned",
      knownAgents: new KnownAgentsDraft(knownAgents),
      dial: auditDial(dialAgent, this.#audit.recorder),
      task: {
        ...(this.#patterns.items.length === 0 ? {} : { isMeant }),
        converse: async (desk, contact) => {
          const key = keyOf(app, formatAgentAddress(contact.agent.address));
          // Where a session ended early it is opened again; but what was called may have been done.
          if (attempts.has(key) || (work.isOne === true && attempts.size > 0)) return;
          const attempt: Attempt = { end: BROKEN_OFF, durationMs: 0 };
          attempts.set(key, attempt);
          const beganMs = performance.now();
          attempt.end = await this.#callOne(desk, contact, work);
          attempt.durationMs = Math.round(performance.now() - beganMs);
        },
      },
    });
    return await keeper.pass({ signal: this.#context.signal });
  }

  async #callOne(
    desk: CallDesk,
    { agent, audit }: CallContact,
    { action, input, call }: RoundWork,
  ): Promise<CallEnd> {
    const recorder = audit ?? this.#audit.recorder;
    return await recordCall(recorder, { agent, action, input }, () => call(desk, agent));
  }

  #findUnused(agents: readonly CalledReport[]): PassProblem[] {
    const unused = this.#patterns.unusedBy(agents.map(({ app, report: { component } }) => {
      return { app, component };
    }));
    if (unused.length === 0) return [];
    return [{
      code: "agents-unknown",
      message: `${unused.join(",")} means no agent that answered`,
    }];
  }
}

const BROKEN_OFF: CallEnd = {
  kind: "failed",
  error: new FluxVaultError("connection-lost", "the session broke while the call was open"),
};

function keyOf(app: string | null, address: string): string {
  return JSON.stringify([app, address]);
}
