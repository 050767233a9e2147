/**
 * What `plan`, `apply` and `wipe` have in common: agents are asked first what they would do, and then
 * given what was planned, and nothing else.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import { findGivenBefore } from "../audit/reading/given_before.ts";
import {
  noteAuditFailure,
  openAudit,
  type OpenedAudit,
  startRunAudit,
} from "../audit/run_audit.ts";
import type { ContactTask } from "../contact/contact_task.ts";
import { dialAgent } from "../contact/dialer.ts";
import type { AgentPatterns } from "../fleet/agent_pattern.ts";
import { Keeper } from "../keeper.ts";
import { agreementOf } from "../plan/agreed_plan.ts";
import { type AgentPlanView, viewPlan } from "../plan/plan_view.ts";
import type { PassProblem, PassReport } from "../report/report.ts";
import { StatusFile } from "../status/status_file.ts";
import { StatusRecorder } from "../status/status_recorder.ts";
import { KnownAgentsDraft } from "../trust/mod.ts";
import { makeProgress } from "./command_progress.ts";
import { onRecord, type PreparedFleet } from "./prepared_fleet.ts";
import { prepareFleets } from "./run/chosen_fleets.ts";
import type { ServeContext } from "./run_context.ts";

/** What a desk is opened for. */
export interface FleetDeskOptions {
  /** The words of the command, for the audit log. */
  readonly command: string;
  /** Which agents are meant. */
  readonly patterns: AgentPatterns;
  /** Whether agents are to remove all that they were ever given. @default {false} */
  readonly isWipe?: boolean;
}

/** Asks agents, and gives them what was planned. */
export class FleetDesk {
  readonly #context: ServeContext;
  readonly #options: FleetDeskOptions;
  readonly #fleets: readonly PreparedFleet[];
  readonly #audit: OpenedAudit;

  private constructor(
    context: ServeContext,
    parts: {
      readonly options: FleetDeskOptions;
      readonly fleets: readonly PreparedFleet[];
      readonly audit: OpenedAudit;
    },
  ) {
    this.#context = context;
    this.#options = parts.options;
    this.#fleets = parts.fleets;
    this.#audit = parts.audit;
  }

  /**
   * Puts together what is needed, and puts on record that the command is called.
   *
   * @throws {ConfigError} that names the setting at fault.
   * @throws {AuditError} if nothing can be put on record.
   */
  static async open(context: ServeContext, options: FleetDeskOptions): Promise<FleetDesk> {
    const { settings: { auditLog }, logger } = context;
    const { command, patterns, isWipe = false } = options;
    const { fleets, apps, stateFolder } = await prepareFleets(context, {
      isMeant: (app) => patterns.hasApp(app),
      isVaultUnused: isWipe,
      isPlan: command === "plan",
    });
    if (fleets.length === 0) {
      const names = apps.map((app) => app ?? "agents of no app, written as -");
      throw new ConfigError("--only means no app that is served here", {
        setting: "--only",
        hint: `What is served here: ${names.join(", ")}.`,
      });
    }
    const audit = await openAudit({ stateFolder, auditLog }, { logger });
    const only = patterns.items.length === 0 ? {} : { only: patterns.items };
    await audit.log.append(fleets.map(({ run: { app } }) => {
      return { event: "command", command, app, ...only };
    }));
    return new FleetDesk(context, { options, fleets, audit });
  }

  /** The apps whose agents are meant; `null` stands for agents of no app. */
  get apps(): readonly (string | null)[] {
    return this.#fleets.map(({ run: { app } }) => app);
  }

  /**
   * Asks every agent that is meant what it would do; nothing is given, trusted or remembered.
   *
   * @throws {FluxVaultError} as {@linkcode Keeper.pass} does.
   */
  async plan(): Promise<readonly PassReport[]> {
    const { signal, logger } = this.#context;
    const passes = await Promise.all(this.#fleets.map(async (fleet) => {
      await using status = this.#recorderFor(fleet);
      const keeper = new Keeper({
        ...fleet.options,
        // Whoever was never given anything has nothing to remove.
        ...(this.#options.isWipe ? { trust: "pinned" } : {}),
        knownAgents: new KnownAgentsDraft(fleet.knownAgents),
        dial: dialAgent,
        task: { ...this.#taskFor(fleet), isPlan: true },
        onContact: (report) => status.noteContact(report),
      });
      return await keeper.pass({ signal });
    }));
    logger.debug("Agents were asked what they would do.", {
      agents: passes.reduce((sum, { agents }) => sum + agents.length, 0),
    });
    return this.#noteUnused(passes);
  }

