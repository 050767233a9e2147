/**
 * The work of a session in the agent's role, in the order of its messages (spec, section 8): it takes
 * the manifest, compares, does what is to be done and asks for what it lacks, and tells how it went.
 *
 * @module
 */
import { type RunningCalls, startCalls } from "./calls/running_calls.ts";
import type { SessionCalls } from "./calls/session_calls.ts";
import { createDeferred, type Deferred } from "./deferred.ts";
import { sha256Digest } from "./digest.ts";
import {
  type DeliveryReport,
  finishing,
  type IncomingWork,
  sendBytes,
  sendMessage,
  unexpected,
  WorkInbox,
} from "./exchange.ts";
import { BatchRequests } from "./batch_exchange.ts";
import { CERTIFICATE_ACTION, type CertificateDesk } from "./certificate_desk.ts";
import { compressLines } from "./content_encoding.ts";
import { FileRequests } from "./file_exchange.ts";
import type { HasherFactory } from "./hasher.ts";
import type { HookResult, HookRunner } from "./hook_result.ts";
import type { AgentIdentity } from "./identity.ts";
import { type ResolvedManifest, resolveIssued } from "./issued_files.ts";
import type { Manifest } from "./manifest_entry.ts";
import { takeManifest } from "./manifest_exchange.ts";
import type { ManifestMessage } from "./messages.ts";
import { signResults } from "./result_signature.ts";
import type { DeliveredChanges, ServiceResult, ServiceRunner } from "./service_result.ts";
import { countResults, encodeResults, type FileResult } from "./results.ts";
import { findPathFault } from "./secret_path.ts";
import type { SecretStore } from "./secret_store.ts";
import type { Session } from "./session.ts";
import { StepPerformer } from "./step_performer.ts";
import type { Step, WantedState } from "./survey.ts";
import { completeResults, hookChanges, pathOf, planResults } from "./survey_results.ts";

const DEFAULT_FILES_IN_FLIGHT = 32;

/** The options of {@linkcode receiveAsAgent}. */
export interface ReceiveOptions {
  /** Files that the agent was told to ask for, in the manifest or not. @default {[]} */
  readonly files?: readonly string[];
  /** How many files are worked on at a time, from 1; 64 are the most. @default {32} */
  readonly filesInFlight?: number;
  /** Makes a SHA-256 hasher. @default {createHasher} */
  readonly createHasher?: HasherFactory;
  /**
   * Accepts or refuses a manifest before its entries are acted on, by throwing; returns the address of
   * the key that signed it, or `null` for one that nobody vouches for.
   *
   * @default {accepts}
   */
  readonly checkManifest?: (message: ManifestMessage) => Promise<string | null> | string | null;
  /** What the keeper may call, and what is called of it beside the delivery. @default {nothing} */
  readonly calls?: SessionCalls;
  /** Is told that DONE is about to leave: nothing changes in the store after it. @default {nothing} */
  readonly onDone?: () => void;
  /** Runs the hooks of a manifest; `null` where none may be run. @default {null} */
  readonly hooks?: HookRunner | null;
  /** Runs the services of a manifest; `null` where none may be run. @default {null} */
  readonly services?: ServiceRunner | null;
  /** Makes keys for the application, and has them certified; `null` where nothing does. @default {null} */
  readonly certificates?: CertificateDesk | null;
  /** Signs the results, for the keeper to keep; `null` where they go unsigned. @default {null} */
  readonly identity?: AgentIdentity | null;
}

/**
 * Receives as the agent, to the end of the session; a keeper may also call alone, and deliver nothing.
 *
 * @throws {ProtocolError} if the keeper breaks the protocol.
 * @throws {ConnectionError} if the transport fails or ends early.
 * @throws {PeerRejectedError} if the manifest is refused.
 * @throws {StorageError} if the store cannot compare, or keep the manifest or what was put in place;
 * a failure of one file is its result.
 * @throws {RangeError} if a path to ask for is malformed, or no file may be worked on.
 *
 * @example
 * ```ts
 * import {
 *   deliverAsKeeper,
 *   duplexPair,
 *   generateIdentitySeed,
 *   handshakeAsAgent,
 *   handshakeAsKeeper,
 *   importIdentity,
 *   MemorySecretSource,
 *   MemorySecretStore,
 *   randomBytes,
 *   receiveAsAgent,
 *   RsaKeyStock,
 * } from "@fluxvault/fluxvault/protocol";
 *
 * using keys = new RsaKeyStock();
 * const identity = await importIdentity(await generateIdentitySeed());
 * const [agentEnd, keeperEnd] = duplexPair();
 * const [agent, keeper] = await Promise.all([
 *   handshakeAsAgent(agentEnd, { keys, identity, instance: randomBytes(16), software: "shop/1" }),
 *   handshakeAsKeeper(keeperEnd, { policy: () => null }),
 * ]);
 * const secret = new TextEncoder().encode("correct horse");
 * const source = await MemorySecretSource.from({ "db.password": secret });
 * const delivering = deliverAsKeeper(keeper, source, { revision: 1 });
 * const store = new MemorySecretStore(); // Or a `DiskSecretStore`, or one of your own.
 * const report = await receiveAsAgent(agent, store, { files: ["api.token"] });
 * await delivering;
 * console.assert(new TextDecoder().decode(store.read("db.password")) === "correct horse");
 * const asked = report.files.find(({ path }) => path === "api.token");
 * console.assert(asked?.outcome === "denied"); // The keeper knows nothing of such a file.
 * ```
 */
