/**
 * A store whose files are put in place in turn with other deliveries.
 *
 * A vault of the original may leave its node waiting for as long as it likes between two messages. So
 * a session with one does not hold the turn from its beginning to its end, but only while it changes
 * something: a vault that has gone silent keeps no other out.
 *
 * @module
 */
import type {
  Bytes,
  FileEntry,
  FileResult,
  HeldManifest,
  LocalStep,
  ResumedFile,
  SecretStore,
  StagedFile,
  StageOptions,
  Survey,
  WantedState,
} from "../../protocol/mod.ts";

/** Waits for the turn; what it returns passes it on. */
export type TakeTurn = () => Promise<() => void>;

/** Passes everything on to another store, and takes the turn where something changes. */
export class InTurnStore implements SecretStore {
  readonly #store: SecretStore;
  readonly #take: TakeTurn;

  /** Wraps a store. */
  constructor(store: SecretStore, take: TakeTurn) {
    this.#store = store;
    this.#take = take;
  }

  /** Passes on. */
  heldManifest(): Promise<HeldManifest | null> {
    return this.#store.heldManifest();
  }

  /** Passes on, in turn. */
  keepManifest(manifest: HeldManifest): Promise<void> {
    return this.#inTurn(() => this.#store.keepManifest(manifest));
  }

  /** Passes on. */
  survey(wanted: WantedState): Promise<Survey> {
    return this.#store.survey(wanted);
  }

  /** Passes on, in turn. */
  perform(step: LocalStep): Promise<void> {
    return this.#inTurn(() => this.#store.perform(step));
  }

  /** Passes on. */
  inspect(path: string): Promise<Bytes | null> {
    return this.#store.inspect(path);
  }

  /** Passes on. */
  open(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    return this.#store.open(path);
  }

  /** Passes on; the file is put in place in turn. */
  async resume(entry: FileEntry): Promise<ResumedFile | null> {
    const part = await this.#store.resume(entry);
    return part === null ? null : { ...part, staged: this.#commitInTurn(part.staged) };
  }

  /** Passes on; the file is put in place in turn. */
  async stage(path: string, options: StageOptions): Promise<StagedFile> {
    return this.#commitInTurn(await this.#store.stage(path, options));
  }

  /** Passes on, in turn. */
  settle(): Promise<readonly FileResult[]> {
    return this.#inTurn(() => this.#store.settle());
  }

  #commitInTurn(staged: StagedFile): StagedFile {
    return {
      write: (bytes) => staged.write(bytes),
      commit: () => this.#inTurn(() => staged.commit()),
      discard: () => staged.discard(),
      interrupt: () => staged.interrupt(),
    };
  }

  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const passOn = await this.#take();
    try {
      return await change();
    } finally {
      passOn();
    }
  }
}
