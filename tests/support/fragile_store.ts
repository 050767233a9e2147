/** A store that fails where a test wants it to. */
import type { Bytes } from "../../protocol/bytes.ts";
import { StorageError } from "../../protocol/errors.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { ResumedFile, StagedFile } from "../../protocol/secret_store.ts";
import type { LocalStep, Step, Survey, WantedState } from "../../protocol/survey.ts";
import { pathOf } from "../../protocol/survey_results.ts";

/** A store in memory with a place where a test makes it fail. */
export class FragileStore extends MemorySecretStore {
  readonly #break: (step: string, path: string) => void;
  /** How many staged files were forgotten. */
  discarded = 0;
  /** How many staged files were given up for now. */
  interrupted = 0;
  /** How many files were looked for that came in part before. */
  soughtParts = 0;

  /** Calls back before each step of each path; what that throws is the failure of the step. */
  constructor(breaking: (step: string, path: string) => void = () => {}) {
    super();
    this.#break = breaking;
  }

  /** What cannot be compared is refused, as in every store. */
  override async survey(wanted: WantedState): Promise<Survey> {
    const refused = new Map<string, Step>();
    for (const { path } of wanted.entries) {
      try {
        this.#break("survey", path);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        refused.set(path, { kind: "refuse", path, code: error.code });
      }
    }
    const { steps } = await super.survey(wanted);
    return { steps: [...steps.filter((step) => !refused.has(pathOf(step))), ...refused.values()] };
  }

  override async perform(step: LocalStep): Promise<void> {
    this.#break(step.kind, pathOf(step));
    await super.perform(step);
  }

  override async inspect(path: string): Promise<Bytes | null> {
    this.#break("inspect", path);
    return await super.inspect(path);
  }

  override resume(entry: FileEntry): Promise<ResumedFile | null> {
    this.soughtParts++;
    this.#break("resume", entry.path);
    return super.resume(entry);
  }

  override async stage(path: string): Promise<StagedFile> {
    this.#break("stage", path);
    const staged = await super.stage(path);
    return {
      write: async (bytes) => {
        this.#break("write", path);
        await staged.write(bytes);
      },
      commit: async () => {
        this.#break("commit", path);
        return await staged.commit();
      },
      discard: async () => {
        this.discarded++;
        await staged.discard();
      },
      interrupt: async () => {
        this.interrupted++;
        await staged.interrupt();
      },
    };
  }
}
