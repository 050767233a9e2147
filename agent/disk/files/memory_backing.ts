/**
 * Whether secret files lie in memory, or on something that outlasts the machine's power.
 *
 * @module
 */
import { type Logger, SILENT_LOGGER, StorageError } from "../../../protocol/mod.ts";
import { MAX_NAMED_FOLDERS } from "../../limits.ts";
import { nodeFs } from "./node_fs.ts";

/** What the kernel calls the file systems that are memory: tmpfs and ramfs. */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Returns what kind of file system a folder is on, as a number of the kernel. */
export type FileSystemType = (folder: string) => Promise<number>;

/** The options of {@linkcode MemoryBacking}. */
export interface MemoryBackingOptions {
  /** Whether files may lie nowhere else. @default {false} */
  readonly isRequired?: boolean;
  /** Is told of folders that are on something else. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** Asks the system. */
  readonly fileSystemType?: FileSystemType;
}

/** Tells on which devices files lie in memory, and says so once where they do not. */
export class MemoryBacking {
  readonly #isRequired: boolean;
  readonly #logger: Logger;
  readonly #fileSystemType: FileSystemType;
  readonly #devices = new Map<number, boolean | null>();
  readonly #named = new Set<string>();

  /** Has looked at nothing yet. */
  constructor(options: MemoryBackingOptions = {}) {
    this.#isRequired = options.isRequired ?? false;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#fileSystemType = options.fileSystemType ?? readFileSystemType;
  }

  /**
   * Looks at a folder into which files are put, by the device that it is on.
   *
   * @throws {StorageError} `not-on-tmpfs` where memory is required and this is not.
   */
  async check(folder: string, dev: number): Promise<void> {
    let isMemory = this.#devices.get(dev);
    if (isMemory === undefined) {
      isMemory = await this.#ask(folder);
      this.#devices.set(dev, isMemory);
    }
    if (isMemory === true) return;
    if (this.#isRequired) {
      throw new StorageError("not-on-tmpfs", `${JSON.stringify(folder)} is not in memory`, {
        hint: "Mount a tmpfs there, or start the agent without --require-tmpfs.",
      });
    }
    if (isMemory === false) this.#warn(folder);
  }

  /** Asks; `null` where the system does not say. */
  async #ask(folder: string): Promise<boolean | null> {
    try {
      return MEMORY_TYPES.has(await this.#fileSystemType(folder));
    } catch {
      return null;
    }
  }

  #warn(folder: string): void {
    // What is said of a folder holds for all that is below it.
    const isSaid = [...this.#named].some((named) => `${folder}/`.startsWith(`${named}/`));
    if (isSaid || this.#named.size > MAX_NAMED_FOLDERS) return;
    this.#named.add(folder);
    if (this.#named.size > MAX_NAMED_FOLDERS) {
      this.#logger.warn("secret files go to further folders that are not in memory");
      return;
    }
    this.#logger.warn("secret files go to a disk and not to memory: mount a tmpfs there", {
      folder,
    });
  }
}

async function readFileSystemType(folder: string): Promise<number> {
  const { statfsSync } = await nodeFs();
  return Number(statfsSync(folder).type) >>> 0;
}

/** Tells whether a folder is known to lie in memory. */
export async function isInMemory(folder: string): Promise<boolean> {
  try {
    return MEMORY_TYPES.has(await readFileSystemType(folder));
  } catch {
    return false;
  }
}
