/**
 * The agent program's own work: settings in, a running agent out.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import type { NodeEvidence, StorageError } from "../../protocol/mod.ts";
import { type CommandContext, createNodeHasher } from "../../protocol/host/mod.ts";
import { readNames } from "./agent_names.ts";
import { readPrograms } from "./application_settings.ts";
import { AgentReport } from "../actions/mod.ts";
import { type Access, readAccess, readEnrolmentSecret } from "./access.ts";
import { Agent, type AgentOptions } from "../agent.ts";
import { combineCalls } from "./combined_calls.ts";
import { readPrimary } from "./component_settings.ts";
import { LeaseWatch } from "../disk/mod.ts";
import { FLUX_APP_VARIABLE } from "../app_identity.ts";
import { FileWait } from "../application/file_wait.ts";
import { type AgentHealth, HealthSocket } from "../health_socket.ts";
import { type LoadedIdentity, loadIdentity } from "../identity_file.ts";
import { NODE_TIMEOUT_MS } from "../limits.ts";
import { listen, type Listener } from "../listener.ts";
import { NodeWatch } from "../node_watch.ts";
import type { AGENT_OPTIONS } from "../options.ts";
import { loadPlugins } from "./plugin_loading.ts";
import { formatPeerRule, type NameResolver, PeerPolicy } from "../door/peer_policy.ts";
import { ServedComponents } from "./serve_components.ts";
import type { ServeContext as Context } from "./serve_context.ts";
import {
  checkFolders,
  openCertificates,
  openStore,
  openWorkingFolder,
  wipeOnExit,
} from "./serve_disk.ts";
import {
  describeRestored,
  formatDelivery,
  formatExpired,
  formatListening,
  formatRestored,
} from "./serve_output.ts";
import { ServedPrograms } from "./serve_programs.ts";
import type { ServedHttp, ServedHttpParts } from "./serve_http.ts";
import type { Trust, TrustParts } from "./serve_trust.ts";
import type { ServiceEvent } from "../services/service_status.ts";
import { openStateFolder, type StateFolder } from "../state_folder.ts";

/** Serves until asked to stop. */
export function run(context: CommandContext<typeof AGENT_OPTIONS>): Promise<number> {
  const { settings, rest, stdout, stderr } = context;
  // Standard output is the application's own, where there is one.
  const reports = rest === null ? stdout : stderr;
  const all = {
    ...settings,
    ...{ application: settings, http: settings, plugins: settings, components: settings },
  };
  return serve({ ...context, settings: all, stdout: reports });
}

