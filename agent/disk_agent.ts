/**
 * An agent with its files and its state on the disk of this machine, for an application to embed.
 *
 * @module
 */
import { isZelId, recoverSigner } from "../flux/mod.ts";
import {
  encodeHex,
  type ManifestMessage,
  recallIssued,
  sha256Digest,
  SILENT_LOGGER,
  type StorageError,
} from "../protocol/mod.ts";
import { createNodeHasher, storageError } from "../protocol/host/mod.ts";
import { Agent, type AgentOptions } from "./agent.ts";
import { DiskSecretStore, LeaseWatch, readRevisionFile, writeRevisionFile } from "./disk/mod.ts";
import { resolveHostName } from "./door/name_resolver.ts";
import { parsePeerRule, PeerPolicy } from "./door/peer_policy.ts";
import { type LoadedIdentity, loadIdentity } from "./identity_file.ts";
import type { IncomingConnection } from "./incoming_connection.ts";
import { IssuedRecord, IssuingDesk, openIssuedJournal } from "./issued/mod.ts";
import { isInside, openStateFolder, type StateFolder } from "./state_folder.ts";
import {
  createStatementVerifier,
  fixedSigners,
  ManifestGuard,
  RevisionMemory,
} from "./trust/mod.ts";

/** What a {@linkcode DiskAgent} is made of, beside what any agent may be given. */
export interface DiskAgentOptions extends
  Omit<
    AgentOptions,
    "identity" | "store" | "policy" | "verifyStatement" | "checkManifest" | "certificates"
  > {
  /** Where files go; made (0700) if it is missing. */
  readonly workingFolder: string;
  /**
   * Where the agent keeps its identity and what it must know after a restart; made (0700) if it is
   * missing. One agent at a time has it. Where it cannot be written, all is kept in memory.
   */
  readonly stateFolder: string;
  /** Folders below which absolute paths may lead; they are made if missing. @default {[]} */
  readonly absoluteFolders?: readonly string[];
  /** The addresses, networks and host names that keepers may dial from. @default {any, with `signers`} */
  readonly peers?: readonly string[];
  /** The ZelIDs of which a keeper has to bring the signature of one. @default {no signature needed} */
  readonly signers?: readonly string[];
}

/** What has to be there before the agent is. */
interface OpenedParts {
  readonly state: StateFolder;
  readonly identity: LoadedIdentity;
  readonly store: DiskSecretStore;
}

