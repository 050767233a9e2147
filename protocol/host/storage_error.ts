/**
 * What an operating system says about a file, as one of the stable codes of {@linkcode StorageError}.
 *
 * @module
 */
import { FluxVaultError, StorageError, type StorageErrorCode } from "../errors.ts";

interface Meaning {
  readonly code: StorageErrorCode;
  readonly text: string;
  readonly hint?: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  EACCES: { code: "permission-denied", text: "permission denied" },
  EBUSY: {
    code: "io-failed",
    text: "it is in use",
    hint: "A file that is itself a mount point cannot be replaced; mount its folder instead.",
  },
  EDQUOT: { code: "disk-full", text: "the disk quota is used up" },
  EFBIG: { code: "disk-full", text: "the file would be larger than the file system allows" },
  EIO: { code: "io-failed", text: "the device failed" },
  EISDIR: { code: "not-a-file", text: "it is a folder" },
  ELOOP: { code: "symlink-refused", text: "there are too many symbolic links on the way" },
  EMFILE: {
    code: "io-failed",
    text: "too many files are open",
    hint: "Raise the limit of open files (ulimit -n) or lower the concurrency.",
  },
  ENAMETOOLONG: { code: "path-refused", text: "the name is too long" },
  ENFILE: { code: "io-failed", text: "too many files are open on this machine" },
  ENOENT: { code: "file-missing", text: "no such file or folder" },
  ENOSPC: { code: "disk-full", text: "no space is left on the device" },
  ENOTDIR: { code: "not-a-file", text: "a part of the path is not a folder" },
  EPERM: { code: "permission-denied", text: "the operation is not permitted" },
  EROFS: { code: "read-only", text: "the file system is read-only" },
};

/** Deno's error classes for the cases in which `error.code` is missing. */
const CODES_BY_CLASS: Readonly<Record<string, string>> = {
  FilesystemLoop: "ELOOP",
  IsADirectory: "EISDIR",
  NotADirectory: "ENOTDIR",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
};

/** The errors that Deno has no name for, by the numbers that it writes into the message instead. */
const NAMES_BY_NUMBER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  linux: { 27: "EFBIG", 122: "EDQUOT" },
  darwin: { 27: "EFBIG", 69: "EDQUOT" },
};

const NOT_CAPABLE: Meaning = {
  code: "permission-denied",
  text: "this program was not given the permission",
  hint: "Start it with --allow-read and --allow-write for this folder.",
};

/**
 * Turns what a file operation threw into a {@linkcode StorageError}.
 *
 * The path is part of the message; what the file holds never is. An error that FluxVault made
 * already is returned as it is.
 *
 * @param action What could not be done, and to what, for example `write "/state/key"`.
 */
export function storageError(error: unknown, action: string): FluxVaultError {
  if (error instanceof FluxVaultError) return error;
  const meaning = meaningOf(error);
  return new StorageError(meaning.code, `cannot ${action}: ${meaning.text}`, {
    cause: error,
    ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
  });
}

function meaningOf(error: unknown): Meaning {
  const failed: Meaning = { code: "io-failed", text: "the file system refused" };
  if (!(error instanceof Error)) return failed;
  if (error.name === "NotCapable") return NOT_CAPABLE;
  const code = errnoOf(error) ?? CODES_BY_CLASS[error.name];
  return code === undefined ? failed : MEANINGS[code] ?? failed;
}

/** Returns the operating system's name of an error (`ENOENT`), or `undefined` where it has none. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  const number = /\(os error (\d+)\)/.exec(error.message)?.[1] ?? "";
  return NAMES_BY_NUMBER[Deno.build.os]?.[number];
}