export function receiveAsAgent(
  session: Session,
  store: SecretStore,
  options: ReceiveOptions = {},
): Promise<DeliveryReport> {
  return finishing(session, () => new AgentDelivery(session, { store, options }).run());
}

/** What an agent keeps in mind during one delivery. */
class AgentDelivery {
  readonly #session: Session;
  readonly #inbox: WorkInbox;
  readonly #store: SecretStore;
  readonly #options: ReceiveOptions;
  readonly #requests: FileRequests;
  readonly #batches: BatchRequests;
  readonly #done: Deferred<void> = createDeferred<void>();
  readonly #performer: StepPerformer;
  #calls: RunningCalls | null = null;
  #isDone = false;
  /** What ended the session; nothing more is asked for after it. */
  #failure: { readonly reason: unknown } | null = null;

  constructor(
    session: Session,
    parts: { readonly store: SecretStore; readonly options: ReceiveOptions },
  ) {
    const { files = [], filesInFlight = DEFAULT_FILES_IN_FLIGHT, createHasher } = parts.options;
    if (!(filesInFlight >= 1)) throw new RangeError("at least one file is worked on at a time");
    for (const path of files) {
      const fault = findPathFault(path);
      if (fault !== null) throw new RangeError(`the path of a file to ask for ${fault}`);
    }
    this.#session = session;
    this.#inbox = new WorkInbox(session);
    this.#store = parts.store;
    this.#options = parts.options;
    const { store } = parts;
    const throwIfOver = () => this.#throwIfOver();
    let nextId = 1;
    const asking = { throwIfOver, takeId: () => nextId++ };
    const hashing = createHasher === undefined ? {} : { createHasher };
    const requests = new FileRequests(session, { store, ...asking, ...hashing });
    const batches = new BatchRequests(session, asking);
    const common = { session, store, throwIfOver, ...hashing };
    this.#requests = requests;
    this.#batches = batches;
    this.#performer = new StepPerformer({ ...common, requests, batches, files, filesInFlight });
    this.#done.promise.catch(() => {});
  }

  async run(): Promise<DeliveryReport> {
    try {
      return await this.#run();
    } catch (error) {
      if (this.#calls !== null) {
        // What makes calls ends with the session.
        await this.#session.fail(error);
        await this.#calls.settle();
      }
      throw error;
    }
  }

  async #run(): Promise<DeliveryReport> {
    const { checkManifest, hooks: runner = null, certificates = null } = this.#options;
    const { calls = certificates === null ? undefined : {} } = this.#options;
    this.#calls = startCalls(this.#session, calls);

    // 1. MANIFEST, or END where nothing is delivered
    const { message: announced } = await this.#inbox.next();
    if (announced.state === "END") return await this.#end();
    if (announced.state !== "MANIFEST") throw unexpected("another message than a manifest");
    const declaredBy = await checkManifest?.(announced) ?? null;

