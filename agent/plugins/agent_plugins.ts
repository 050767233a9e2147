/**
 * The plugins of an agent: put here by keepers, kept, started again, listed and removed.
 *
 * One change is made at a time. What was put here is checked again, all of it, whenever the agent starts:
 * the folder of state is trusted no further than to hold it.
 *
 * @module
 */
import {
  type Bytes,
  CallError,
  createDeferred,
  encodeHex,
  FluxVaultError,
  type Logger,
  sha256Digest,
} from "../../protocol/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { MAX_PLUGINS } from "../limits.ts";
import { trustedAddresses } from "../trust/statement_verifier.ts";
import type { SignerRecovery, TrustedSigners } from "../trust/trusted_signers.ts";
import type { OfferAction } from "./offered_plugin.ts";
import { type CheckedPlugin, checkPlugin, openPlugin, type PluginCeiling } from "./plugin_check.ts";
import type { PluginBook, PluginRecord, PluginStore } from "./plugin_record.ts";
import { PluginRefusal } from "./plugin_refusal.ts";
import { PluginSlot, type PluginState } from "./plugin_slot.ts";
import { checkVersion, raiseVersion } from "./plugin_versions.ts";
import type { PluginHost } from "./running_plugin.ts";

/** What the plugins of an agent are made of. */
export interface AgentPluginsOptions {
  /** Keeps them. */
  readonly store: PluginStore;
  /** Runs them. */
  readonly host: PluginHost;
  /** What they may do at most. */
  readonly ceiling: PluginCeiling;
  /** Whose signature counts. */
  readonly signers: TrustedSigners;
  /** Works out who signed. */
  readonly recover: SignerRecovery;
  /** Offers an action to keepers. */
  readonly offer: OfferAction;
  /** Is told what happens. */
  readonly logger: Logger;
  /** How many there may be. @default {8} */
  readonly maxPlugins?: number;
}

/** What a keeper sends of a plugin. */
export interface SentPlugin {
  /** Reads the package; it is asked for when it is its turn. */
  readonly read: () => Promise<Bytes>;
  /** The signature under its statement. */
  readonly signature: string;
  /** Who sends it, for the log. */
  readonly keeper: string | null;
}

/** A plugin, as a keeper is told of it. */
export interface ListedPlugin extends PluginRecord {
  /** Who signed it, or `null` where it was refused. */
  readonly signer: string | null;
  /** How it is. */
  readonly state: PluginState;
  /** Why it was refused, or `null`. */
  readonly code: string | null;
  /** Since when it is as it is, in Unix milliseconds, or `null` where nothing runs. */
  readonly sinceMs: number | null;
  /** How often it was started again. */
  readonly restarts: number;
  /** How it ended last, in a word, or `null`. */
  readonly lastEnd: string | null;
  /** How many of its calls are open. */
  readonly openCalls: number;
  /** The names by which its actions are called. */
  readonly actions: readonly string[];
}

const NO_PLUGINS: PluginBook = { installed: [], highest: [] };

/** Holds plugins. */
export class AgentPlugins implements AsyncDisposable {
  readonly #options: AgentPluginsOptions;
  readonly #logger: Logger;
  readonly #slots = new Map<string, PluginSlot>();
  #book: PluginBook = NO_PLUGINS;
  /** What makes it unknown which versions were here. */
  #fault: FluxVaultError | null = null;
  #turn: Promise<void> = Promise.resolve();
  readonly #disposal = new AbortController();

  /** Knows of none yet; see {@linkcode AgentPlugins.load}. */
  constructor(options: AgentPluginsOptions) {
    this.#options = options;
    this.#logger = options.logger;
  }

