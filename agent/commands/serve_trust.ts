/**
 * The trust of the agent program where keepers sign: whose signature counts, what it is remembered by,
 * and what the agent vouches for after a restart.
 *
 * Loaded only where keepers sign, with all that takes signatures apart.
 *
 * @module
 */
import {
  encodeHex,
  type HeldManifest,
  type ManifestMessage,
  sha256Digest,
} from "../../protocol/mod.ts";
import { settingError } from "../../protocol/host/mod.ts";
import {
  fetchAgreedAppOwner,
  fetchAppSpecification,
  FluxClient,
  isRegistrableAppName,
  recoverSigner,
} from "../../flux/mod.ts";
import type { Access } from "./access.ts";
import type { AgentOptions } from "../agent.ts";
import type { AppIdentity } from "../app_identity.ts";
import {
  type DiskSecretStore,
  readOwnerFile,
  readRevisionFile,
  writeOwnerFile,
  writeRevisionFile,
} from "../disk/mod.ts";
import type { LoadedIdentity } from "../identity_file.ts";
import { FLUX_REQUEST_TIMEOUT_MS, MAX_FLUX_RESPONSE_BYTES } from "../limits.ts";
import type { ServeContext } from "./serve_context.ts";
import {
  createStatementVerifier,
  fixedSigners,
  ManifestGuard,
  OwnerWatch,
  type RestoredState,
  restoreState,
  RevisionMemory,
  type TrustedSigners,
} from "../trust/mod.ts";
import { isStateReplicated } from "../trust/replicated_state.ts";

/** What the trust of an agent is made from. */
export interface TrustParts {
  /** Whose signature a keeper has to bring. */
  readonly signers: NonNullable<Access["signers"]>;
  /** The app and the component that the agent is. */
  readonly names: AppIdentity;
  /** Who the agent is. */
  readonly identity: LoadedIdentity;
  /** The real path of the folder of state, or `null` to keep everything in memory. */
  readonly stateFolder: string | null;
  /** Where the files are. */
  readonly store: DiskSecretStore;
}

/** The options of {@linkcode Trust.run}. */
export interface TrustRunOptions {
  /** Ends what goes on; then `run` resolves. */
  readonly signal: AbortSignal;
  /** Is told what the agent vouches for, once. */
  readonly onRestored: (state: RestoredState) => Promise<void>;
}

/** What an agent trusts, and what it vouches for. */
export interface Trust {
  /** What the agent needs for it. */
  readonly agentOptions: Required<Pick<AgentOptions, "verifyStatement" | "checkManifest">>;
  /**
   * Looks at what was kept and for the app's owner, beside the agent's work.
   *
   * @throws {ConfigError} where the agent has to stop: the owner has no key that can sign.
   */
  run(options: TrustRunOptions): Promise<void>;
}

/**
 * Opens what is remembered, and asks nobody yet.
 *
 * @throws {ConfigError} where the settings do not say whose signature counts.
 * @throws {StorageError} where what is remembered cannot be read.
 */
export async function openTrust(context: ServeContext, parts: TrustParts): Promise<Trust> {
  const { logger } = context;
  const { names: { app, component }, identity, stateFolder, store } = parts;
  const watch = parts.signers === "owner" ? await watchOwner(context, parts) : null;
  const signers: TrustedSigners = watch ?? fixedSigners(parts.signers as readonly string[]);
  const guard = new ManifestGuard({
    scope: {
      app,
      component,
      agentDigestHex: encodeHex(await sha256Digest(identity.identity.publicKey)),
    },
    signers,
    recover: recoverSigner,
    revisions: await openRevisions(context, stateFolder),
  });
  const superseded = new AbortController();
  // What was kept, and not what a keeper brings before all of it was looked at.
  const kept = store.held;
  return {
    agentOptions: {
      verifyStatement: createStatementVerifier({ signers, recover: recoverSigner, logger }),
      checkManifest: async (message: ManifestMessage) => {
        await guard.admit(message);
        superseded.abort();
      },
    },
    async run({ signal, onRestored }): Promise<void> {
      const stopped = AbortSignal.any([signal, superseded.signal]);
      await Promise.all([
        watch?.run({ signal }),
        restore(kept, { guard, store, stopped }).then((state) => {
          return signal.aborted ? undefined : onRestored(state);
        }),
      ]);
    },
  };
}