/** Serves until asked to stop. */
export async function serve(context: Context): Promise<number> {
  const { settings, logger, signal, stdout } = context;
  const startedMs = Date.now();
  const names = readNames(context);
  const primary = readPrimary(context, names);
  const access = await readAccess(context, primary?.rule ?? null);
  const enrolmentSecret = readEnrolmentSecret(context);
  if (settings.files.length + settings.allowAbsolute.length > 0) {
    (await import("./checked_files.ts")).checkFiles(context);
  }
  const programSettings = await readPrograms(context);
  const openPlugins = await loadPlugins(context, access);
  const workingFolder = await openWorkingFolder(context);
  using state = settings.stateDir === undefined
    ? NO_STATE_FOLDER
    : await openStateFolder(settings.stateDir);
  checkFolders(context, { workingFolder, state });
  const identity = await loadIdentity(state.path);
  const certificates = await openCertificates(context, { state });
  const store = await openStore(context, { workingFolder, state, certificates });
  const stateFolder = state.path;
  const trust = await openTrust(context, { access, names, identity, stateFolder, store });
  let tellOfService: ((event: ServiceEvent) => void) | null = null;
  const programs = await ServedPrograms.open(context, {
    settings: programSettings,
    workingFolder,
    stateFolder,
    store,
    onService: (event) => tellOfService?.(event),
  });
  using listener = openListener(context);
  using components = await ServedComponents.open(context, {
    ...{ names, identity, enrolmentSecret, primary },
    port: listener.address.port,
  });
  using life = new Life(signal);
  const present = new FileWait([]);
  const health = () => ({
    serving: !life.signal.aborted,
    delivered: present.missing?.length === 0,
  });
  await using _health = await openHealth(context, { state, health });
  const { app, component } = names;
  const served = { store, workingFolder, stateFolder, app, component, health, present, components };
  await using http = await openHttp(context, served);
  await using plugins = await openPlugins?.({ state, trust, workingFolder, store }) ?? null;

  await stdout.write(formatListening({
    json: settings.json,
    address: listener.address,
    fingerprint: identity.fingerprint,
    rules: access.rules === null ? null : [...new Set(access.rules.map(formatPeerRule))],
    originalRules: access.originalRules.map(formatPeerRule),
    signers: access.signers,
    workingFolder,
    absoluteFolders: settings.allowAbsolute,
    programs: programSettings.allowed?.names ?? null,
    application: programSettings.application?.command[0] ?? null,
    ...names,
  }));
  await http?.announce(context);
  warn(context, { access, identity, state });
  if (access.originalRules.length > 0) {
    (await import("./original_warning.ts")).warnOfOriginal(context);
  }

  const sweeping = store.sweep(startedMs);
  const software = `fluxvault-agent/${config.version}`;
  const isComplete = () => health().delivered;
  const report = new AgentReport({ software, startedMs, store, isComplete, ...names });
  const agent = new Agent({
    identity: identity.identity,
    store,
    ...openPolicies(context, access, components.resolveName),
    ...components.agentOptions,
    ...withCalls(combineCalls(components.agentOptions.calls, http?.calls)),
    ...trust?.agentOptions,
    enrolmentSecret,
    node: watchNode(context, life.signal),
    app,
    component,
    software,
    files: settings.files,
    createHasher: createNodeHasher,
    logger,
    hooks: programs.hooks,
    services: programs.services,
    certificates,
    onReport: (ended) => {
      leases.wake();
      report.noteReport(ended);
      programs.noteReport(ended);
      present.noteReport(ended);
      http?.noteReport(ended);
      plugins?.noteReport(ended);
      if (settings.json) void stdout.write(formatDelivery(ended));
    },
  });
  agent.action(report.toAction());
  for (const action of programs.actions) agent.action(action);
  tellOfService = agent.noteService;
  await plugins?.attach(agent, life.signal);
  const leases = new LeaseWatch({
    store,
    agent,
    hooks: programs.hooks,
    logger,
    onExpired: (paths) => {
      agent.noteExpired(paths);
      programs.noteExpired(paths);
      present.noteGone(paths);
      http?.noteExpired(paths);
      if (settings.json) void stdout.write(formatExpired(paths));
    },
  });
  const watching = leases.run(life.signal);
  const running = programs.run(life);
  // What is vouched for is what is left.
  const trusting = leases.looked.then(() =>
    runTrust(context, { trust, life, programs, present, http })
  );
  // They are thrown below, once the sessions have ended.
  running.catch(() => {});
  trusting.catch(() => {});
  const registering = components.run({ signal: life.signal });
  try {
    await agent.serve(listener, { signal: life.signal });
  } finally {
    life.end();
    await Promise.allSettled([running, watching, registering]);
  }
  const { removed } = await sweeping;
  if (removed > 0) {
    logger.info("removed what an earlier process had left half-written", { removed });
  }
  await wipeOnExit(context, store);
  await trusting;
  const code = await running;
  logger.info("the agent has stopped");
  return code;
}

function withCalls(calls: AgentOptions["calls"]): Pick<AgentOptions, "calls"> {
  return calls === undefined ? {} : { calls };
}

const NO_STATE_FOLDER: StateFolder = { path: null, problem: null, [Symbol.dispose]() {} };

