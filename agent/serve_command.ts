/**
 * The agent program's own work: settings in, a running agent out.
 *
 * @module
 */
import { isAbsolute, relative, resolve } from "node:path";
import config from "../deno.json" with { type: "json" };
import { findPathFault, STAGE_PREFIX, type StorageError } from "../protocol/mod.ts";
import {
  type CommandContext,
  createNodeHasher,
  EXIT_DONE,
  settingError,
  storageError,
} from "../protocol/host/mod.ts";
import { Agent } from "./agent.ts";
import { type AppIdentity, findAppIdentity, FLUX_APP_VARIABLE } from "./app_identity.ts";
import { DiskSecretStore } from "./disk/mod.ts";
import { type LoadedIdentity, loadIdentity } from "./identity_file.ts";
import { listen, type Listener } from "./listener.ts";
import { resolveHostName } from "./name_resolver.ts";
import type { AGENT_OPTIONS } from "./options.ts";
import { formatPeerRule, parsePeerRule, PeerPolicy, type PeerRule } from "./peer_policy.ts";
import { formatDelivery, formatListening } from "./serve_output.ts";
import { openStateFolder, type StateFolder } from "./state_folder.ts";

type Settings = CommandContext<typeof AGENT_OPTIONS>["settings"];

/** What {@linkcode serve} is given; without a state folder the identity is kept in memory. */
export interface ServeContext extends Omit<CommandContext, "settings"> {
  /** The settings of the agent program. */
  readonly settings: Omit<Settings, "stateDir"> & { readonly stateDir: string | undefined };
}

type Context = ServeContext;

/** Serves until asked to stop. */
export function run(context: CommandContext<typeof AGENT_OPTIONS>): Promise<number> {
  return serve(context);
}

/** Serves until asked to stop. */
export async function serve(context: ServeContext): Promise<number> {
  const { settings, logger, signal, stdout } = context;
  const startedMs = Date.now();
  const originalRules = readRules(context, "original-wire", settings.originalWire);
  const rules = readRules(context, "whitelisted-addresses", settings.whitelistedAddresses);
  checkRules(context);
  const names = readNames(context);
  checkFiles(context);
  const workingFolder = await openWorkingFolder(context);
  using state = settings.stateDir === undefined
    ? NO_STATE_FOLDER
    : await openStateFolder(settings.stateDir);
  checkFolders(context, { workingFolder, state });
  const identity = await loadIdentity(state.path);
  const store = await openStore(context, { workingFolder, state });
  using listener = openListener(context);

  await stdout.write(formatListening({
    json: settings.json,
    address: listener.address,
    fingerprint: identity.fingerprint,
    rules: [...new Set([...rules, ...originalRules].map(formatPeerRule))],
    originalRules: originalRules.map(formatPeerRule),
    workingFolder,
    absoluteFolders: settings.allowAbsolute,
    ...names,
  }));
  warn(context, { rules: [...rules, ...originalRules], identity, state });
  if (originalRules.length > 0) await warnOfOriginal(context);

  const sweeping = store.sweep(startedMs);
  const agent = new Agent({
    identity: identity.identity,
    store,
    policy: new PeerPolicy([...rules, ...originalRules], { resolveName: resolveHostName, logger }),
    originalPolicy: originalRules.length === 0
      ? null
      : new PeerPolicy(originalRules, { resolveName: resolveHostName, logger }),
    app: names.app,
    component: names.component,
    software: `fluxvault-agent/${config.version}`,
    files: settings.files,
    createHasher: createNodeHasher,
    logger,
    ...(settings.json ? { onReport: (report) => void stdout.write(formatDelivery(report)) } : {}),
  });
  await agent.serve(listener, { signal });
  const { removed } = await sweeping;
  if (removed > 0) {
    logger.info("removed what an earlier process had left half-written", { removed });
  }
  logger.info("the agent has stopped");
  return EXIT_DONE;
}

const NO_STATE_FOLDER: StateFolder = { path: null, problem: null, [Symbol.dispose]() {} };

function readRules(
  { resolved }: Context,
  name: "original-wire" | "whitelisted-addresses",
  items: readonly string[],
): PeerRule[] {
  try {
    return items.map(parsePeerRule);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw settingError(resolved, {
      name,
      problem: `cannot be used: ${error.message}`,
      hint: "Separate addresses, networks such as 192.0.2.0/24 and host names by commas.",
    });
  }
}

function checkRules({ resolved, settings }: Context): void {
  const { whitelistedAddresses, originalWire, files } = settings;
  if (whitelistedAddresses.length === 0 && originalWire.length === 0) {
    throw settingError(resolved, {
      name: "whitelisted-addresses",
      problem: "is missing: without it anybody could put files here",
      hint: "Name the addresses that your keeper dials from: --whitelisted-addresses 198.51.100.7",
    });
  }
  if (originalWire.length > 0 && files.length === 0) {
    throw settingError(resolved, {
      name: "original-wire",
      problem: "needs --files: the original's vault gives only what it is asked for",
      hint: "Name the files to ask for, for example --files db.password,tls/key.pem.",
    });
  }
}

