/**
 * The known agents as a file on this machine: written whole, under a lock, readable by its owner.
 *
 * @module
 */
import { join } from "node:path";
import { type Bytes, StorageError } from "../../protocol/mod.ts";
import {
  type BatchItem,
  lockFile,
  readOptionalFile,
  storageError,
  WriteBatches,
  writeFileAtomically,
} from "../../protocol/host/mod.ts";
import { MAX_STATE_BYTES, STATE_LOCK_WAIT_MS } from "../limits.ts";
import { refuseWritableByOthers } from "../state_permissions.ts";
import type { KnownAgentsStore } from "./known_agents_store.ts";
import {
  decodeKnownAgents,
  EMPTY_STATE,
  encodeKnownAgents,
  type KnownAgentsState,
} from "./known_agents_state.ts";

/** The name of the file in the folder of state. */
export const KNOWN_AGENTS_FILE_NAME = "known_agents.json";
const LOCK_NAME = "known_agents.lock";

type Change = (state: KnownAgentsState) => KnownAgentsState;

/**
 * Keeps the known agents in a file; a file that cannot be read is never written over, and never by
 * one that could not be read.
 *
 * @example
 * ```ts
 * import { KnownAgentsFile } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.makeTempDir();
 * const store = new KnownAgentsFile(`${folder}/state`);
 * console.assert((await store.load()).agents.length === 0);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class KnownAgentsFile implements KnownAgentsStore {
  /** Where the file is. */
  readonly path: string;
  readonly #folder: string;
  readonly #changes = new WriteBatches<Change, KnownAgentsState>((batch) => this.#write(batch));

  /** Names the folder of state; it is made (0700) with the first change. */
  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, KNOWN_AGENTS_FILE_NAME);
  }

  /** Reads the file; see {@linkcode KnownAgentsStore.load}. */
  async load(): Promise<KnownAgentsState> {
    refuseWritableByOthers(this.path);
    const bytes = await readOptionalFile(this.path, { maxBytes: MAX_STATE_BYTES });
    if (bytes === null) return EMPTY_STATE;
    try {
      return decodeKnownAgents(bytes);
    } catch (cause) {
      if (!(cause instanceof StorageError)) throw cause;
      const hint = "Correct the file, or move it away; every agent is new then.";
      throw new StorageError(cause.code, `${this.path}: ${cause.message}`, { hint });
    }
  }

  /** Changes the file; changes that come together are written together. */
  update(
    change: (state: KnownAgentsState) => KnownAgentsState,
  ): Promise<KnownAgentsState> {
    return this.#changes.add(change);
  }

  async #write(
    batch: readonly BatchItem<Change, KnownAgentsState>[],
  ): Promise<KnownAgentsState> {
    await this.#makeFolder();
    using _lock = await lockFile(join(this.#folder, LOCK_NAME), { waitMs: STATE_LOCK_WAIT_MS });
    const before = await this.load();
    let state = before;
    for (const { item: change, reject } of batch) {
      try {
        state = change(state);
      } catch (error) {
        reject(error);
      }
    }
    if (state !== before) await writeFileAtomically(this.path, this.#encode(state));
    return state;
  }

  #encode(state: KnownAgentsState): Bytes {
    const bytes = encodeKnownAgents(state);
    if (bytes.length <= MAX_STATE_BYTES) return bytes;
    const problem = `${this.path} would have over ${MAX_STATE_BYTES} bytes, and stays as it is`;
    throw new StorageError("io-failed", problem, {
      hint: "Forget agents that are gone (`agents forget`), or take in fewer of them.",
    });
  }

  async #makeFolder(): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder ${JSON.stringify(this.#folder)}`);
    }
  }
}
