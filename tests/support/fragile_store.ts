/** A store that fails where a test wants it to. */
import type { Bytes } from "../../protocol/bytes.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { StagedFile } from "../../protocol/secret_store.ts";

/** A store in memory with a place where a test makes it fail. */
export class FragileStore extends MemorySecretStore {
  readonly #break: (step: string, path: string) => void;
  /** How many staged files were forgotten. */
  discarded = 0;
  /** How many paths were looked at. */
  inspected = 0;

  /** Calls back before each step of each path; what that throws is the failure of the step. */
  constructor(breaking: (step: string, path: string) => void = () => {}) {
    super();
    this.#break = breaking;
  }

  override async inspect(path: string): Promise<Bytes | null> {
    this.inspected++;
    this.#break("inspect", path);
    return await super.inspect(path);
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
    };
  }
}