/** Says once what the wire cannot do, whatever its two ends do. */
async function warnOfOriginal({ settings, logger }: Context): Promise<void> {
  logger.warn(
    "the wire of the original FluxVault is on: whoever is on the path between these addresses and " +
      "this agent can read and change every file; a vault is known by its address alone, notices " +
      "no message that is played again, and makes keys of 128 bits; the lengths of files show. " +
      "Turn it off when the vault is replaced",
    { addresses: settings.originalWire.join(", ") },
  );
  const { limits, requestLineBytes } = await import("../protocol/original/mod.ts");
  const { SAFE_NODE_LINE_BYTES: safe } = limits;
  for (const file of settings.files) {
    const bytes = requestLineBytes(file);
    if (bytes <= safe) continue;
    logger.warn("a file name is long: an original vault may get a part of the request only", {
      file,
      bytes,
      safe,
    });
  }
}

function readNames(context: Context): AppIdentity {
  const { resolved, settings, env, logger } = context;
  const sources = {
    appName: settings.appName,
    componentName: settings.componentName,
    fluxAppName: env.get(FLUX_APP_VARIABLE),
    hostName: hostName(),
  };
  const attempt = (name: "app-name" | "component-name", tried: typeof sources): AppIdentity => {
    try {
      return findAppIdentity(tried);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw settingError(resolved, { name, problem: `cannot be used: ${error.message}` });
    }
  };
  attempt("app-name", { ...sources, componentName: undefined });
  const names = attempt("component-name", sources);
  for (const note of names.notes) logger.info(note);
  return names;
}

function hostName(): string | undefined {
  try {
    return Deno.hostname();
  } catch {
    return undefined;
  }
}

function checkFiles({ resolved, settings }: Context): void {
  for (const path of settings.files) {
    const fault = findPathFault(path);
    if (fault === null) continue;
    throw settingError(resolved, {
      name: "files",
      problem: `has a path that ${fault}`,
      hint: "Write paths relative to the working folder, with / between folders.",
    });
  }
  const outside = settings.files.find((path) => {
    return isAbsolute(path) && !settings.allowAbsolute.some((folder) => isInside(path, folder));
  });
  if (outside !== undefined) {
    throw settingError(resolved, {
      name: "files",
      problem: `has ${JSON.stringify(outside)}, which is below no folder of --allow-absolute`,
      hint: "Name the folder there, or write a path relative to the working folder.",
    });
  }
  const isRelative = settings.allowAbsolute.find((folder) => !isAbsolute(folder));
  if (isRelative === undefined) return;
  throw settingError(resolved, {
    name: "allow-absolute",
    problem: `has ${JSON.stringify(isRelative)}, which is no absolute path`,
    hint: "Relative paths are below --working-dir anyway.",
  });
}

/** Makes the working folder and tries to write to it, so that the operator learns of it now. */
async function openWorkingFolder({ resolved, settings }: Context): Promise<string> {
  try {
    await Deno.mkdir(settings.workingDir, { recursive: true, mode: 0o700 });
    const folder = await Deno.realPath(settings.workingDir);
    const probe = await Deno.makeTempFile({ dir: folder, prefix: STAGE_PREFIX });
    await Deno.remove(probe);
    return folder;
  } catch (cause) {
    throw settingError(resolved, {
      name: "working-dir",
      problem: `names ${JSON.stringify(settings.workingDir)}, where no file can be put`,
      hint: "Name a folder that this user may write to.",
      cause: storageError(cause, "write there"),
    });
  }
}

function checkFolders(
  { resolved }: Context,
  { workingFolder, state }: { readonly workingFolder: string; readonly state: StateFolder },
): void {
  if (state.path === null) return;
  if (!isInside(state.path, workingFolder) && !isInside(workingFolder, state.path)) return;
  throw settingError(resolved, {
    name: "state-dir",
    problem: "and --working-dir must not be one inside the other",
    hint: "Put them side by side, for example ./state and ./files.",
  });
}

function isInside(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === "" || !(way === ".." || way.startsWith("../") || isAbsolute(way));
}

function openStore(
  { settings, logger }: Context,
  { workingFolder, state }: { readonly workingFolder: string; readonly state: StateFolder },
): Promise<DiskSecretStore> {
  return DiskSecretStore.open({
    workingFolder,
    stateFolder: state.path,
    absoluteFolders: settings.allowAbsolute,
    createHasher: createNodeHasher,
    logger,
  });
}

function openListener({ settings, logger }: Context): Listener {
  return listen({ hostname: settings.bindAddress, port: settings.bindPort, logger });
}

function warn(
  { settings, logger }: Context,
  found: {
    readonly rules: readonly PeerRule[];
    readonly identity: LoadedIdentity;
    readonly state: StateFolder;
  },
): void {
  const { rules, identity, state } = found;
  if (rules.some((rule) => rule.kind === "network" && rule.prefixBits === 0)) {
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
