/**
 * Serving the apps of a loadout side by side, as it is now.
 *
 * @module
 */
import { ConfigError, type ConfigErrors, delay, FluxVaultError } from "../../../protocol/mod.ts";
import { EXIT_DONE, EXIT_FAILURE, EXIT_MISTAKE } from "../../../protocol/host/mod.ts";
import { BROKEN_APP_RETRY_MS, LOADOUT_CHECK_MS, LOADOUT_SETTLE_MS } from "../../limits.ts";
import type { AppLoadout, Loadout, LoadoutReload } from "../../loadout/mod.ts";
import { isPassWanted } from "../../report/report.ts";
import { printReport } from "../../report/report_output.ts";
import type { ServeContext } from "../run_context.ts";
import { tellWarnings } from "../selected_loadout.ts";
import { AppRun } from "./app_run.ts";
import { ApprovalTurns } from "./approval_turns.ts";
import type { ChosenLoadout } from "./chosen_loadout.ts";
import { settingsText, wishOf } from "./loadout_app.ts";
import { openApp, type SharedParts } from "./served_app.ts";

/** An app that is served, or will be as soon as it can be. */
interface RunningApp {
  /** The app as it is declared now. */
  app: AppLoadout;
  /** Ends it. */
  readonly over: AbortController;
  /** Looks at what is declared; `null` while the app cannot be served. */
  notice: (() => Promise<void>) | null;
  /** Resolves when it has ended. */
  work: Promise<void>;
}

/** Serves each app by a keeper of its own: what is wrong with one costs the others nothing. */
export class LoadoutRun {
  readonly #context: ServeContext;
  readonly #shared: SharedParts;
  readonly #chosen: ChosenLoadout;
  readonly #turns = new ApprovalTurns();
  /** The apps that are served, by their settings. */
  readonly #running = new Map<string, RunningApp>();
  /** Resolves when those have ended that are served no more. */
  #ending: Promise<unknown> = Promise.resolve();
  #loadout: Loadout;
  #problem: ConfigErrors | null = null;
  #reloading: Promise<void> = Promise.resolve();

  /** Serves nobody yet. */
  constructor(context: ServeContext, shared: SharedParts, chosen: ChosenLoadout) {
    this.#context = context;
    this.#shared = shared;
    this.#chosen = chosen;
    this.#loadout = chosen.opened.loadout;
  }

