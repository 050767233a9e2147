/**
 * The place of one plugin at an agent: what is there, what of it runs, and what is offered of it.
 *
 * @module
 */
import { CallError, FluxVaultError, type PluginManifest } from "../../protocol/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { type OfferAction, OfferedPlugin, type RunPluginAction } from "./offered_plugin.ts";
import type { CheckedPlugin } from "./plugin_check.ts";
import type { PluginRecord } from "./plugin_record.ts";
import { ProgressPump } from "./progress_pump.ts";
import type { PluginHost, RunningPlugin } from "./running_plugin.ts";

/** How a plugin is, as a keeper is told. */
export type PluginState = "starting" | "running" | "waiting" | "stopped" | "refused";

/** What a {@linkcode PluginSlot} works with. */
export interface PluginSlotParts {
  /** Runs what is there. */
  readonly host: PluginHost;
  /** Offers its actions. */
  readonly offer: OfferAction;
  /** Gives up what is being started. */
  readonly signal: AbortSignal;
}

/** The place of one plugin. */
export class PluginSlot {
  readonly #host: PluginHost;
  readonly #offered: OfferedPlugin;
  readonly #signal: AbortSignal;
  #record: PluginRecord;
  #checked: CheckedPlugin | null = null;
  #running: RunningPlugin | null = null;
  #starting: Promise<void> | null = null;
  #code: string | null = null;

  /** Holds a plugin that nobody has looked at yet. */
  constructor(
    record: PluginRecord,
    { host, offer, signal }: PluginSlotParts,
  ) {
    this.#record = record;
    this.#host = host;
    this.#signal = signal;
    this.#offered = new OfferedPlugin(offer, this.#run);
  }

  /** What is remembered of the plugin. */
  get record(): PluginRecord {
    return this.#record;
  }

  /** What was looked at last and is here, or `null` where it was refused. */
  get checked(): CheckedPlugin | null {
    return this.#checked;
  }

  /** Why it was refused, or does not run for a reason of the agent's; else `null`. */
  get code(): string | null {
    return this.#code;
  }

  /** How it is. */
  get state(): PluginState {
    if (this.#starting !== null) return "starting";
    return this.#running?.status().state ?? "refused";
  }

  /** How what runs of it is, or `null` where nothing does. */
  get running(): RunningPlugin | null {
    return this.#running;
  }

  /** Says that it was refused. */
  refuse(code: string): void {
    this.#code = code;
  }

  /**
   * Starts what was kept; what does not start is tried again.
   *
   * @returns Resolves when it has been tried; never rejects.
   * @throws {PluginRefusal} `name-taken`.
   */
  resume(checked: CheckedPlugin): Promise<void> {
    this.#offered.offer(checked.plugin.manifest);
    this.#checked = checked;
    this.#code = null;
    const starting = (async () => {
      try {
        this.#running = await this.#host.start(checked.plugin, {
          isPatient: true,
          signal: this.#signal,
        });
      } catch (error) {
        this.#code = error instanceof FluxVaultError ? error.code : "failed";
      } finally {
        this.#starting = null;
      }
    })();
    this.#starting = starting;
    return starting;
  }

  /**
   * Puts a plugin in the place of the one that is here, or the first one.
   *
   * @param commit Makes it last; where it rejects the one before is back.
   * @throws {PluginRefusal} `name-taken`; {CallError} where it does not start; what `commit` throws.
   */
  async take(checked: CheckedPlugin, commit: () => Promise<void>): Promise<void> {
    await this.#starting;
    const before = this.#checked;
    this.#offered.offer(checked.plugin.manifest);
    try {
      await this.#startOrReplace(checked);
      try {
        await commit();
      } catch (error) {
        await this.#takeBack(before);
        throw error;
      }
    } catch (error) {
      if (before === null) this.#offered.withdraw();
      else this.#offered.offer(before.plugin.manifest);
      throw error;
    }
    this.#checked = checked;
    this.#record = checked.record;
    this.#code = null;
  }

  /** Takes another signature under the plugin that is here. */
  renew(checked: CheckedPlugin): void {
    this.#checked = checked;
    this.#record = checked.record;
  }

  /** Tells what runs of a delivery. */
  noteDelivery(report: AgentSessionReport): void {
    this.#running?.noteDelivery(report);
  }

  /** What the plugin says of itself, or `null` where it was refused. */
  get manifest(): PluginManifest | null {
    return this.#checked?.plugin.manifest ?? null;
  }

  /** Offers nothing any more, and stops what runs; resolves when it is gone. */
  async clear(): Promise<void> {
    this.#offered.withdraw();
    await this.#starting;
    await this.#running?.[Symbol.asyncDispose]();
    this.#running = null;
  }

  async #startOrReplace({ plugin }: CheckedPlugin): Promise<void> {
    if (this.#running === null) {
      this.#running = await this.#host.start(plugin, { isPatient: false, signal: this.#signal });
    } else await this.#running.replace(plugin);
  }

  async #takeBack(before: CheckedPlugin | null): Promise<void> {
    if (before === null) {
      await this.#running?.[Symbol.asyncDispose]();
      this.#running = null;
      return;
    }
    try {
      await this.#running?.replace(before.plugin);
    } catch {
      // It does not start any more: the new one runs on until the agent ends, and is not kept.
    }
  }

  readonly #run: RunPluginAction = async (action, { context, input }) => {
    await this.#starting;
    if (this.#running === null) {
      throw new CallError("plugin-stopped", "the plugin does not run");
    }
    const pump = new ProgressPump(context.progress);
    const output = await this.#running.call(action, input, {
      signal: context.signal,
      onProgress: pump.push,
    });
    await pump.drain();
    return output;
  };
}
