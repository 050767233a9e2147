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
import { fluxApiError, settingError } from "../../protocol/host/mod.ts";
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
import { warnIfReplicated } from "../trust/replicated_state.ts";

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
  /** Whose signature counts. */
  readonly signers: TrustedSigners;
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
  const lookup = parts.signers === "owner" ? await prepareLookup(context, parts) : null;
  const signers: TrustedSigners = lookup?.watch ?? fixedSigners(parts.signers as readonly string[]);
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
    signers,
    agentOptions: {
      verifyStatement: createStatementVerifier({ signers, recover: recoverSigner, logger }),
      checkManifest: async (message: ManifestMessage) => {
        const signer = await guard.admit(message);
        if (message.isPlan !== true) superseded.abort();
        return signer;
      },
    },
    async run({ signal, onRestored }): Promise<void> {
      const stopped = AbortSignal.any([signal, superseded.signal]);
      await Promise.all([
        lookup?.watch.run({ signal }),
        lookup?.warnIfReplicated(signal),
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

/** What an agent asks the network that was not told whose signature counts. */
interface Lookup {
  readonly watch: OwnerWatch;
  /** Says so where the state is copied to other nodes; nobody is asked where the owner is known. */
  readonly warnIfReplicated: (signal: AbortSignal) => Promise<void>;
}

async function prepareLookup(context: ServeContext, parts: TrustParts): Promise<Lookup> {
  const { logger, delay } = context;
  const { names, stateFolder } = parts;
  const app = checkApp(context, names);
  const clients = makeClients(context);
  const found = stateFolder === null ? null : await readOwnerFile(stateFolder);
  // FluxOS does not tell apps apart by the case of their letters.
  const isOfApp = found?.app.toLowerCase() === app.toLowerCase();
  const pinned = isOfApp ? found?.owner ?? null : null;
  const common = { logger, ...(delay === undefined ? {} : { delay }) };
  const watch = new OwnerWatch({
    ...common,
    app,
    pinned,
    ask: ({ signal }) => fetchAgreedAppOwner(clients, app, { signal }),
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
  return {
    watch,
    warnIfReplicated: async (signal) => {
      const [client] = clients;
      if (pinned !== null || stateFolder === null || client === undefined) return;
      const place = { component: names.component, folder: stateFolder };
      const ask = () => fetchAppSpecification(client, app, { signal });
      await warnIfReplicated(place, { ...common, ask, signal });
    },
  };
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

function makeClients({ settings, resolved, logger, delay }: ServeContext): FluxClient[] {
  const common = {
    logger,
    ...(delay === undefined ? {} : { delay }),
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
    throw fluxApiError(resolved, cause);
  }
}