  /** Reads what is remembered; where that cannot be read no plugin runs, and none is taken. */
  async load(): Promise<void> {
    try {
      this.#book = await this.#options.store.load();
    } catch (error) {
      if (!(error instanceof FluxVaultError)) throw error;
      this.#fault = error;
      this.#logger.error(
        "it is not known which plugins were here, so none runs and none is taken",
        {
          reason: error.message,
        },
      );
    }
    for (const record of this.#book.installed) {
      const slot = this.#makeSlot(record);
      slot.refuse("owner-unknown");
      this.#slots.set(record.name, slot);
    }
  }

  /**
   * Checks what was kept, and starts it; what cannot be used is said and skipped.
   *
   * @returns Resolves when all has been checked; it may start later.
   * @throws {PeerRejectedError} `owner-unknown` while it is not known whose signature counts.
   */
  async resume(): Promise<void> {
    if (this.#slots.size === 0) return;
    const signers = await trustedAddresses(this.#options.signers);
    await this.#inTurn(async () => {
      for (const slot of this.#slots.values()) {
        if (slot.checked === null && !this.#isDisposed) await this.#resumeOne(slot, signers);
      }
    });
    await this.#sweep();
  }

  /**
   * Puts a plugin here, in the place of the one with its name.
   *
   * @returns How it is, and whether it was here already.
   * @throws {PluginRefusal} where it is not taken; {CallError} where it does not start; {StorageError}
   * where it cannot be kept. Then all is as it was.
   */
  put({ read, signature, keeper }: SentPlugin): Promise<ListedPlugin & { isUnchanged: boolean }> {
    return this.#inTurn(async () => {
      try {
        if (this.#fault !== null) throw this.#fault;
        if (this.#isDisposed) throw new CallError("plugin-stopped", "the agent stops");
        const checked = await this.#check(await read(), signature);
        const { record: { name, version, digest }, signer } = checked;
        const present = this.#slots.get(name);
        if (isAlive(present) && present.record.digest === digest) {
          await this.#renew(present, checked);
          return { ...listPlugin(present), isUnchanged: true };
        }
        const slot = await this.#take(checked, present);
        this.#logger.info("a plugin was put here", { name, version, signer, keeper });
        return { ...listPlugin(slot), isUnchanged: false };
      } catch (error) {
        this.#logger.warn("a plugin was refused", { keeper, ...describeFault(error) });
        throw error;
      }
    });
  }

  /** Returns all plugins, by their names. */
  list(): ListedPlugin[] {
    return [...this.#slots.values()].map(listPlugin).sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /**
   * Removes a plugin with what it kept; the version that it had stays known.
   *
   * @throws {CallError} `plugin-unknown`; {StorageError} where that cannot be written: then it stays.
   */
  remove(name: string, { keeper }: Pick<SentPlugin, "keeper">): Promise<void> {
    return this.#inTurn(async () => {
      const slot = this.#slots.get(name);
      if (slot === undefined) throw new CallError("plugin-unknown", "there is no such plugin");
      const installed = this.#book.installed.filter((record) => record.name !== name);
      await this.#save({ ...this.#book, installed });
      this.#slots.delete(name);
      await slot.clear();
      await this.#options.host.forget(name);
      await this.#sweep();
      this.#logger.info("a plugin was removed", { name, version: slot.record.version, keeper });
    });
  }

  /** Tells plugins of a delivery that has come to its end; a plan is none, nor are calls. */
  noteReport(report: AgentSessionReport): void {
    if (!report.isComplete || report.isPlan || report.isCallsOnly === true) return;
    for (const slot of this.#slots.values()) slot.noteDelivery(report);
  }

  /** Stops all of them, also what is being started; resolves when they are gone. No more is taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    await this.#inTurn(async () => {
      await Promise.all([...this.#slots.values()].map((slot) => slot.clear()));
    });
  }

  get #isDisposed(): boolean {
    return this.#disposal.signal.aborted;
  }

  #makeSlot(record: PluginRecord): PluginSlot {
    return new PluginSlot(record, { ...this.#options, signal: this.#disposal.signal });
  }

  async #check(bytes: Bytes, signature: string): Promise<CheckedPlugin> {
    const { recover, ceiling, maxPlugins = MAX_PLUGINS } = this.#options;
    const signers = await trustedAddresses(this.#options.signers);
    const checked = await openPlugin(bytes, signature, { signers, recover });
    checkPlugin(checked.plugin, ceiling);
    checkVersion(checked.record, this.#book.highest);
    if (!this.#slots.has(checked.record.name) && this.#slots.size >= maxPlugins) {
      throw new PluginRefusal("too-many", `${maxPlugins} plugins are here`);
    }
    await this.#options.store.writePackage(checked.record.digest, bytes);
    return checked;
  }

  /** Keeps the signature of whoever signed last: the one before may not be trusted for ever. */
  async #renew(slot: PluginSlot, checked: CheckedPlugin): Promise<void> {
    const { record } = checked;
    if (slot.checked?.signer === checked.signer) return;
    const others = this.#book.installed.filter(({ name }) => name !== record.name);
    await this.#save({ ...this.#book, installed: [...others, record] });
    slot.renew(checked);
  }

  async #take(checked: CheckedPlugin, present: PluginSlot | undefined): Promise<PluginSlot> {
    const { record } = checked;
    const slot = present ?? this.#makeSlot(record);
    const others = this.#book.installed.filter(({ name }) => name !== record.name);
    try {
      await slot.take(checked, () =>
        this.#save({
          installed: [...others, record],
          highest: raiseVersion(record, this.#book.highest),
        }));
      this.#slots.set(record.name, slot);
      return slot;
    } catch (error) {
      // What it kept while it was tried; of one that was here before it stays.
      if (present === undefined) await this.#options.host.forget(record.name);
      throw error;
    } finally {
      await this.#sweep();
    }
  }

  async #resumeOne(slot: PluginSlot, signers: readonly string[]): Promise<void> {
    const { record } = slot;
    const { store, ceiling, recover } = this.#options;
    try {
      const bytes = await store.readPackage(record.digest);
      if (bytes === null) throw new PluginRefusal("package-missing", "its package is gone");
      if (encodeHex(await sha256Digest(bytes)) !== record.digest) {
        throw new PluginRefusal("package-changed", "its package is not the one that was put here");
      }
      const checked = await openPlugin(bytes, record.signature, { signers, recover });
      const { name, version } = checked.record;
      if (name !== record.name || version !== record.version) {
        throw new PluginRefusal("package-changed", "its package is another one");
      }
      checkPlugin(checked.plugin, ceiling);
      checkVersion(record, this.#book.highest);
      // Whoever calls it waits until it has started; nobody else does.
      slot.resume(checked).then(() => this.#noteResumed(slot));
    } catch (error) {
      const fault = describeFault(error);
      slot.refuse(fault.code);
      const { name, version } = record;
      this.#logger.error("a plugin that was kept is not run", { name, version, ...fault });
    }
  }

  #noteResumed({ record: { name, version }, code }: PluginSlot): void {
    if (code === null) this.#logger.info("a plugin that was kept runs", { name, version });
    else this.#logger.error("a plugin that was kept does not start", { name, version, code });
  }

  async #save(book: PluginBook): Promise<void> {
    if (this.#fault !== null) throw this.#fault;
    await this.#options.store.save(book);
    this.#book = book;
  }

  async #sweep(): Promise<void> {
    if (this.#fault !== null) return;
    await this.#options.store.sweep(this.#book.installed.map(({ digest }) => digest));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const turn = createDeferred<void>();
    this.#turn = turn.promise;
    await before;
    try {
      return await work();
    } finally {
      turn.resolve();
    }
  }
}

function isAlive(slot: PluginSlot | undefined): slot is PluginSlot {
  return slot !== undefined && slot.state !== "refused" && slot.state !== "stopped";
}

function listPlugin(slot: PluginSlot): ListedPlugin {
  const health = slot.running?.status();
  const { record, checked, manifest, state, code } = slot;
  return {
    ...record,
    signer: checked?.signer ?? null,
    state,
    code,
    sinceMs: health?.sinceMs ?? null,
    restarts: health?.restarts ?? 0,
    lastEnd: health?.lastEnd ?? null,
    openCalls: health?.openCalls ?? 0,
    actions: manifest?.actions.map(({ name }) => `${record.name}-${name}`) ?? [],
  };
}

/** Names a fault for the log; the messages of refusals hold nothing of a script. */
function describeFault(error: unknown): { readonly code: string; readonly reason: string } {
  if (!(error instanceof FluxVaultError)) return { code: "failed", reason: "an unexpected error" };
  return { code: error.code, reason: error.message };
}