/**
 * An agent with its files and its state on disk: it keeps its identity, refuses manifests that were
 * replaced before, and removes files whose lease is over while it serves.
 *
 * It holds the folder of state until it is disposed of.
 *
 * @example
 * ```ts
 * import { DiskAgent, listen } from "@fluxvault/fluxvault/agent";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using agent = await DiskAgent.open({
 *     workingFolder: `${folder}/files`,
 *     stateFolder: `${folder}/state`,
 *     peers: ["192.0.2.7"],
 *   });
 *   console.assert(agent.fingerprint.startsWith("SHA256:"));
 *   const signal = AbortSignal.abort(); // An application gives one that fires when it ends.
 *   await agent.serve(listen({ hostname: "127.0.0.1", port: 0 }), { signal });
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class DiskAgent extends Agent {
  /** What people compare: `SHA256:` and 43 characters. */
  readonly fingerprint: string;
  /** Why the identity and the state are kept in memory alone, or `null` where they are on disk. */
  readonly problem: StorageError | null;
  /** Where the files are. */
  readonly store: DiskSecretStore;
  readonly #options: DiskAgentOptions;
  readonly #state: StateFolder;
  readonly #watches = new Set<LeaseWatch>();
  readonly #serving = new Set<Promise<void>>();

  private constructor(options: AgentOptions, given: DiskAgentOptions, parts: OpenedParts) {
    const { state, identity, store } = parts;
    super({
      ...options,
      onReport: (report) => {
        for (const watch of this.#watches) watch.wake();
        given.onReport?.(report);
      },
    });
    this.#options = given;
    this.#state = state;
    this.fingerprint = identity.fingerprint;
    this.problem = state.problem ?? identity.problem;
    this.store = store;
  }

  /**
   * Opens the folders, and makes an identity where there is none; listens to nobody yet.
   *
   * @throws {TypeError} if there are neither peers nor signers: anybody could put files here.
   * @throws {RangeError} if one of them is none, or one of the two folders is inside the other.
   * @throws {StorageError} `locked` if another agent has the folder of state; else what keeps a folder
   * from being used.
   */
  static async open(options: DiskAgentOptions): Promise<DiskAgent> {
    const { peers, signers, logger = SILENT_LOGGER } = options;
    if (peers === undefined && signers === undefined) {
      throw new TypeError("an agent needs peers, or signers");
    }
    const rules = peers?.map(parsePeerRule);
    const policy = rules === undefined
      ? null
      : new PeerPolicy(rules, { resolveName: resolveHostName, logger });
    checkSigners(signers);
    const workingFolder = await openWorkingFolder(options.workingFolder);
    const state = await openStateFolder(options.stateFolder);
    try {
      checkApart(workingFolder, state.path);
      const identity = await loadIdentity(state.path);
      const { createHasher = createNodeHasher, absoluteFolders = [] } = options;
      const folders = { workingFolder, stateFolder: state.path, absoluteFolders };
      const journal = await openIssuedJournal(state.path, logger);
      const certificates = new IssuingDesk({
        record: new IssuedRecord(journal, { logger }),
        logger,
      });
      const store = await DiskSecretStore.open({
        ...{ ...folders, createHasher, logger },
        recall: (manifest, declaredBy) =>
          recallIssued(manifest, { desk: certificates, declaredBy }),
      });
      await store.sweep(Date.now());
      const parts = { state, identity, store };
      const trust = signers === undefined ? {} : await openTrust(signers, { options, parts });
      const made = { createHasher, identity: identity.identity, store, policy, certificates };
      return new DiskAgent({ ...options, ...made, ...trust }, options, parts);
    } catch (error) {
      state[Symbol.dispose]();
      throw error;
    }
  }

  /** See {@linkcode Agent.serve}; meanwhile files are removed whose lease is over. */
  override serve(
    connections: AsyncIterable<IncomingConnection>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const serving = this.#serve(connections, options).finally(() => this.#serving.delete(serving));
    this.#serving.add(serving);
    return serving;
  }

  async #serve(
    connections: AsyncIterable<IncomingConnection>,
    options: { readonly signal?: AbortSignal },
  ): Promise<void> {
    const { logger = SILENT_LOGGER } = this.#options;
    const onExpired = (paths: readonly string[]) => this.noteExpired(paths);
    // What listens is told of it by an event; a hook of the manifest is not run for it.
    const watch = new LeaseWatch({
      store: this.store,
      agent: this,
      hooks: null,
      onExpired,
      logger,
    });
    const over = new AbortController();
    this.#watches.add(watch);
    const watching = watch.run(over.signal);
    try {
      await super.serve(connections, options);
    } finally {
      over.abort();
      this.#watches.delete(watch);
      await watching;
    }
  }

  /** See {@linkcode Agent}; gives the folder of state back. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await Promise.allSettled([...this.#serving]);
    this.#state[Symbol.dispose]();
  }
}

async function openWorkingFolder(folder: string): Promise<string> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    return await Deno.realPath(folder);
  } catch (cause) {
    throw storageError(cause, `use the working folder ${JSON.stringify(folder)}`);
  }
}

/** No secret file can get among the agent's own. */
function checkApart(workingFolder: string, stateFolder: string | null): void {
  if (stateFolder === null) return;
  if (!isInside(stateFolder, workingFolder) && !isInside(workingFolder, stateFolder)) return;
  throw new RangeError("workingFolder and stateFolder must not be one inside the other");
}

/** One of them may be a private key by mistake: none is shown. */
function checkSigners(signers: readonly string[] | undefined): void {
  const index = signers?.findIndex((signer) => !isZelId(signer)) ?? -1;
  if (signers?.length === 0) throw new RangeError("signers without any would refuse everybody");
  if (index >= 0) throw new RangeError(`item ${index + 1} of signers is no ZelID`);
}

async function openTrust(
  addresses: readonly string[],
  { options, parts }: { readonly options: DiskAgentOptions; readonly parts: OpenedParts },
): Promise<Pick<AgentOptions, "verifyStatement" | "checkManifest" | "certificates">> {
  const { app = null, component = null, logger = SILENT_LOGGER } = options;
  const { state: { path }, identity } = parts;
  const signers = fixedSigners(addresses);
  const revisions = path === null ? new RevisionMemory() : new RevisionMemory({
    known: await readRevisionFile(path),
    save: (known) => writeRevisionFile(path, known),
    logger,
  });
  const agentDigestHex = encodeHex(await sha256Digest(identity.identity.publicKey));
  const scope = { app, component, agentDigestHex };
  const guard = new ManifestGuard({ scope, signers, recover: recoverSigner, revisions });
  return {
    verifyStatement: createStatementVerifier({ signers, recover: recoverSigner, logger }),
    checkManifest: (message: ManifestMessage) => guard.admit(message),
  };
}
