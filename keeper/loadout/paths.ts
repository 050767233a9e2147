/**
 * The paths of a loadout: sources in the vault, targets on agents, and the folders that targets are
 * relative to.
 *
 * @module
 */
import { findPathFault } from "../../protocol/mod.ts";

/** What is wrong with a path, and what to write. */
export interface PathFault {
  /** What is wrong, as the end of a sentence that begins with the path. */
  readonly fault: string;
  /** What to write instead. */
  readonly hint: string;
}

/** A path that can be used, or what is wrong with it. */
export type ReadPath = { readonly path: string } | PathFault;

const SLASHES = "Write / between folders, whatever the system.";
const NO_HOME = "Write the whole path: ~ means nothing there.";

/** Takes off a leading `./`, but never so that what is left is absolute. */
function withoutDot(text: string): string {
  return /^\.\/(?!\/)/.test(text) ? text.slice(2) : text;
}

function withoutEnds(text: string): string {
  const start = withoutDot(text);
  return start.length > 1 && start.endsWith("/") ? start.slice(0, -1) : start;
}

function checked(path: string, hint: string): ReadPath {
  if (path === "~" || path.startsWith("~/")) return { fault: "begins with ~", hint: NO_HOME };
  if (/^[A-Za-z]:[\\/]/.test(path)) return { fault: "starts with a drive letter", hint: SLASHES };
  if (path.includes("\\")) return { fault: "holds a backslash", hint: SLASHES };
  const fault = findPathFault(path);
  return fault === null ? { path } : { fault, hint };
}

/** Reads the path of a file or folder of the vault, relative to the folder of the vault. */
export function readSourcePath(text: string): ReadPath {
  const hint = "Name a file or folder inside the vault folder, without .. on the way.";
  if (text.startsWith("/")) {
    return { fault: "is absolute", hint: "Name it relative to the vault folder." };
  }
  if (/^\.?\/?$/.test(text)) {
    return { fault: "is the vault folder itself", hint: "Name a file or folder that is in it." };
  }
  return checked(withoutEnds(text), hint);
}

/**
 * Reads where something goes: relative to a folder on the agent, or absolute. One that ends in `/` is
 * the folder that the source goes into under its own name.
 */
export function readTargetPath(text: string, source: string): ReadPath {
  const hint =
    "Write a path such as tls/key.pem or /etc/app/key.pem, without .. on the way; with " +
    "/ at its end it is the folder that the source goes into.";
  const name = source.slice(source.lastIndexOf("/") + 1);
  const relative = withoutDot(text);
  const isFolder = relative === "" || relative.endsWith("/");
  return checked(isFolder ? relative + name : relative, hint);
}

/** Reads a folder on the agent that relative targets begin at. */
export function readWorkdir(text: string): ReadPath {
  const hint = "Write a folder such as app or /etc/app, without .. on the way.";
  if (/^(?:\.\/?)?$/.test(text)) {
    return { fault: "is the agent's working folder itself", hint: "Leave it out." };
  }
  return checked(withoutEnds(text), hint);
}

/** Returns where a target is, given the folder that it begins at if it is relative. */
export function joinTarget(workdir: string | undefined, target: string): ReadPath {
  if (workdir === undefined || target.startsWith("/")) return { path: target };
  const path = `${workdir}/${target}`;
  const fault = findPathFault(path);
  return fault === null ? { path } : { fault, hint: "Make the names shorter." };
}
