/**
 * The audit log as a file on this machine: appended to, synced, readable by its owner alone.
 *
 * Several processes may write to it: each takes the lock for each write, and goes on where the others
 * have left off.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import {
  type Bytes,
  encodeHex,
  encodeUtf8,
  FluxVaultError,
  type Logger,
  sha256Digest,
  SILENT_LOGGER,
  StorageError,
} from "../../../protocol/mod.ts";
import {
  lockFile,
  PRIVATE_FILE_MODE,
  storageError,
  syncFolder,
  WriteBatches,
} from "../../../protocol/host/mod.ts";
import { type AuditEvent, type ChainEnd, writeAuditLine } from "./audit_line.ts";
import { AuditError, type AuditLog } from "./audit_log.ts";
import { type LogTail, readLogTail } from "./audit_tail.ts";
import { AUDIT_LOCK_WAIT_MS, MAX_LINE_BYTES, READ_BUFFER_BYTES } from "../limits.ts";

/** The name of the file in the folder of state, unless the operator names another. */
export const AUDIT_FILE_NAME = "audit.jsonl";

/** The options of an {@linkcode AuditFile}. */
export interface AuditFileOptions {
  /** Is told once when the log cannot be written, and once when it can again. @default {SILENT_LOGGER} */
  readonly logger?: Logger;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** Which file it is, and how long it was. */
type FileMark = Pick<Deno.FileInfo, "dev" | "ino" | "size">;

/** Where this process knows the file to end. */
interface KnownEnd {
  readonly end: ChainEnd;
  readonly file: FileMark;
}

const NEWLINE = encodeUtf8("\n");
/** How much of the end of a file is read at most: what was cut off, and the line before it. */
const MAX_TAIL_BYTES = 4 * MAX_LINE_BYTES;

/**
 * Keeps an audit log in a file, which is never written anew.
 *
 * @example
 * ```ts
 * import { AuditFile } from "@fluxvault/fluxvault/keeper";
 *
 * const folder = await Deno.makeTempDir();
 * const log = new AuditFile(`${folder}/audit.jsonl`);
 * await log.append([{ event: "my-app-deployed", version: "1.2.0" }]); // Synced by now.
 * await log.append([{ event: "my-app-stopped" }]);
 * const lines = (await Deno.readTextFile(log.path)).trimEnd().split("\n");
 * const [first, second] = lines.map((line) => JSON.parse(line));
 * console.assert(first.seq === 1 && second.event === "my-app-stopped");
 * console.assert(second.prev.length === 64); // The hash of the first: no line can be taken out.
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class AuditFile implements AuditLog {
  /** Where the file is; it is made (0600), and its folder (0700), with the first event. */
  readonly path: string;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #batches = new WriteBatches<readonly AuditEvent[], void>(async (batch) => {
    try {
      await this.#write(batch.flatMap(({ item }) => item));
      this.#succeed();
    } catch (error) {
      throw this.#fail(error);
    }
  });
  #known: KnownEnd | null = null;
  /** What this process has written to last: it can only have grown since. */
  #own: FileMark | null = null;
  #failure: AuditError | null = null;

  /** Names the file. */
  constructor(path: string, options: AuditFileOptions = {}) {
    this.path = path;
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#now = options.now ?? Date.now;
  }

  /** Why the last attempt to write failed; `null` where it did not. */
  get failure(): AuditError | null {
    return this.#failure;
  }

  /**
   * Adds events; those that come together are written and synced together.
   *
   * @throws {AuditError} if they cannot be written.
   */
  append(events: readonly AuditEvent[]): Promise<void> {
    return this.#batches.add(events);
  }

  async #write(events: readonly AuditEvent[]): Promise<void> {
    const folder = dirname(this.path);
    // Whoever has written to it knows that the folder is there; one that is gone fails the write.
    if (this.#own === null) await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    using _lock = await lockFile(`${this.path}.lock`, { waitMs: AUDIT_LOCK_WAIT_MS });
    const { file: opened, info: before } = await this.#open();
    using file = opened;
    if (!before.isFile) throw new StorageError("not-a-file", "it is not a regular file");
    if (this.#own !== null) checkSame(this.#own, before);
    const tail = this.#recall(before) ?? await readTail(file, before.size);
    // Whatever stops the write in the middle, the next one looks where the file really ends.
    this.#known = null;
    const { bytes, end } = await this.#encode(events, tail);
    for (let offset = 0; offset < bytes.length;) {
      offset += await file.write(bytes.subarray(offset));
    }
    await file.sync();
    if (before.size === 0) await syncFolder(folder);
    const after = file.statSync();
    this.#known = { end, file: after };
    this.#own = after;
  }

  async #open(): Promise<{ readonly file: Deno.FsFile; readonly info: Deno.FileInfo }> {
    // One that is gone since is not replaced: the new one would hide that.
    const create = this.#own === null;
    const options = { read: true, append: true, create, mode: PRIVATE_FILE_MODE };
    const file = await Deno.open(this.path, options).catch((error) => {
      if (create || !(error instanceof Deno.errors.NotFound)) throw error;
      throw takenAway("it is gone since this program wrote to it");
    });
    try {
      // What an open file is like the system knows by heart: it is asked at once.
      const info = file.statSync();
      const { mode, isFile } = info;
      if (isFile && mode !== null && (mode & 0o077) !== 0 && Deno.build.os !== "windows") {
        await Deno.chmod(this.path, PRIVATE_FILE_MODE);
      }
      return { file, info };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #recall({ dev, ino, size }: Deno.FileInfo): LogTail | null {
    const known = this.#known;
    const isSame = known !== null && isSameFile(known.file, { dev, ino }) &&
      known.file.size === size;
    return isSame ? { end: known.end, torn: null, isOpen: false } : null;
  }

  async #encode(
    events: readonly AuditEvent[],
    { end, torn, isOpen }: LogTail,
  ): Promise<{ readonly bytes: Bytes; readonly end: ChainEnd }> {
    const all = torn === null ? events : [await describeTorn(torn), ...events];
    const { createHash } = await import("node:crypto");
    const parts: Bytes[] = isOpen ? [NEWLINE] : [];
    let last = end;
    for (const event of all) {
      const line = writeAuditLine(event, { before: last, nowMs: this.#now() });
      parts.push(line, NEWLINE);
      last = { seq: last.seq + 1, hash: createHash("sha256").update(line).digest("hex") };
    }
    return { bytes: Buffer.concat(parts), end: last };
  }

  #succeed(): void {
    if (this.#failure === null) return;
    this.#failure = null;
    this.#logger.info("The audit log can be written again.", { path: this.path });
  }

  #fail(cause: unknown): AuditError {
    const error = auditError(cause, this.path);
    if (this.#failure === null) {
      this.#logger.error("The audit log cannot be written, so nothing is given to any agent.", {
        path: this.path,
        error: error.message,
      });
    }
    this.#failure = error;
    return error;
  }
}

