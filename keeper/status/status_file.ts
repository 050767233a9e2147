/**
 * The status of a fleet as a file on this machine: written whole, under a lock, readable by its owner.
 *
 * @module
 */
import { join } from "node:path";
import { StorageError } from "../../protocol/mod.ts";
import {
  lockFile,
  readOptionalFile,
  storageError,
  WriteBatches,
  writeFileAtomically,
} from "../../protocol/host/mod.ts";
import { EMPTY_STATUS, type FleetStatus } from "./agent_status.ts";
import { MAX_STATUS_BYTES, STATUS_LOCK_WAIT_MS } from "./limits.ts";
import { decodeStatus, encodeStatus } from "./status_state.ts";

/** The name of the file in the folder of state. */
export const STATUS_FILE_NAME = "status.json";
const LOCK_NAME = "status.lock";

type Change = (status: FleetStatus) => FleetStatus;

/** Keeps the status in a file, which several processes may change. */
export class StatusFile {
  /** Where the file is. */
  readonly path: string;
  readonly #folder: string;
  readonly #changes = new WriteBatches<Change, void>(async (batch) => {
    await this.#write(batch.map(({ item }) => item));
  });

  /** Names the folder of state; it is made (0700) with the first change. */
  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, STATUS_FILE_NAME);
  }

  /**
   * Reads the file; nobody was dialled where there is none.
   *
   * @throws {StorageError} if it is there and cannot be read.
   */
  async load(): Promise<FleetStatus> {
    const bytes = await readOptionalFile(this.path, { maxBytes: MAX_STATUS_BYTES });
    if (bytes === null) return EMPTY_STATUS;
    try {
      return decodeStatus(bytes);
    } catch (cause) {
      if (!(cause instanceof StorageError)) throw cause;
      throw new StorageError(cause.code, `${this.path}: ${cause.message}`, {
        hint: "Move it away: the next contact with an agent begins another.",
      });
    }
  }

  /**
   * Changes the file; changes that come together are written together.
   *
   * @throws {StorageError} if it cannot be read or written; it is as it was then.
   */
  update(change: Change): Promise<void> {
    return this.#changes.add(change);
  }

  async #write(changes: readonly Change[]): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder ${JSON.stringify(this.#folder)}`);
    }
    using _lock = await lockFile(join(this.#folder, LOCK_NAME), { waitMs: STATUS_LOCK_WAIT_MS });
    const before = await this.load();
    const after = changes.reduce((status, change) => change(status), before);
    if (after !== before) await writeFileAtomically(this.path, encodeStatus(after));
  }
}
