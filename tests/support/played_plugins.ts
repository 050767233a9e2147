/** Plugins of an agent that a test plays: packages, who signed them, where they are kept and what runs. */
import { recoverSigner } from "../../flux/mod.ts";
import type { PluginBook, PluginStore } from "../../agent/plugins/plugin_record.ts";
import type {
  PluginHealth,
  PluginHost,
  RunningCallOptions,
  RunningPlugin,
} from "../../agent/plugins/running_plugin.ts";
import { AgentPlugins, type AgentPluginsOptions } from "../../agent/plugins/agent_plugins.ts";
import type { AgentSessionReport } from "../../agent/delivery/session_report.ts";
import { ActionRegister } from "../../protocol/actions/action_register.ts";
import { CallError } from "../../protocol/calls/mod.ts";
import { type Bytes, encodeHex } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import {
  encodePluginPackage,
  NO_PLUGIN_PERMISSIONS,
  type PluginManifest,
  type PluginPackage,
} from "../../protocol/plugins/mod.ts";
import { composePluginStatement, type StatementSigner } from "../../protocol/statement.ts";
import { MemoryLogger } from "./memory_logger.ts";
import { signerOf } from "./signing.ts";

/** A plugin that says nothing special of itself. */
export const GREETER: PluginManifest = {
  name: "greeter",
  version: "1.0.0",
  describe: "Greets",
  side: "agent",
  actions: [{ name: "greet", describe: "Greets somebody" }],
  events: [],
  permissions: NO_PLUGIN_PERMISSIONS,
  limits: { memoryMb: 32, callTimeoutS: 10 },
};

/** The script of {@linkcode GREETER}. */
export const GREETER_CODE = "plugin({ actions: { greet: async (name) => `Hello, ${name}` } });";

/** Makes a package. */
export function packageOf(
  manifest: Partial<PluginManifest> = {},
  code: string = GREETER_CODE,
): Bytes {
  return encodePluginPackage({ manifest: { ...GREETER, ...manifest }, code });
}

/** A package with its signature. */
export interface SignedPackage {
  readonly bytes: Bytes;
  readonly signature: string;
  readonly digest: string;
}

/** Signs a package as a keeper does. */
export async function signPackage(
  signer: StatementSigner,
  manifest: Partial<PluginManifest> = {},
  code: string = GREETER_CODE,
): Promise<SignedPackage> {
  const bytes = packageOf(manifest, code);
  const digest = await sha256Digest(bytes);
  const { name, version } = { ...GREETER, ...manifest };
  const text = composePluginStatement({ name, pluginVersion: version, digest });
  return { bytes, signature: await signer.sign(text), digest: encodeHex(digest) };
}

/** Keeps plugins in memory, and fails where it is told to. */
export class MemoryPluginStore implements PluginStore {
  /** What is remembered. */
  book: PluginBook = { installed: [], highest: [] };
  /** The packages by their digests. */
  readonly packages = new Map<string, Bytes>();
  /** What a step fails with. */
  readonly faults: { load?: Error; save?: Error; write?: Error } = {};

  load(): Promise<PluginBook> {
    const { load } = this.faults;
    return load === undefined ? Promise.resolve(this.book) : Promise.reject(load);
  }

  save(book: PluginBook): Promise<void> {
    const { save } = this.faults;
    if (save !== undefined) return Promise.reject(save);
    this.book = book;
    return Promise.resolve();
  }

  readPackage(digest: string): Promise<Bytes | null> {
    return Promise.resolve(this.packages.get(digest) ?? null);
  }

  writePackage(digest: string, bytes: Bytes): Promise<void> {
    const { write } = this.faults;
    if (write !== undefined) return Promise.reject(write);
    this.packages.set(digest, bytes);
    return Promise.resolve();
  }

  sweep(digests: readonly string[]): Promise<void> {
    for (const digest of this.packages.keys()) {
      if (!digests.includes(digest)) this.packages.delete(digest);
    }
    return Promise.resolve();
  }
}

/** A plugin that a test plays: it answers its version, and what it was asked. */
export class PlayedPlugin implements RunningPlugin {
  /** The plugin that new calls go to. */
  plugin: PluginPackage;
  /** How it is. */
  state: PluginHealth["state"] = "running";
  /** The deliveries that it was told of. */
  readonly deliveries: AgentSessionReport[] = [];
  /** The calls so far. */
  readonly calls: { readonly action: string; readonly options: RunningCallOptions }[] = [];
  /** Whether it was stopped. */
  isDisposed = false;
  readonly #host: PlayedPluginHost;

