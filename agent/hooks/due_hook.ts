/**
 * A hook that has to run: what an agent remembers of it until it has.
 *
 * @module
 */
import {
  encodeHex,
  encodeUtf8,
  type Hook,
  type Manifest,
  randomBytes,
} from "../../protocol/mod.ts";
import { MAX_CHANGED_FILES_BYTES } from "../limits.ts";

/** A hook that has to run. */
export interface DueHook {
  /** Its name in the manifest. */
  readonly hook: string;
  /** Who declared it: the address of the keeper's key, or `null` where the keeper does not sign. */
  readonly declaredBy: string | null;
  /** Names the change that it tells of; 32 digits of hex. */
  readonly changeId: string;
  /** Stands for what is wanted of all that it tells of; of `wantedStates`. */
  readonly state: string;
  /** How often it was run for this change. */
  readonly attempts: number;
  /** The paths that changed, as far as there is room. */
  readonly changedFiles: readonly string[];
  /** Whether more changed than there was room for. */
  readonly isCut: boolean;
}

/** Makes a hook due for a change that nothing is known of yet, under a new name. */
export function newDueHook(
  { hook, declaredBy, state }: Pick<DueHook, "hook" | "declaredBy" | "state">,
): DueHook {
  const changeId = encodeHex(randomBytes(16));
  return { hook, declaredBy, changeId, state, attempts: 0, changedFiles: [], isCut: false };
}

/** Adds paths to those that changed, each once, as far as there is room. */
export function withChangedFiles(due: DueHook, paths: Iterable<string>): DueHook {
  const changedFiles = new Set(due.changedFiles);
  let room = MAX_CHANGED_FILES_BYTES;
  for (const path of changedFiles) room -= sizeOf(path);
  for (const path of paths) {
    if (changedFiles.has(path)) continue;
    const size = sizeOf(path);
    if (size > room) return { ...due, changedFiles: [...changedFiles], isCut: true };
    changedFiles.add(path);
    room -= size;
  }
  return { ...due, changedFiles: [...changedFiles] };
}

function sizeOf(path: string): number {
  return encodeUtf8(path).length + 1;
}

/** Tells hooks of one name apart by who declared them. */
export function keyOf({ hook, declaredBy }: Pick<DueHook, "hook" | "declaredBy">): string {
  return `${declaredBy ?? ""}\n${hook}`;
}

/** One run of a hook. */
export interface HookCall {
  /** What happens. */
  readonly hook: Hook;
  /** The manifest that defines it. */
  readonly manifest: Manifest;
  /** What it tells of. */
  readonly due: DueHook;
}

/** How one run of a hook ended. */
export interface HookEnd {
  /** Whether it did what it should, or may not. */
  readonly outcome: "ran" | "failed" | "refused";
  /** The exit status of the program, or `null` where there is none. */
  readonly exitStatus: number | null;
  /** The signal that ended the program, or `null`. */
  readonly signal: string | null;
  /** The end of what the program printed; printable text and newlines. */
  readonly output: string;
  /** The stable code of what went wrong. */
  readonly code?: string;
}

/** Does what hooks say. */
export interface HookPerformer {
  /** Returns the code for which a run is refused, or `null` where it is not. */
  refusalOf(call: HookCall): string | null;
  /**
   * Runs a hook once; must not reject.
   *
   * @param signal Is aborted where the agent stops: then the run is ended, and its end not asked for.
   */
  perform(call: HookCall, signal: AbortSignal): Promise<HookEnd>;
}
