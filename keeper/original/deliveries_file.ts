/**
 * What the nodes of the original hold, as a file on this machine: written whole, under a lock,
 * readable by its owner alone.
 *
 * @module
 */
import { join } from "node:path";
import { type Bytes, decodeUtf8, encodeUtf8, StorageError } from "../../protocol/mod.ts";
import {
  lockFile,
  readOptionalFile,
  storageError,
  writeFileAtomically,
} from "../../protocol/host/mod.ts";
import { MAX_ORIGINAL_NODES, MAX_STATE_BYTES, STATE_LOCK_WAIT_MS } from "../limits.ts";
import type { DeliveriesState, DeliveriesStore } from "./deliveries.ts";

/** The name of the file in the folder of state. */
export const DELIVERIES_FILE_NAME = "original_nodes.json";
const LOCK_NAME = "original_nodes.lock";
const VERSION = 1;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Keeps deliveries in a file; one that cannot be read is never written over.
 *
 * @example
 * ```ts
 * import { DeliveriesFile } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.makeTempDir();
 * const deliveries = new DeliveriesFile(folder); // For `new Keeper({ deliveries, ... })`.
 * await deliveries.merge(new Map([["192.0.2.7:39898", new Map([["motd", "ab".repeat(32)]])]]));
 * const kept = await new DeliveriesFile(folder).load(); // After a restart.
 * console.assert(kept.get("192.0.2.7:39898")?.get("motd") === "ab".repeat(32));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class DeliveriesFile implements DeliveriesStore {
  /** Where the file is. */
  readonly path: string;
  readonly #folder: string;

  /** Names the folder of state; it is made (0700) with the first change. */
  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, DELIVERIES_FILE_NAME);
  }

  /**
   * Reads the file.
   *
   * @throws {StorageError} `state-malformed` if it is not what was written.
   */
  async load(): Promise<DeliveriesState> {
    const bytes = await readOptionalFile(this.path, { maxBytes: MAX_STATE_BYTES });
    if (bytes === null) return new Map();
    try {
      return readState(JSON.parse(decodeUtf8(bytes)));
    } catch {
      throw new StorageError("state-malformed", `${this.path} is not as it was written`, {
        hint: "Move it away; every file is then taken for delivered where its checksum is equal.",
      });
    }
  }

  /**
   * Adds to the file; of more than it holds, the nodes that were heard of last.
   *
   * @throws {StorageError} if it cannot be read or written; `locked` if others have it too long.
   */
  async merge(news: DeliveriesState): Promise<void> {
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error, `make the folder ${JSON.stringify(this.#folder)}`);
    }
    using _lock = await lockFile(join(this.#folder, LOCK_NAME), { waitMs: STATE_LOCK_WAIT_MS });
    const nodes = new Map(await this.load());
    for (const [node, files] of news) {
      // The node that was heard of last stands last, and is forgotten last.
      const before = nodes.get(node) ?? [];
      nodes.delete(node);
      nodes.set(node, new Map([...before, ...files]));
    }
    await writeFileAtomically(this.path, encodeState([...nodes].slice(-MAX_ORIGINAL_NODES)));
  }
}

/** Writes the nodes, and of very many files only those of the nodes that were heard of last. */
function encodeState(nodes: readonly (readonly [string, ReadonlyMap<string, string>])[]): Bytes {
  const members = nodes.map(([node, files]) => [node, Object.fromEntries(files)]);
  const text = JSON.stringify({ version: VERSION, nodes: Object.fromEntries(members) }, null, 2);
  const bytes = encodeUtf8(`${text}\n`);
  if (bytes.length <= MAX_STATE_BYTES || nodes.length === 0) return bytes;
  return encodeState(nodes.slice(Math.ceil(nodes.length / 4)));
}

function readState(json: unknown): DeliveriesState {
  const members = membersOf(json);
  if (members.get("version") !== VERSION) throw new Error("another version");
  const nodes = membersOf(members.get("nodes"));
  return new Map([...nodes].map(([node, files]) => [node, readFiles(files)]));
}

function membersOf(json: unknown): Map<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error("no object");
  }
  return new Map(Object.entries(json));
}

function readFiles(files: unknown): ReadonlyMap<string, string> {
  return new Map([...membersOf(files)].map(([path, digest]) => {
    if (typeof digest !== "string" || !DIGEST.test(digest)) throw new Error("no digest");
    return [path, digest];
  }));
}