  constructor(plugin: PluginPackage, host: PlayedPluginHost) {
    this.plugin = plugin;
    this.#host = host;
  }

  status(): PluginHealth {
    return { state: this.state, sinceMs: 0, restarts: 0, lastEnd: null, openCalls: 0 };
  }

  call(action: string, input: unknown, options: RunningCallOptions): Promise<unknown> {
    this.calls.push({ action, options });
    options.onProgress(`at ${action}`);
    return Promise.resolve([this.plugin.manifest.version, action, input]);
  }

  noteDelivery(report: AgentSessionReport): void {
    this.deliveries.push(report);
  }

  replace(plugin: PluginPackage): Promise<void> {
    if (this.#host.broken.has(plugin.manifest.version)) return Promise.reject(brokenError());
    this.plugin = plugin;
    this.state = "running";
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }
}

/** Runs plugins that a test plays. */
export class PlayedPluginHost implements PluginHost {
  /** The plugins that were started, in order. */
  readonly started: PlayedPlugin[] = [];
  /** The versions that do not start. */
  readonly broken = new Set<string>();
  /** The names of those whose storage was removed. */
  readonly forgotten: string[] = [];

  start(plugin: PluginPackage): Promise<RunningPlugin> {
    if (this.broken.has(plugin.manifest.version)) return Promise.reject(brokenError());
    const played = new PlayedPlugin(plugin, this);
    this.started.push(played);
    return Promise.resolve(played);
  }

  forget(name: string): Promise<void> {
    this.forgotten.push(name);
    return Promise.resolve();
  }
}

function brokenError(): CallError {
  return new CallError("plugin-stopped", "the plugin does not start");
}

/** The plugins of an agent, with all that a test looks at. */
export interface PluginYard {
  readonly plugins: AgentPlugins;
  readonly register: ActionRegister;
  readonly store: MemoryPluginStore;
  readonly host: PlayedPluginHost;
  readonly logger: MemoryLogger;
  /** The key that the agent trusts. */
  readonly signer: StatementSigner;
  /** Signs a package and puts it there. */
  put(
    manifest?: Partial<PluginManifest>,
    options?: { readonly code?: string; readonly signer?: StatementSigner },
  ): ReturnType<AgentPlugins["put"]>;
  /** Puts a package there as it is. */
  putSigned(sent: Pick<SignedPackage, "bytes" | "signature">): ReturnType<AgentPlugins["put"]>;
  /** Starts another agent with what the one before has kept. */
  restart(options?: Partial<AgentPluginsOptions>): Promise<PluginYard>;
}

/** Opens the plugins of an agent. */
export async function openPluginYard(
  options: Partial<AgentPluginsOptions> = {},
  before: Pick<PluginYard, "store" | "signer"> | null = null,
): Promise<PluginYard> {
  const { store, signer } = before ?? { store: new MemoryPluginStore(), signer: signerOf() };
  const host = new PlayedPluginHost();
  const logger = new MemoryLogger();
  const register = new ActionRegister();
  const plugins = new AgentPlugins({
    store,
    host,
    ceiling: { permissions: NO_PLUGIN_PERMISSIONS, memoryMb: 64 },
    signers: { addresses: () => Promise.resolve([signer.address]) },
    recover: recoverSigner,
    offer: (action) => register.add(action),
    logger,
    ...options,
  });
  await plugins.load();
  const putSigned: PluginYard["putSigned"] = ({ bytes, signature }) =>
    plugins.put({ read: () => Promise.resolve(bytes), signature, keeper: signer.address });
  return {
    ...{ plugins, register, store, host, logger, signer, putSigned },
    put: async (manifest, { code, signer: by = signer } = {}) =>
      putSigned(await signPackage(by, manifest, code)),
    restart: (again = {}) => openPluginYard({ ...options, ...again }, { store, signer }),
  };
}

/** Calls an action that was registered, as a session does. */
export async function callRegistered(
  register: ActionRegister,
  name: string,
  input?: unknown,
): Promise<{ readonly output: unknown; readonly progress: readonly unknown[] }> {
  const action = register.find(name);
  if (action === undefined) throw new CallError("unknown-action", "there is no such action");
  const progress: unknown[] = [];
  const context = {
    action: name,
    isOneWay: false,
    signal: new AbortController().signal,
    progress: (output: unknown) => Promise.resolve(void progress.push(output)),
  } as unknown as Parameters<typeof action.run>[0];
  return { output: await action.run(context, input), progress };
}
