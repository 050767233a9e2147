/**
 * What an agent does about a survey: every step, in an order in which none hinders another (spec,
 * section 8).
 *
 * @module
 */
import { type BatchRequests, installContents, type TakeFile } from "./batch_exchange.ts";
import type { Bytes } from "./bytes.ts";
import { cutBatches, isBatched, type NumberedFile } from "./batches.ts";
import type { HasherFactory } from "./hasher.ts";
import { type FluxVaultError, ProtocolError, StorageError } from "./errors.ts";
import type { FileRequests, WantedFile } from "./file_exchange.ts";
import { MAX_OPEN_BATCHES, MAX_OPEN_REQUESTS } from "./limits.ts";
import type { FileEntry } from "./manifest_entry.ts";
import type { FileResult } from "./results.ts";
import { bringWhatFits } from "./second_try.ts";
import { releaseMemory } from "./sealing.ts";
import type { SecretStore } from "./secret_store.ts";
import { Semaphore } from "./semaphore.ts";
import type { Session } from "./session.ts";
import { RESET_CODE, StreamResetError } from "./streams.ts";
import type { LocalStep, Step, WantedState } from "./survey.ts";
import { outcomeOf, pathOf } from "./survey_results.ts";

/** What {@linkcode StepPerformer} works with. */
export interface StepPerformerParts {
  /** Is ended by what is no failure of one file. */
  readonly session: Session;
  /** Does what needs nothing from the keeper. */
  readonly store: SecretStore;
  /** Brings what comes from the keeper. */
  readonly requests: FileRequests;
  /** Brings many small files at once. */
  readonly batches: BatchRequests;
  /** Makes a SHA-256 hasher. @default {createHasher} */
  readonly createHasher?: HasherFactory;
  /** Files to ask for, declared or not. */
  readonly files: readonly string[];
  /** How many files are worked on at a time; 64 at most. */
  readonly filesInFlight: number;
  /** Throws where the session is over. */
  readonly throwIfOver: () => void;
}

/** A step about an entry that needs nothing from the keeper. */
type EntryStep = Extract<Step, { readonly kind: "make" | "reown" }>;

function isOfFolder(step: Step): step is EntryStep {
  return (step.kind === "make" || step.kind === "reown") && step.entry.kind === "folder";
}

/** Fewer files than these are asked for one by one. */
const MIN_BATCHED_FILES = 16;

const NONE: ReadonlyMap<string, Bytes> = new Map();

/** Performs the steps of one survey. */
export class StepPerformer {
  readonly #parts: StepPerformerParts;
  readonly #results = new Map<string, FileResult>();
  #contents: ReadonlyMap<string, Bytes> = NONE;

  /** Has done nothing yet. */
  constructor(parts: StepPerformerParts) {
    this.#parts = parts;
  }

  /** How each path ended that is told of, so far. */
  get results(): ReadonlyMap<string, FileResult> {
    return this.#results;
  }

  /** Notes how something ended, in place of what was noted of it before. */
  note(result: FileResult): void {
    this.#results.set(result.path, result);
  }

