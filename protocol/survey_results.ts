/**
 * What a survey means for whoever asked: the results of a plan, and the hooks that changes call for
 * (spec, section 8).
 *
 * @module
 */
import type { HookChanges } from "./hook_result.ts";
import type { FolderEntry, Manifest } from "./manifest_entry.ts";
import type { FileOutcome, FileResult } from "./results.ts";
import type { Step } from "./survey.ts";

/** Returns what a step is about. */
export function pathOf(step: Step): string {
  return "entry" in step ? step.entry.path : step.path;
}

/** Returns what comes of a step that succeeds. */
export function outcomeOf(step: Step): FileOutcome {
  switch (step.kind) {
    case "bring":
      return step.isThere ? "updated" : "created";
    case "make":
      return "created";
    case "reown":
      return "reowned";
    case "remove":
      return "removed";
    case "refuse":
      return "failed";
  }
}

/** Returns a result for each entry, and for what would be removed, were all steps to succeed. */
export function planResults({ entries }: Manifest, steps: readonly Step[]): FileResult[] {
  const planned = new Map(steps.map((step): [string, FileResult] => {
    const path = pathOf(step);
    const code = step.kind === "refuse" ? { code: step.code } : {};
    return [path, { path, outcome: outcomeOf(step), ...code }];
  }));
  return completeResults(entries, planned);
}

/** Adds the entries that are as declared to the results of those that were not. */
export function completeResults(
  entries: Manifest["entries"],
  told: ReadonlyMap<string, FileResult>,
): FileResult[] {
  const results: FileResult[] = [];
  const others = new Map(told);
  for (const { kind, path } of entries) {
    if (kind === "keep") continue;
    results.push(told.get(path) ?? { path, outcome: "unchanged" });
    others.delete(path);
  }
  return [...results, ...others.values()];
}

/**
 * Finds the hooks that tell of changes: that of the entry itself, or, where something is removed that
 * has no entry, that of the nearest folder above it which has one.
 *
 * @example
 * ```ts
 * import { hookChanges, type Manifest } from "@fluxvault/fluxvault/protocol";
 *
 * const manifest: Manifest = {
 *   entries: [{ kind: "folder", path: "conf", mode: 0o700, strategy: "STRICT", hook: "reload" }],
 *   hooks: [{ name: "reload", action: { kind: "touch", path: "reloaded" }, timeoutS: 30 }],
 *   isWipe: false,
 * };
 * const changes = hookChanges(manifest, ["conf/old.json"]); // A file that was removed.
 * console.assert(changes.get("reload")?.join() === "conf/old.json");
 * ```
 */
export function hookChanges({ entries }: Manifest, paths: Iterable<string>): HookChanges {
  if (!entries.some((entry) => entry.kind !== "keep" && entry.hook !== undefined)) return new Map();
  const hooks = new Map<string, string | undefined>();
  const folders = new Map<string, FolderEntry>();
  for (const entry of entries) {
    if (entry.kind === "keep") continue;
    hooks.set(entry.path, entry.hook);
    if (entry.kind === "folder") folders.set(entry.path, entry);
  }
  const changes = new Map<string, string[]>();
  for (const path of paths) {
    const hook = hooks.has(path) ? hooks.get(path) : hookAbove(path, folders);
    if (hook === undefined) continue;
    const known = changes.get(hook);
    if (known === undefined) changes.set(hook, [path]);
    else known.push(path);
  }
  return changes;
}

function hookAbove(path: string, folders: ReadonlyMap<string, FolderEntry>): string | undefined {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const hook = folders.get(path.slice(0, end))?.hook;
    if (hook !== undefined) return hook;
  }
  return undefined;
}
