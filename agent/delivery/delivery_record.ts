/**
 * What happened to each file of one delivery, kept so that it can be told even if the session breaks.
 *
 * @module
 */
import {
  type Bytes,
  type FileEntry,
  type FileOutcome,
  type FileResult,
  FluxVaultError,
  type HeldManifest,
  type LocalStep,
  type ResumedFile,
  type SecretStore,
  type StagedFile,
  type StageOptions,
  type Survey,
  type WantedState,
} from "../../protocol/mod.ts";

/** The code of a file that was on its way when the session ended. */
export const INTERRUPTED = "connection-lost";

const OUTCOMES: Readonly<Record<LocalStep["kind"], FileOutcome>> = {
  make: "created",
  reown: "reowned",
  remove: "removed",
};

/** A store that passes everything on to another and remembers what came of it. */
export class DeliveryRecord implements SecretStore {
  readonly #store: SecretStore;
  readonly #now: () => number;
  readonly #results = new Map<string, FileResult>();
  #underWay = 0;
  #lastUseMs: number;

  /** Starts with nothing remembered; `now` is in milliseconds of any steady clock. */
  constructor(store: SecretStore, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
    this.#lastUseMs = now();
  }

  /** Returns what became of each file that was touched, those on their way as failed. */
  results(): FileResult[] {
    return [...this.#results.values()];
  }

  /** For how long the store was not used, in milliseconds; 0 while it is in use. */
  get idleMs(): number {
    return this.#underWay > 0 ? 0 : this.#now() - this.#lastUseMs;
  }

  /** Counts as a use, so that {@linkcode DeliveryRecord.idleMs} starts anew. */
  touch(): void {
    this.#lastUseMs = this.#now();
  }

  /** Passes on. */
  heldManifest(): Promise<HeldManifest | null> {
    return this.#use(() => this.#store.heldManifest());
  }

  /** Passes on. */
  keepManifest(manifest: HeldManifest): Promise<void> {
    return this.#use(() => this.#store.keepManifest(manifest));
  }

  /** Passes on. */
  survey(wanted: WantedState): Promise<Survey> {
    return this.#use(() => this.#store.survey(wanted));
  }

  /** Passes on, and remembers what came of it. */
  async perform(step: LocalStep): Promise<void> {
    const path = "entry" in step ? step.entry.path : step.path;
    await this.#useFor(path, () => this.#store.perform(step));
    this.#results.set(path, { path, outcome: OUTCOMES[step.kind] });
  }

  /** Passes on, and remembers a failure. */
  inspect(path: string): Promise<Bytes | null> {
    return this.#useFor(path, () => this.#store.inspect(path));
  }

  /** Passes on; what is read counts as use. */
  async open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const pieces = await this.#useFor(path, () => this.#store.open(path));
    return pieces === null ? null : this.#watch(pieces);
  }

  async *#watch(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of pieces) {
      this.touch();
      yield piece;
    }
  }

  /** Passes on, and remembers that the file is on its way. */
  async resume(entry: FileEntry): Promise<ResumedFile | null> {
    const { path } = entry;
    const part = await this.#useFor(path, () => this.#store.resume(entry));
    return part === null ? null : { ...part, staged: this.#watchStaged(path, part.staged) };
  }

  /** Passes on, and remembers that the file is on its way. */
  async stage(path: string, options: StageOptions): Promise<StagedFile> {
    return this.#watchStaged(
      path,
      await this.#useFor(path, () => this.#store.stage(path, options)),
    );
  }

  #watchStaged(path: string, staged: StagedFile): StagedFile {
    this.#results.set(path, { path, outcome: "failed", code: INTERRUPTED });
    return {
      write: (bytes) => this.#useFor(path, () => staged.write(bytes)),
      commit: async () => {
        const outcome = await this.#useFor(path, () => staged.commit());
        this.#results.set(path, { path, outcome });
        return outcome;
      },
      discard: () => this.#use(() => staged.discard()),
      interrupt: () => this.#use(() => staged.interrupt()),
    };
  }

  /** Passes on, and remembers what is not in place after all. */
  async settle(): Promise<readonly FileResult[]> {
    const results = await this.#use(() => this.#store.settle());
    for (const result of results) this.#results.set(result.path, result);
    return results;
  }

  async #useFor<T>(path: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await this.#use(operation);
    } catch (error) {
      const code = error instanceof FluxVaultError ? error.code : "io-failed";
      this.#results.set(path, { path, outcome: "failed", code });
      throw error;
    }
  }

  async #use<T>(operation: () => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await operation();
    } finally {
      this.#underWay--;
      this.#lastUseMs = this.#now();
    }
  }
}
