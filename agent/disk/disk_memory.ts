/**
 * What the store of a disk must know after a restart, beside the manifest: what it has put in place,
 * and when that was renewed. Where it cannot be written down it is kept in memory, and said once.
 *
 * @module
 */
import { join } from "../../protocol/host/mod.ts";
import { type Logger, type ManifestEntry, StorageError } from "../../protocol/mod.ts";
import { EVERY_SET, generationOf, lookAt, walkToFolder } from "./paths/mod.ts";
import type { Findings } from "./survey/mod.ts";
import {
  type Clock,
  type Declarer,
  type DueLeases,
  Inventory,
  isUnsettled,
  LeaseBook,
  MADE_FOLDER,
  Pace,
  readClock,
  readInventoryFile,
  readLeaseFile,
  writeInventoryFile,
  writeLeaseFile,
} from "./state/mod.ts";

/** How many entries are remembered before others get their turn. */
const ENTRIES_AT_ONCE = 1_000;

/** Where and how things are remembered. */
export interface DiskMemoryOptions {
  /** The agent's folder of state, or `null` for memory alone. */
  readonly stateFolder: string | null;
  /** Is told of what cannot be read or written. */
  readonly logger: Logger;
  /** Reads the time. @default {readClock} */
  readonly clock?: () => Clock;
}

/** How one delivery ended. */
export interface EndedDelivery {
  /** Who declared what was delivered. */
  readonly declarer: Declarer;
  /** Whether it removed all that anybody declared. */
  readonly isWipe: boolean;
  /** What the survey found. */
  readonly findings: Findings;
  /** The paths of what was removed. */
  readonly removed: readonly string[];
}

/** Remembers. */
export class DiskMemory {
  /** What was put in place. */
  readonly inventory: Inventory;
  readonly #options: DiskMemoryOptions;
  readonly #clock: () => Clock;
  readonly #leases: LeaseBook;
  #isUnwritable = false;

  private constructor(
    options: DiskMemoryOptions,
    kept: { readonly inventory: Inventory; readonly leases: LeaseBook },
  ) {
    this.#options = options;
    this.#clock = options.clock ?? readClock;
    this.inventory = kept.inventory;
    this.#leases = kept.leases;
  }

  /** Takes up what an earlier process remembered; what cannot be read is not, and said. */
  static async open(options: DiskMemoryOptions): Promise<DiskMemory> {
    const { stateFolder, logger, clock = readClock } = options;
    const read = async <T>(work: (folder: string) => Promise<T>, otherwise: T): Promise<T> => {
      if (stateFolder === null) return otherwise;
      try {
        return await work(stateFolder);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        logger.warn("what was put in place earlier is not known, and stays where it is", {
          reason: error.message,
        });
        return otherwise;
      }
    };
    const inventory = await read(readInventoryFile, new Inventory());
    const renewals = await read(readLeaseFile, []);
    return new DiskMemory(options, { inventory, leases: new LeaseBook(renewals, clock()) });
  }

  /** Remembers what is declared before anything of it is put in place. */
  async begin(
    declarer: Declarer,
    entries: readonly ManifestEntry[],
    { findings }: { readonly findings: Findings | null },
  ): Promise<void> {
    const find = (path: string) => findings?.find(path) ?? "brought";
    const pace = new Pace();
    for (let start = 0; start < entries.length; start += ENTRIES_AT_ONCE) {
      this.inventory.declare(declarer, entries.slice(start, start + ENTRIES_AT_ONCE), { find });
      if (pace.isDue) await pace.rest();
    }
    for (const path of findings?.missing ?? []) this.inventory.expectFolder(declarer, path);
    await this.save();
  }

  /** Remembers what is in place now, and forgets what is gone. */
  async end({ declarer, isWipe, findings, removed }: EndedDelivery): Promise<void> {
    const { inventory } = this;
    const pace = new Pace();
    for (const [path, holding] of inventory.of(declarer)) {
      if (pace.isDue) await pace.rest();
      if (!isUnsettled(holding)) continue;
      if (isDeclared(findings, path)) {
        if (!findings.unconfirmed.has(path)) inventory.settle(declarer, path);
      } else if (holding.mayBeFolder && isFolder(findings, path)) {
        inventory.set(declarer, path, { holding: MADE_FOLDER });
      }
    }
    for (const path of [...findings.forgotten, ...removed]) {
      if (isWipe) inventory.forgetAll(path);
      // What was removed may have made room for a file, which has its name now.
      else if (!isDeclared(findings, path)) inventory.forget(declarer, path);
    }
    for (const path of findings.missing) {
      if (isFolder(findings, path)) inventory.set(declarer, path, { holding: MADE_FOLDER });
    }
    this.#leases.renew(declarer, this.#clock());
    await this.save();
  }

  /** Finds the files that have expired. */
  due(): DueLeases {
    return this.#leases.due(this.inventory, this.#clock());
  }

  /** Writes down what is not; never rejects. */
  async save(): Promise<void> {
    const { stateFolder, logger } = this.#options;
    if (stateFolder === null) return;
    try {
      if (this.inventory.isDirty) {
        this.inventory.markWritten();
        await writeInventoryFile(stateFolder, this.inventory);
      }
      const renewals = this.#leases.toWrite(this.inventory, this.#clock());
      if (renewals !== null) {
        await writeLeaseFile(stateFolder, renewals);
        this.#leases.markWritten(renewals);
      }
      this.#isUnwritable = false;
    } catch (error) {
      this.inventory.markDirty();
      if (this.#isUnwritable) return;
      this.#isUnwritable = true;
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("what was put in place is remembered in memory only", { reason });
    }
  }
}

function isDeclared({ tree }: Findings, path: string): boolean {
  try {
    return tree.find(path)?.entry?.kind === "file";
  } catch {
    return false;
  }
}

/** Tells whether a folder is now where a path leads. */
function isFolder(findings: Findings, path: string): boolean {
  try {
    const place = findings.placeOf(path);
    const folder = walkToFolder(place, { inodes: new Set(), sets: EVERY_SET });
    if (folder === null) return false;
    const at = join(folder, place.target.slice(place.folder.length));
    return lookAt(generationOf(at) ?? at)?.isDirectory === true;
  } catch {
    return false;
  }
}