function restore(
  kept: HeldManifest | null,
  { guard, store, stopped }: {
    readonly guard: ManifestGuard;
    readonly store: DiskSecretStore;
    readonly stopped: AbortSignal;
  },
): Promise<RestoredState> {
  return restoreState(kept, {
    guard,
    compare: (entry) => store.compare(entry),
    superseded: stopped,
  });
}

async function openRevisions(
  { logger }: ServeContext,
  stateFolder: string | null,
): Promise<RevisionMemory> {
  if (stateFolder === null) return new RevisionMemory();
  return new RevisionMemory({
    known: await readRevisionFile(stateFolder),
    save: (revisions) => writeRevisionFile(stateFolder, revisions),
    logger,
  });
}

async function watchOwner(
  context: ServeContext,
  { names, stateFolder }: TrustParts,
): Promise<OwnerWatch> {
  const { logger } = context;
  const app = checkApp(context, names);
  const clients = makeClients(context);
  const found = stateFolder === null ? null : await readOwnerFile(stateFolder);
  // FluxOS does not tell apps apart by the case of their letters.
  const isOfApp = found?.app.toLowerCase() === app.toLowerCase();
  let looking: Promise<void> | null = null;
  return new OwnerWatch({
    app,
    pinned: isOfApp ? found?.owner ?? null : null,
    logger,
    ask: async ({ signal }) => {
      looking ??= warnIfReplicated(context, { names, stateFolder, clients, signal })
        .then((isAnswered) => {
          if (!isAnswered) looking = null;
        });
      return await fetchAgreedAppOwner(clients, app, { signal });
    },
    pin: async (owner) => {
      if (stateFolder === null) return;
      try {
        await writeOwnerFile(stateFolder, { app, owner, since: new Date().toISOString() });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn("the owner of the app is kept in memory only", { reason });
      }
    },
  });
}

function checkApp({ resolved }: ServeContext, { app }: AppIdentity): string {
  if (app === null) {
    throw settingError(resolved, {
      name: "zelid",
      problem: "is missing, and no app is named whose owner could be asked for",
      hint: "Give the address of the key that your keeper signs with: --zelid 1...",
    });
  }
  if (isRegistrableAppName(app)) return app;
  throw settingError(resolved, {
    name: "app-name",
    problem: `cannot be ${JSON.stringify(app)} on the Flux network, so it has no owner there`,
    hint: "Give the address of the key that your keeper signs with: --zelid 1...",
  });
}

function makeClients({ settings, resolved, logger }: ServeContext): FluxClient[] {
  const common = {
    logger,
    attempts: 2,
    requestTimeoutMs: FLUX_REQUEST_TIMEOUT_MS,
    maxResponseBytes: MAX_FLUX_RESPONSE_BYTES,
  };
  if (settings.fluxApi.length === 0) return [new FluxClient(common)];
  try {
    return [...new Set(settings.fluxApi)].map((url) => {
      return new FluxClient({ ...common, baseUrls: [url] });
    });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw settingError(resolved, {
      name: "flux-api",
      problem: "holds what is no address of an API",
      hint: "Write http:// or https:// addresses without user, query or fragment.",
      cause,
    });
  }
}

/**
 * Says so where the state is copied to other nodes.
 *
 * @returns Whether that is known now; never rejects.
 */
async function warnIfReplicated(
  { logger }: ServeContext,
  { names, stateFolder, clients, signal }: Pick<TrustParts, "names" | "stateFolder"> & {
    readonly clients: readonly FluxClient[];
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const [client] = clients;
  const { app, component } = names;
  if (stateFolder === null || app === null || client === undefined) return true;
  try {
    const answer = await fetchAppSpecification(client, app, { signal });
    if (answer.kind !== "found") return true;
    if (!isStateReplicated(answer.specification, { component, folder: stateFolder })) return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.debug("the app's specification could not be asked for", { reason });
    return false;
  }
  logger.warn(
    "the state folder lies in a volume that the Flux network replicates: every node that is listed " +
      "for the app, rightly or not, gets a copy of this agent's identity; put --state-dir elsewhere",
    { folder: stateFolder },
  );
  return true;
}