  /**
   * Makes what is shown of a plan.
   *
   * @throws {StorageError} if the audit log cannot be read.
   */
  async view(passes: readonly PassReport[]): Promise<AgentPlanView[]> {
    const { log, recorder } = this.#audit;
    return await viewPlan(passes, {
      fingerprint: (digest) => recorder.fingerprint(digest),
      givenBefore: (files) => findGivenBefore(log.path, files),
    });
  }

  /**
   * Gives the agents of a plan what was planned, and nothing else; who did not answer is not asked
   * again.
   *
   * @returns A report for each app, with those that did not answer as they were planned.
   */
  async deliver(
    planned: readonly PassReport[],
    views: readonly AgentPlanView[],
  ): Promise<readonly PassReport[]> {
    const reports: PassReport[] = [];
    for (const [i, fleet] of this.#fleets.entries()) {
      const plan = planned[i];
      if (plan !== undefined) reports.push(await this.#deliverTo(fleet, plan, views));
    }
    return reports;
  }

  async #deliverTo(
    fleet: PreparedFleet,
    plan: PassReport,
    views: readonly AgentPlanView[],
  ): Promise<PassReport> {
    const { settings: { auditLog }, logger, signal } = this.#context;
    const { stateFolder, run } = fleet;
    const asked = plan.agents.filter(({ outcome }) => outcome.kind === "planned");
    const others = plan.agents.filter(({ outcome }) => outcome.kind !== "planned");
    if (asked.length === 0) return plan;
    await using audit = await startRunAudit({ stateFolder, auditLog }, run, { logger });
    await using status = this.#recorderFor(fleet, views);
    await using progress = makeProgress(this.#context);
    const keeper = new Keeper({
      ...fleet.options,
      ...(this.#options.isWipe ? { trust: "pinned" } : {}),
      ...onRecord(fleet, audit),
      task: { ...this.#taskFor(fleet), agreement: agreementOf(plan), watch: progress },
      onContact: (report) => status.noteContact(report),
    });
    const only = new Set(asked.map(({ address }) => address));
    const pass = noteAuditFailure(await keeper.pass({ signal, only }), audit.log);
    const problems = [...plan.problems, ...pass.problems];
    const known = new Set<string>();
    return {
      ...pass,
      isWhole: true,
      agents: [...pass.agents, ...others],
      problems: problems.filter(({ message }) => !known.has(message) && known.add(message)),
    };
  }

  #taskFor({ run: { app } }: PreparedFleet): ContactTask {
    const { patterns, isWipe = false } = this.#options;
    if (patterns.items.length === 0) return { isWipe };
    return { isWipe, isMeant: (component) => patterns.hasAgent({ app, component }) };
  }

  #recorderFor(
    { stateFolder, run: { app } }: PreparedFleet,
    views: readonly AgentPlanView[] = [],
  ): StatusRecorder {
    const { logger } = this.#context;
    const { isWipe = false } = this.#options;
    return new StatusRecorder(new StatusFile(stateFolder), {
      ...{ app, isWipe, logger },
      intervalMs: null,
      isDrift: (address, path) =>
        views.some((view) => {
          const { report, lines } = view;
          return view.app === app && report.address === address &&
            lines.some((line) => line.isDrift && line.path === path);
        }),
    });
  }

  /** Says which patterns mean nobody: they are likely misspelt. */
  #noteUnused(passes: readonly PassReport[]): readonly PassReport[] {
    const agents = passes.flatMap(({ app, agents }) => {
      return agents.map(({ component }) => ({ app, component }));
    });
    const unused = this.#options.patterns.unusedBy(agents);
    const [first, ...others] = passes;
    if (unused.length === 0 || first === undefined) return passes;
    const problem: PassProblem = {
      code: "agents-unknown",
      message: `--only ${unused.join(",")} means no agent that answered`,
    };
    return [{ ...first, problems: [...first.problems, problem] }, ...others];
  }
}