    // 2. MANIFEST-REPLY, 3. MANIFEST-DATA
    const ends = { session: this.#session, inbox: this.#inbox };
    const { bytes, manifest } = await takeManifest(ends, {
      announced,
      declaredBy,
      store: this.#store,
    });
    const pump = this.#pump();
    const isPlan = announced.isPlan === true;
    const resolved = await this.#resolve(manifest, { declaredBy, isPlan });
    const { manifest: stored, failed } = resolved;
    const wanted: WantedState = { ...stored, declaredBy };
    const { steps } = await this.#store.survey(wanted);
    if (isPlan) {
      const files = [...planResults(stored, steps), ...failed];
      const hooks = await this.#planHooks(wanted, steps);
      const services = await this.#serve("plan", { wanted, files });
      return await this.#finish(announced, { files, hooks, services, pump });
    }
    await this.#store.keepManifest({ message: announced, bytes, manifest: stored, declaredBy });
    await certificates?.keep(stored, declaredBy);
    await runner?.mark(wanted, steps.filter(isChange).map(pathOf));

    // 4. BATCH and BATCH-DATA, REQUEST and DATA, several at a time
    for (const result of failed) this.#performer.note(result);
    await this.#performer.perform(wanted, { steps, contents: resolved.contents });
    for (const result of await this.#store.settle()) this.#performer.note(result);
    const hooks = await this.#runHooks(wanted);
    const files = completeResults(stored.entries, this.#performer.results);
    const services = await this.#serve("apply", { wanted, files });
    const { identity = null } = this.#options;
    return await this.#finish(announced, { files, hooks, services, pump, identity });
  }

  async #end(): Promise<DeliveryReport> {
    await this.#calls?.finish();
    await sendMessage(this.#session, { state: "END-REPLY" });
    return { isCallsOnly: true, files: [], hooks: [], contentBytes: 0 };
  }

  /** Finds out what files hold that come of certificates, and has those made that are due. */
  #resolve(
    manifest: Manifest,
    { declaredBy, isPlan }: { readonly declaredBy: string | null; readonly isPlan: boolean },
  ): Promise<ResolvedManifest> {
    return resolveIssued(manifest, {
      store: this.#store,
      desk: this.#options.certificates ?? null,
      declaredBy,
      isPlan,
      call: async (input) => await this.#calls?.desk.call(CERTIFICATE_ACTION, { input }),
    });
  }

  /** 5. DONE and its reply. */
  async #finish(announced: ManifestMessage, ended: {
    readonly files: readonly FileResult[];
    readonly hooks: readonly HookResult[];
    readonly services: readonly ServiceResult[];
    readonly pump: Promise<void>;
    readonly identity?: AgentIdentity | null;
  }): Promise<DeliveryReport> {
    const { files, hooks, services, pump, identity = null } = ended;
    const results = encodeResults({ files, hooks, services });
    const digest = await sha256Digest(results);
    const counts = countResults(files);
    const { transcript } = this.#session.origin;
    const signature = identity === null
      ? null
      : await signResults(identity, { transcript, digest, counts });
    const packed = await compressLines(results, announced);
    const sent = packed ?? results;
    const size = sent.length;
    const encoding = packed === null ? {} : { plainSize: results.length };
    await this.#calls?.finish();
    this.#throwIfOver();
    this.#options.onDone?.();
    this.#isDone = true;
    await sendBytes(this.#session, sent, (stream) => {
      return { state: "DONE", counts, stream, size, digest, signature, ...encoding };
    });
    await this.#done.promise;
    await pump;
    const contentBytes = this.#requests.contentBytes + this.#batches.contentBytes;
    return { files, hooks, ...(services.length === 0 ? {} : { services }), contentBytes };
  }

  /** Hands every answer to the request that waits for it, until the keeper has said DONE. */
  async #pump(): Promise<void> {
    try {
      for (;;) {
        const { message, stream } = await this.#inbox.next();
        if (message.state === "DONE-REPLY" && this.#isDone) {
          this.#done.resolve();
          return;
        }
        if (!this.#answer({ message, stream })) throw unexpected(message.state);
      }
    } catch (error) {
      this.#failure = { reason: error };
      await this.#session.fail(error);
      this.#requests.fail(error);
      this.#batches.fail(error);
      this.#done.reject(error);
    }
  }

  #answer({ message: data, stream }: IncomingWork): boolean {
    if (data.state === "BATCH-DATA") return this.#batches.answer({ data, stream });
    return data.state === "DATA" && this.#requests.answer({ data, stream });
  }

  #throwIfOver(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }

  /** Has services follow what is in place, or in a plan says what they would do. */
  async #serve(
    how: "apply" | "plan",
    { wanted, files }: {
      readonly wanted: WantedState;
      readonly files: readonly FileResult[];
    },
  ): Promise<readonly ServiceResult[]> {
    const { services: runner = null } = this.#options;
    if (runner !== null) return await runner[how](wanted, changesOf(files));
    return (wanted.services ?? []).map(({ name }) => {
      return { service: name, outcome: "refused", code: "service-refused" };
    });
  }

  async #planHooks(wanted: WantedState, steps: readonly Step[]): Promise<readonly HookResult[]> {
    const paths = steps.filter(isChange).map(pathOf);
    return await this.#options.hooks?.due(wanted, paths) ?? refuseHooks(wanted, paths);
  }

  async #runHooks(wanted: WantedState): Promise<readonly HookResult[]> {
    const results = [...this.#performer.results.values()];
    const changed = results.filter(({ outcome }) => CHANGES.has(outcome));
    const paths = changed.map(({ path }) => path);
    return await this.#options.hooks?.finish(paths) ?? refuseHooks(wanted, paths);
  }
}

const CHANGES: ReadonlySet<string> = new Set(["created", "updated", "reowned", "removed"]);

/** What of a manifest is in place as it was declared. */
const GOOD: ReadonlySet<string> = new Set(["created", "updated", "reowned", "unchanged"]);

function changesOf(files: readonly FileResult[]): DeliveredChanges {
  const pathsOf = (isMeant: (outcome: string) => boolean) => {
    return files.filter(({ outcome }) => isMeant(outcome)).map(({ path }) => path);
  };
  return {
    changed: pathsOf((outcome) => CHANGES.has(outcome)),
    lacking: pathsOf((outcome) => !GOOD.has(outcome) && outcome !== "removed"),
  };
}

function isChange({ kind }: Step): boolean {
  return kind !== "refuse";
}

/** Says of the hooks of an agent that runs none that it may not run them. */
function refuseHooks(wanted: WantedState, paths: readonly string[]): HookResult[] {
  return [...hookChanges(wanted, paths).keys()].map((hook) => ({
    hook,
    outcome: "refused",
    changeId: null,
    attempts: 0,
    exitStatus: null,
    signal: null,
    output: "",
    code: "hook-refused",
  }));
}