  /**
   * Does every step: what is in the way first, then folders, one after the other, before what is in
   * them; what should not be there goes last.
   */
  async perform(
    wanted: WantedState,
    { steps, contents = NONE }: {
      readonly steps: readonly Step[];
      /** What need not come from the keeper, by paths. @default {nothing} */
      readonly contents?: ReadonlyMap<string, Bytes>;
    },
  ): Promise<void> {
    this.#contents = contents;
    for (const step of steps) {
      if (step.kind === "refuse") {
        this.note({ path: step.path, outcome: "failed", code: step.code });
      } else if (step.kind === "remove" && step.isInTheWay) {
        await this.#performLocally(step);
      }
    }
    for (const step of steps) if (isOfFolder(step)) await this.#performBelow(step);
    const declared = new Set(wanted.entries.map(({ path }) => path));
    const besides = new Set(this.#parts.files.filter((path) => !declared.has(path)));
    const small = findSmallFiles(wanted, steps.filter((step) => !this.#isHere(step)));
    await this.#bringSmall(small.values());
    await this.#forAll(steps.values(), async (step) => {
      if (step.kind === "bring") {
        if (!small.has(step.entry.path)) await this.#bringDeclared(step);
      } else if (step.kind === "reown" && !isOfFolder(step)) await this.#performBelow(step);
    });
    await this.#forAll(besides.values(), (path) => this.#bringBesides(path));
    await this.#forAll(steps.values(), async (step) => {
      if (step.kind === "remove" && !step.isInTheWay) await this.#performLocally(step);
    });
    await this.#bringWhatFits(wanted);
  }

  /** Tells whether a file is to be brought that is here already. */
  #isHere(step: Step): boolean {
    return step.kind === "bring" && this.#contents.has(step.entry.path);
  }

  /** Works on so many at a time, and has nothing in memory for those that wait. */
  async #forAll<T>(
    waiting: IterableIterator<T>,
    work: (item: T) => Promise<void>,
    most: number = MAX_OPEN_REQUESTS,
  ): Promise<void> {
    const length = Math.min(this.#parts.filesInFlight, most);
    const settled = await Promise.allSettled(Array.from({ length }, async () => {
      for (const item of waiting) await work(item);
    }));
    for (const result of settled) if (result.status === "rejected") throw result.reason;
  }

  async #bringSmall(files: IterableIterator<NumberedFile>): Promise<void> {
    const places = new Semaphore(this.#parts.filesInFlight);
    const bring = (batch: readonly NumberedFile[]) => this.#bringBatch(batch, places);
    await this.#forAll(cutBatches(this.#unfailed(files)), bring, MAX_OPEN_BATCHES);
  }

  *#unfailed(files: IterableIterator<NumberedFile>): Generator<NumberedFile, void, undefined> {
    for (const file of files) if (!this.#hasFailedAt(file.entry.path)) yield file;
  }

  async #bringBatch(files: readonly NumberedFile[], places: Semaphore): Promise<void> {
    const { batches, store, createHasher } = this.#parts;
    const installing: Promise<void>[] = [];
    const lacking = new Set(files);
    const install = async (entry: FileEntry, bytes: Bytes): Promise<FileResult> => {
      const outcome = await installContents(entry, bytes, { store, createHasher });
      releaseMemory(bytes);
      return { path: entry.path, outcome };
    };
    const take: TakeFile = (file, contents) => {
      const { entry } = file;
      const { path } = entry;
      lacking.delete(file);
      if (contents === null) return this.note({ path, outcome: "changed" });
      // What is here is put in place, whatever becomes of the session.
      const work = () => this.#settle(path, () => install(entry, contents));
      const installed = places.run(work);
      installed.catch(() => {});
      installing.push(installed);
    };
    try {
      this.#parts.throwIfOver();
      await batches.bring(files, take);
    } catch (error) {
      for (const { entry } of lacking) {
        installing.push(this.#settle(entry.path, () => Promise.reject(error)));
      }
    }
    const settled = await Promise.allSettled(installing);
    for (const result of settled) if (result.status === "rejected") throw result.reason;
  }

  /** What had no room may have it now: others were removed, or did not fit either. */
  async #bringWhatFits({ entries }: WantedState): Promise<void> {
    const results = [...this.#results.values()];
    const files = entries.filter((entry): entry is FileEntry => entry.kind === "file");
    const bring = async (entry: FileEntry): Promise<FileResult> => {
      await this.#bring({ path: entry.path, entry, held: null });
      return this.#results.get(entry.path) ?? { path: entry.path, outcome: "unchanged" };
    };
    for (const result of await bringWhatFits(results, { entries: files, bring })) {
      this.note(result);
    }
  }

  async #performLocally(step: LocalStep): Promise<void> {
    const path = pathOf(step);
    await this.#attempt(path, async () => {
      await this.#parts.store.perform(step);
      return { path, outcome: outcomeOf(step) };
    });
  }

  async #performBelow(step: EntryStep): Promise<void> {
    if (!this.#hasFailedAt(step.entry.path)) await this.#performLocally(step);
  }

  async #bringDeclared({ entry }: Extract<Step, { readonly kind: "bring" }>): Promise<void> {
    const { path } = entry;
    // What is there differs; whose it is and what it holds is none of the keeper's business.
    if (!this.#hasFailedAt(path)) await this.#bring({ path, entry, held: null });
  }

  /**
   * Tells whether a folder above a path is not as declared, or what is in its way is still there; what
   * is at the path fails with it.
   */
  #hasFailedAt(path: string): boolean {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const code = this.#results.get(path.slice(0, end))?.code;
      if (code === undefined) continue;
      this.note({ path, outcome: "failed", code });
      return true;
    }
    return false;
  }

  /** Brings a file that the agent was told to ask for and that no manifest declares. */
  async #bringBesides(path: string): Promise<void> {
    await this.#attempt(path, async () => {
      const held = await this.#parts.store.inspect(path);
      return { path, outcome: await this.#parts.requests.bring({ path, entry: null, held }) };
    });
  }

  async #bring(wanted: WantedFile): Promise<void> {
    const { path, entry } = wanted;
    const contents = this.#contents.get(path);
    await this.#attempt(path, async () => {
      const outcome = entry === null || contents === undefined
        ? await this.#parts.requests.bring(wanted)
        : await installContents(entry, contents, this.#parts);
      return { path, outcome };
    });
  }

  /** Does something, unless the session is over. */
  async #attempt(path: string, work: () => Promise<FileResult>): Promise<void> {
    await this.#settle(path, async () => {
      this.#parts.throwIfOver();
      return await work();
    });
  }

  /** Notes how something ended; only what breaks the session throws. */
  async #settle(path: string, work: () => Promise<FileResult>): Promise<void> {
    try {
      this.note(await work());
    } catch (error) {
      const isOfThisFile = error instanceof StorageError || error instanceof StreamResetError ||
        (error instanceof ProtocolError && error.code === "digest-mismatch");
      if (!isOfThisFile) {
        await this.#parts.session.fail(error);
        throw error;
      }
      const hasChanged = error instanceof StreamResetError &&
        error.resetCode === RESET_CODE.changed;
      this.note(
        hasChanged
          ? { path, outcome: "changed" }
          : { path, outcome: "failed", code: (error as FluxVaultError).code },
      );
    }
  }
}

/** Finds the small files that are to be brought, by their paths, if they are many. */
function findSmallFiles(
  { entries }: WantedState,
  steps: readonly Step[],
): ReadonlyMap<string, NumberedFile> {
  const wanted = new Set<string>();
  for (const step of steps) {
    if (step.kind === "bring" && isBatched(step.entry)) wanted.add(step.entry.path);
  }
  const found = new Map<string, NumberedFile>();
  if (wanted.size < MIN_BATCHED_FILES) return found;
  for (const [number, entry] of entries.entries()) {
    if (entry.kind === "file" && wanted.has(entry.path)) found.set(entry.path, { number, entry });
  }
  return found;
}
