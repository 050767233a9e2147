/**
 * Who may do what with a file or folder: compared, and set through the open file, so that nothing that
 * was exchanged for it meanwhile is changed instead.
 *
 * @module
 */
import { type Ownership, StorageError } from "../../../protocol/mod.ts";
import { errnoOf, storageError } from "../../../protocol/host/mod.ts";
import { inodeKey } from "../paths/mod.ts";
import { nodeFs } from "./node_fs.ts";

const PERMISSION_BITS = 0o777;
const OWNER_ALONE = 0o700;

/** What a file system says of an owner that it does not take. */
const OWNER_ERRNOS: ReadonlySet<string> = new Set(["EPERM", "EINVAL", "ENOTSUP", "EOPNOTSUPP"]);

/** What a file system tells of the owner of a file. */
export type OwnerState = Pick<Deno.FileInfo, "dev" | "ino" | "mode" | "uid" | "gid">;

/** How something came about of which {@linkcode DeviceTraits.learn} learns. */
export interface LearnOptions {
  /** Whether this process made it: then it is this process's own where nobody else is declared. */
  readonly isNew: boolean;
}

/** Compares owners and modes, as far as devices are found to keep them. */
export class DeviceTraits {
  readonly #ownUid: number | null;
  /** Devices that do not keep permissions. */
  readonly #modeless = new Set<number>();
  /** Devices on which everything belongs to the same user. */
  readonly #ownerless = new Set<number>();

  /** Takes the user whom this process belongs to, or `null` on systems that have none. */
  constructor(ownUid: number | null = Deno.uid()) {
    this.#ownUid = ownUid;
  }

  /** Tells whether something has another mode than declared, or another owner where one is. */
  differs(info: OwnerState, wanted: Ownership): boolean {
    if (!this.#modeless.has(info.dev) && differsInMode(info, wanted)) return true;
    return !this.#ownerless.has(info.dev) && differsInOwner(info, wanted);
  }

  /**
   * Looks at what came of setting mode and owner: what is not so now the device does not keep. Of what
   * belongs to another user that is not said: he may have changed the mode, and the group, since.
   */
  learn(info: OwnerState, wanted: Ownership, { isNew }: LearnOptions): void {
    const { dev } = info;
    const uid = wanted.uid ?? (isNew ? this.#ownUid ?? undefined : undefined);
    // To change the user takes more than to be the user.
    if (uid !== undefined && info.uid !== null && info.uid !== uid) this.#ownerless.add(dev);
    if (info.uid !== this.#ownUid && !this.#ownerless.has(dev)) return;
    if (differsInMode(info, wanted)) this.#modeless.add(dev);
    if (differsInOwner(info, wanted)) this.#ownerless.add(dev);
  }
}

function differsInMode({ mode }: OwnerState, wanted: Ownership): boolean {
  return mode !== null && (mode & PERMISSION_BITS) !== wanted.mode;
}

/** Tells whether something belongs to somebody else than declared; never where nobody is. */
export function differsInOwner(info: OwnerState, { uid, gid }: Ownership): boolean {
  return (uid !== undefined && info.uid !== null && info.uid !== uid) ||
    (gid !== undefined && info.gid !== null && info.gid !== gid);
}

/** The options of {@linkcode setOwnership}. */
export interface OwnershipChange {
  /** What is there: nothing else is changed. */
  readonly before: OwnerState;
  /** The mode, and the owner where one is declared. */
  readonly wanted: Ownership;
}

/**
 * Sets mode and owner of a file or folder. At no time may anybody do more with it than before or after.
 *
 * @returns What is so now: a device may not keep it.
 * @throws {StorageError} `owner-refused` where the owner may not be set, and nothing is changed;
 * `file-changed` where something else is there; or what the file system said.
 */
export async function setOwnership(
  at: string,
  { before, wanted }: OwnershipChange,
): Promise<OwnerState> {
  if (Deno.build.os === "windows") return before;
  const fs = await nodeFs();
  let descriptor: number | null = null;
  try {
    const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;
    // A pipe in its place would otherwise make this wait for ever.
    descriptor = fs.openSync(at, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const opened = fs.fstatSync(descriptor);
    // The number of an inode that is gone is given to the next, whatever that is.
    const isSame = inodeKey(opened) === inodeKey(before) &&
      (opened.isFile() || opened.isDirectory());
    if (!isSame) {
      throw new StorageError("file-changed", `${JSON.stringify(at)} was exchanged`);
    }
    if (differsInOwner(opened, wanted)) {
      const { uid = opened.uid, gid = opened.gid } = wanted;
      fs.fchmodSync(descriptor, opened.mode & wanted.mode & PERMISSION_BITS);
      try {
        fs.fchownSync(descriptor, uid, gid);
      } catch (error) {
        fs.fchmodSync(descriptor, opened.mode & PERMISSION_BITS);
        throw ownerError(error, at);
      }
    }
    fs.fchmodSync(descriptor, wanted.mode);
    return fs.fstatSync(descriptor);
  } catch (error) {
    throw storageError(error, `set the permissions of ${JSON.stringify(at)}`);
  } finally {
    if (descriptor !== null) fs.closeSync(descriptor);
  }
}

function ownerError(error: unknown, at: string): unknown {
  if (!OWNER_ERRNOS.has(errnoOf(error) ?? "")) return error;
  return new StorageError(
    "owner-refused",
    `cannot give ${JSON.stringify(at)} to its declared owner`,
    {
      cause: error,
      hint: "Run the agent as root, or with CAP_CHOWN, or declare no owner.",
    },
  );
}

/** Returns mode and owner as a file system has them. */
export function ownershipFrom({ mode, uid, gid }: Deno.FileInfo): Ownership {
  return {
    mode: (mode ?? OWNER_ALONE) & PERMISSION_BITS,
    ...(uid === null ? {} : { uid }),
    ...(gid === null ? {} : { gid }),
  };
}