function isSameFile(a: Omit<FileMark, "size">, b: Omit<FileMark, "size">): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

function checkSame(own: FileMark, found: FileMark): void {
  if (!isSameFile(own, found)) {
    throw takenAway("another file took the place of what was written to");
  }
  if (found.size < own.size) throw takenAway("it is shorter than it was written");
}

function takenAway(problem: string): StorageError {
  return new StorageError("file-changed", problem, {
    hint: "Put back what was there; or stop what writes to it, and a new log begins with the next.",
  });
}

function auditError(cause: unknown, path: string): AuditError {
  const known = cause instanceof FluxVaultError
    ? cause
    : storageError(cause, `write ${JSON.stringify(path)}`);
  return new AuditError(`the audit log ${JSON.stringify(path)} is not written: ${known.message}`, {
    cause,
    hint: known.hint ?? "Make room or give the permission: until then no agent is given anything.",
  });
}

/** What was left by a write that was cut off stays, and is named. */
async function describeTorn(torn: Bytes): Promise<AuditEvent> {
  return { event: "torn", bytes: torn.length, sha256: encodeHex(await sha256Digest(torn)) };
}

async function readTail(file: Deno.FsFile, size: number): Promise<LogTail> {
  for (let length = READ_BUFFER_BYTES;; length *= 4) {
    const wanted = Math.min(length, size);
    const tail = await readLogTail(await readLast(file, { wanted, size }), wanted === size);
    if (tail !== null) return tail;
    if (wanted >= MAX_TAIL_BYTES) {
      throw new AuditError("it does not end in a line of an audit log", {
        hint: "Look at it with `audit verify`; move it away, and a new one begins.",
      });
    }
  }
}

async function readLast(
  file: Deno.FsFile,
  { wanted, size }: { readonly wanted: number; readonly size: number },
): Promise<Bytes> {
  await file.seek(size - wanted, Deno.SeekMode.Start);
  const bytes = new Uint8Array(wanted);
  let offset = 0;
  while (offset < wanted) {
    const read = await file.read(bytes.subarray(offset));
    if (read === null) throw new StorageError("file-changed", "it became shorter meanwhile");
    offset += read;
  }
  return bytes;
}
