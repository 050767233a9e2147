/**
 * The inventory on disk: what the agent has put in place, and for whom.
 *
 * A file `inventory` (0600) in the state folder, one JSON text a line: `{"version":1}`; then, for each
 * who declared something, `{"declaredBy":"<address>"}` (or `null`), and for files that no manifest
 * declares `{"besides":true}`, with the paths below it: `"<path>"` for a file, `["folder","<path>"]`,
 * or `["file","<path>",{"once":true,"lease":<seconds>,"pending":["<digest>"],"folder":true}]`. It is written anew
 * only when paths come or go: a file whose contents change has its line already.
 *
 * @module
 */
import {
  type Bytes,
  decodeUtf8,
  encodeUtf8,
  findPathFault,
  StorageError,
} from "../../../protocol/mod.ts";
import { join, readOptionalFile, writeFileAtomically } from "../../../protocol/host/mod.ts";
import { MAX_INVENTORY_FILE_BYTES } from "../../limits.ts";
import { type Holding, Inventory, MADE_FOLDER, settledFile } from "./inventory.ts";
import { Pace } from "./pace.ts";

/** The name of the file in the state folder. */
export const INVENTORY_FILE_NAME = "inventory";

const VERSION = 1;
const NEWLINE = 0x0a;
const DIGEST = /^[0-9a-f]{64}$/;
/** How many bytes of lines are gathered before they are encoded. */
const BLOCK_LENGTH = 65_536;

/** Gathers lines in blocks, so that no text of many megabytes comes about. */
class Lines {
  readonly #blocks: Bytes[] = [];
  readonly #pace = new Pace();
  #text = "";

  async add(line: unknown): Promise<void> {
    this.#text += `${JSON.stringify(line)}\n`;
    if (this.#text.length < BLOCK_LENGTH) return;
    this.#close();
    if (this.#pace.isDue) await this.#pace.rest();
  }

  bytes(): Bytes {
    this.#close();
    const bytes = new Uint8Array(this.#blocks.reduce((sum, { length }) => sum + length, 0));
    let offset = 0;
    for (const block of this.#blocks) {
      bytes.set(block, offset);
      offset += block.length;
    }
    return bytes;
  }

  #close(): void {
    this.#blocks.push(encodeUtf8(this.#text));
    this.#text = "";
  }
}

/**
 * Writes the inventory in place of the one before.
 *
 * @throws {StorageError} with what the system said.
 */
export async function writeInventoryFile(
  stateFolder: string,
  inventory: Inventory,
): Promise<void> {
  const lines = new Lines();
  await lines.add({ version: VERSION });
  for (const declaredBy of inventory.declarers) {
    await lines.add({ declaredBy });
    for (const [path, holding] of inventory.of(declaredBy)) {
      await lines.add(encodeHolding(path, holding));
    }
  }
  if (inventory.besides.size > 0) await lines.add({ besides: true });
  for (const [path, holding] of inventory.besides) await lines.add(encodeHolding(path, holding));
  await writeFileAtomically(join(stateFolder, INVENTORY_FILE_NAME), lines.bytes());
}

function encodeHolding(
  path: string,
  { kind, isOnce, leaseS, pending, mayBeFolder }: Holding,
): unknown {
  if (kind === "folder") return [kind, path];
  const members = {
    ...(isOnce ? { once: true } : {}),
    ...(leaseS === null ? {} : { lease: leaseS }),
    ...(pending.length === 0 ? {} : { pending }),
    ...(mayBeFolder ? { folder: true } : {}),
  };
  return Object.keys(members).length === 0 ? path : [kind, path, members];
}

/**
 * Reads the inventory.
 *
 * @returns An empty one where none is kept.
 * @throws {StorageError} `state-malformed` if it is not what was written, or what the system said.
 */
export async function readInventoryFile(stateFolder: string): Promise<Inventory> {
  const path = join(stateFolder, INVENTORY_FILE_NAME);
  const bytes = await readOptionalFile(path, { maxBytes: MAX_INVENTORY_FILE_BYTES });
  const inventory = new Inventory();
  if (bytes === null) return inventory;
  try {
    await readLines(bytes, inventory);
    inventory.markWritten();
    return inventory;
  } catch (cause) {
    throw new StorageError("state-malformed", `${JSON.stringify(path)} is not as it was written`, {
      cause,
    });
  }
}

async function readLines(bytes: Bytes, inventory: Inventory): Promise<void> {
  const pace = new Pace();
  let add: ((item: unknown) => void) | null = null;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) throw new Error("it does not end in a newline");
    const item: unknown = JSON.parse(decodeUtf8(bytes.subarray(start, end)));
    if (start === 0) checkVersion(item);
    else if (isHeading(item)) add = readHeading(item, inventory);
    else if (add === null) throw new Error("a line belongs to nobody");
    else add(item);
    start = end + 1;
    if (pace.isDue) await pace.rest();
  }
}

type Members = Readonly<Record<string, unknown>>;

function checkVersion(item: unknown): void {
  if ((item as Members | null)?.version !== VERSION) throw new Error("the version is another");
}

function isHeading(item: unknown): item is Members {
  return typeof item === "object" && item !== null && !Array.isArray(item);
}

function readHeading(
  { declaredBy, besides }: Members,
  inventory: Inventory,
): (item: unknown) => void {
  if (besides === true) {
    return (item) => {
      const { path, holding } = readHolding(item);
      inventory.addBesides(path, holding.kind);
    };
  }
  if (declaredBy !== null && typeof declaredBy !== "string") throw new Error("a heading is wrong");
  return (item) => {
    const { path, holding } = readHolding(item);
    inventory.set(declaredBy, path, { holding });
  };
}

function readHolding(item: unknown): { readonly path: string; readonly holding: Holding } {
  if (!Array.isArray(item)) return { path: readPath(item), holding: settledFile(false, null) };
  const [kind, name, members] = item as readonly unknown[];
  const path = readPath(name);
  if (kind === "folder") return { path, holding: MADE_FOLDER };
  if (kind !== "file" || !isHeading(members)) throw new Error("a line is wrong");
  const { once = false, lease = null, pending = [], folder = false } = members;
  const isSound = typeof once === "boolean" && typeof folder === "boolean" &&
    Array.isArray(pending) &&
    (lease === null || (Number.isSafeInteger(lease) && (lease as number) > 0)) &&
    pending.every((digest) => typeof digest === "string" && DIGEST.test(digest));
  if (!isSound) throw new Error("a file is described wrongly");
  const settled = settledFile(once, lease as number | null);
  const isSettled = pending.length === 0 && !folder;
  return { path, holding: isSettled ? settled : { ...settled, pending, mayBeFolder: folder } };
}

function readPath(path: unknown): string {
  if (typeof path === "string" && findPathFault(path) === null) return path;
  throw new Error("a path is malformed");
}