  /**
   * Serves each app once.
   *
   * @returns The exit status: that of a mistake where an app cannot be served as it is declared.
   */
  async once(): Promise<number> {
    const codes = await Promise.all(this.#meant().map((app) => this.#serveOnce(app)));
    return codes.length === 0 ? EXIT_FAILURE : Math.max(...codes);
  }

  /**
   * Serves the apps until it is stopped, and follows the loadout.
   *
   * @throws The reason of the signal.
   */
  async forever(): Promise<never> {
    const { signal } = this.#context;
    this.#follow(this.#loadout);
    await this.#watchLoadout();
    await Promise.all([...this.#running.values()].map(({ work }) => work));
    await this.#ending;
    throw signal.reason;
  }

  #meant(): readonly AppLoadout[] {
    return this.#loadout.apps.filter(this.#chosen.isMeant);
  }

  async #serveOnce(app: AppLoadout): Promise<number> {
    const { signal } = this.#context;
    try {
      const wish = await wishOf(app, this.#context);
      await using served = await openApp(this.#context, wish, this.#shared);
      const report = await new AppRun(this.#context, served, this.#turns).once();
      return isPassWanted(report) ? EXIT_DONE : EXIT_FAILURE;
    } catch (error) {
      signal.throwIfAborted();
      await this.#tellOfBroken(app, error);
      return error instanceof ConfigError ? EXIT_MISTAKE : EXIT_FAILURE;
    }
  }

  /** Starts, ends and updates apps, so that those are served that a loadout names. */
  #follow(loadout: Loadout): void {
    this.#loadout = loadout;
    const meant = new Map(this.#meant().map((app) => [settingsText(app), app]));
    const ending: Promise<void>[] = [];
    for (const [text, running] of this.#running) {
      const app = meant.get(text);
      if (app === undefined) {
        this.#running.delete(text);
        running.over.abort(new DOMException("the app is served no more", "AbortError"));
        ending.push(running.work);
        this.#tellOfEnd(running.app);
      } else {
        running.app = app;
        void running.notice?.();
        meant.delete(text);
      }
    }
    // One agent is not to be served for what was and for what is at the same time.
    this.#ending = Promise.all([this.#ending, ...ending]);
    for (const [text, app] of meant) this.#running.set(text, this.#start(app, this.#ending));
  }

  #tellOfEnd({ app }: AppLoadout): void {
    if (this.#meant().some((other) => other.app === app)) return;
    this.#context.logger.info("An app is served no more; its agents keep what they hold.", { app });
  }

  #start(app: AppLoadout, after: Promise<unknown>): RunningApp {
    const over = new AbortController();
    const running: RunningApp = { app, over, notice: null, work: Promise.resolve() };
    const signal = AbortSignal.any([this.#context.signal, over.signal]);
    running.work = after.then(() => this.#serve(running, { ...this.#context, signal }));
    return running;
  }

  /** Serves one app until it is stopped; where it cannot be served, it is tried again. */
  async #serve(running: RunningApp, context: ServeContext): Promise<void> {
    const { signal } = context;
    let told = "";
    while (!signal.aborted) {
      try {
        const wish = await wishOf(running.app, context, () => running.app);
        await using served = await openApp(context, wish, this.#shared);
        told = "";
        const run = new AppRun(context, served, this.#turns);
        running.notice = () => run.notice();
        await run.forever();
      } catch (error) {
        if (signal.aborted) return;
        if (String(error) !== told) await this.#tellOfBroken(running.app, error);
        told = String(error);
        await delay(BROKEN_APP_RETRY_MS, signal).catch(() => {});
      } finally {
        running.notice = null;
      }
    }
  }

  /** Says that an app cannot be served; the others are, so that it is no reason to end. */
  async #tellOfBroken({ app }: AppLoadout, error: unknown): Promise<void> {
    const { logger, settings } = this.#context;
    const isKnown = error instanceof FluxVaultError;
    const code = isKnown ? error.code : "internal";
    const message = isKnown ? error.message : String(error);
    const hint = isKnown && error.hint !== undefined ? { hint: error.hint } : {};
    logger.error("An app cannot be served.", { app, code, reason: message, ...hint });
    if (!settings.json) return;
    const problems = [{ code, message }];
    const pass = { pass: 0, isWhole: true, startedMs: Date.now(), durationMs: 0 };
    await printReport(this.#context, { ...pass, app, agents: [], problems });
  }

  /** Looks at the loadout from time to time, and where the system tells of a change. */
  async #watchLoadout(): Promise<void> {
    const { settings, signal } = this.#context;
    const watching = settings.watch ? this.#watch() : null;
    while (!signal.aborted) {
      await delay(LOADOUT_CHECK_MS, signal).catch(() => {});
      if (!signal.aborted) await this.#reload();
    }
    await watching;
  }

  async #watch(): Promise<void> {
    const { watchPaths } = await import("../../watch/path_watch.ts");
    const { signal, logger } = this.#context;
    const { path } = this.#loadout;
    const isFile = await Deno.stat(path).then((info) => info.isFile, () => true);
    await watchPaths([{ path, isFile }], { signal, logger, onChange: () => this.#reload() });
  }

  /** Looks at the loadout; what is there and cannot be used changes nothing. */
  async #reload(): Promise<void> {
    const reloading = this.#reloading.then(() => this.#reloadNow());
    this.#reloading = reloading;
    await reloading;
  }

  async #reloadNow(): Promise<void> {
    const { logger, signal } = this.#context;
    if (signal.aborted) return;
    const { loadout, problem } = await this.#findSettled();
    if (problem !== this.#problem) this.#tellOfProblem(problem);
    this.#problem = problem;
    if (loadout === this.#loadout) return;
    const apps = loadout.apps.map(({ app }) => app);
    logger.info("The loadout is another one from now on.", { loadout: loadout.path, apps });
    tellWarnings(logger, loadout.warnings);
    this.#follow(loadout);
  }

  /** Looks until two looks agree: what is half written may read like a loadout that takes things away. */
  async #findSettled(): Promise<LoadoutReload> {
    const { opened } = this.#chosen;
    const { signal } = this.#context;
    let found = await opened.reload();
    const isNew = () => found.loadout !== this.#loadout || found.problem !== this.#problem;
    while (isNew() && !signal.aborted) {
      await delay(LOADOUT_SETTLE_MS, signal).catch(() => {});
      const again = await opened.reload();
      const isSame = again.loadout === found.loadout && again.problem === found.problem;
      found = again;
      if (isSame) break;
    }
    return found;
  }

  #tellOfProblem(problem: ConfigErrors | null): void {
    const { logger } = this.#context;
    if (problem === null) {
      logger.info("The loadout can be used again.", { loadout: this.#loadout.path });
      return;
    }
    for (const { message, source, hint } of problem.errors) {
      logger.error("The loadout as it is now cannot be used; the last good one stays in force.", {
        reason: message,
        ...(source === undefined ? {} : { place: source }),
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
}