/** What goes on beside the agent's work ends with it, and may end it. */
class Life implements Disposable {
  readonly #control = new AbortController();
  /** Is aborted when the program is asked to stop, and when this life ends. */
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#control.signal]);
  }

  end(): void {
    this.#control.abort();
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/** Lets whoever may open the folder of state ask how the agent is. */
async function openHealth(
  { logger }: Context,
  { state, health }: { readonly state: StateFolder; readonly health: () => AgentHealth },
): Promise<HealthSocket | null> {
  if (state.path === null || state.problem !== null || Deno.build.os === "windows") return null;
  return await HealthSocket.open(state.path, { health, logger });
}

/** Loads what speaks HTTP only where it is asked for. */
async function openHttp(context: Context, parts: ServedHttpParts): Promise<ServedHttp | null> {
  const settings = context.settings.http;
  if (settings === null) return null;
  const isAsked = settings.fileserver || settings.fileserverTls !== undefined ||
    parts.components.registrar !== null;
  if (!isAsked && settings.healthPort === undefined) return null;
  const { ServedHttp } = await import("./serve_http.ts");
  return await ServedHttp.open(context, parts, settings);
}

/** Loads what takes signatures apart only where keepers sign. */
async function openTrust(
  context: Context,
  { access, ...parts }: Omit<TrustParts, "signers"> & { readonly access: Access },
): Promise<Trust | null> {
  if (access.signers === null) return null;
  const { openTrust } = await import("./serve_trust.ts");
  return await openTrust(context, { signers: access.signers, ...parts });
}

/** Runs what goes on for the sake of trust; what makes that impossible ends the agent. */
async function runTrust(
  { settings, logger, stdout }: Context,
  { trust, life, programs, present, http }: {
    readonly trust: Trust | null;
    readonly life: Life;
    readonly programs: ServedPrograms;
    readonly present: FileWait;
    readonly http: ServedHttp | null;
  },
): Promise<void> {
  try {
    await trust?.run({
      signal: life.signal,
      onRestored: async (state) => {
        const { level, message, properties } = describeRestored(state);
        logger[level](message, properties);
        await stdout.write(formatRestored(state, { json: settings.json }));
        present.noteRestored(state);
        http?.noteRestored(state);
        await programs.noteRestored(state);
      },
    });
  } catch (error) {
    life.end();
    throw error;
  }
}

function openPolicies(
  { logger }: Context,
  { rules, originalRules }: Access,
  resolveName: NameResolver,
): Pick<AgentOptions, "policy" | "originalPolicy"> {
  const options = { resolveName, logger };
  return {
    policy: rules === null ? null : new PeerPolicy(rules, options),
    originalPolicy: originalRules.length === 0 ? null : new PeerPolicy(originalRules, options),
  };
}

/** Asks the Flux node which one it is; where there is none nobody is asked. */
function watchNode(context: Context, signal: AbortSignal): () => NodeEvidence | null {
  const { env, logger, hostInfoUrl } = context;
  if ((env.get(FLUX_APP_VARIABLE) ?? "") === "") return () => null;
  const watch = new NodeWatch({
    logger,
    ask: async () => {
      const { fetchHostInfo } = await import("../../flux/node/mod.ts");
      const { nodeId, ip, country } = await fetchHostInfo({
        timeoutMs: NODE_TIMEOUT_MS,
        signal,
        ...(hostInfoUrl === undefined ? {} : { baseUrl: hostInfoUrl }),
      });
      return { id: nodeId, ip, country };
    },
  });
  watch.current();
  return () => watch.current();
}

function openListener({ settings, logger }: Context): Listener {
  return listen({ hostname: settings.bindAddress, port: settings.bindPort, logger });
}

function warn(
  { settings, logger }: Context,
  found: {
    readonly access: Access;
    readonly identity: LoadedIdentity;
    readonly state: StateFolder;
  },
): void {
  const { access: { rules, signers }, identity, state } = found;
  if (signers === null && rules?.some((rule) => rule.kind === "network" && rule.prefixBits === 0)) {
    logger.warn("every address is allowed: anybody can put files here");
  }
  if (settings.stateDir === undefined) return;
  const problem: StorageError | null = state.problem ?? identity.problem;
  if (identity.isNew && problem !== null) {
    logger.warn(
      "the identity is kept in memory only: after a restart every keeper must approve a new one",
      { reason: problem.message },
    );
  } else if (problem !== null) {
    logger.warn("the state folder cannot be written", { reason: problem.message });
  } else if (identity.isNew) {
    logger.info("made a new identity", { fingerprint: identity.fingerprint });
  }
}
