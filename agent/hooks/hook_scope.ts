/**
 * Which hooks changes call for, and what stands for all that a hook tells of.
 *
 * @module
 */
import {
  encodeHex,
  encodeUtf8,
  type HookChanges,
  hookChanges,
  type Manifest,
  type ManifestEntry,
  sha256Digest,
} from "../../protocol/mod.ts";

/**
 * Finds the hooks that tell of changes, among those that a manifest defines.
 *
 * Of what is declared no longer the manifest before knows the hook. What hooks themselves make is no
 * change to tell of: it would never end.
 *
 * @param paths What changes.
 * @param previous What the same keeper declared before, or `null`.
 */
export function scopeOf(
  manifest: Manifest,
  { paths, previous }: { readonly paths: readonly string[]; readonly previous: Manifest | null },
): HookChanges {
  const declared = new Set(manifest.entries.map(({ path }) => path));
  const touched = new Set(
    manifest.hooks.flatMap(({ action }) => action.kind === "touch" ? [action.path] : []),
  );
  const changed = paths.filter((path) => declared.has(path) || !touched.has(path));
  const scope = new Map<string, Set<string>>();
  const note = (hook: string, path: string) => {
    scope.set(hook, (scope.get(hook) ?? new Set()).add(path));
  };
  for (const [hook, known] of hookChanges(manifest, changed)) {
    for (const path of known) note(hook, path);
  }
  const gone = new Set(changed.filter((path) => !declared.has(path)));
  for (const entry of gone.size === 0 ? [] : previous?.entries ?? []) {
    if (entry.kind === "keep" || entry.hook === undefined) continue;
    const removed = removedWith(entry.path, gone);
    if (removed !== null) note(entry.hook, removed);
  }
  const defined = new Set(manifest.hooks.map(({ name }) => name));
  return new Map(
    [...scope].filter(([hook]) => defined.has(hook)).map(([hook, known]) => [hook, [...known]]),
  );
}

/** Returns what was removed and had a path in it, be it the path itself, or `null`. */
function removedWith(path: string, removed: ReadonlySet<string>): string | null {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const above = path.slice(0, end);
    if (removed.has(above)) return above;
  }
  return null;
}

/**
 * Works out what stands for all that a hook tells of, so that a new wanted state can be told from the
 * one before.
 *
 * @returns The SHA-256 of the entries that name each of these hooks, in hex, by its name.
 */
export async function wantedStates(
  { entries }: Manifest,
  hooks: Iterable<string>,
): Promise<Map<string, string>> {
  const lines = new Map([...hooks].map((hook): [string, string[]] => [hook, []]));
  if (lines.size === 0) return new Map();
  for (const entry of entries) {
    if (entry.kind === "keep" || entry.hook === undefined) continue;
    lines.get(entry.hook)?.push(stateLine(entry));
  }
  const states = new Map<string, string>();
  for (const [hook, named] of lines) {
    states.set(hook, encodeHex(await sha256Digest(encodeUtf8(named.join("\n")))));
  }
  return states;
}

function stateLine(entry: Exclude<ManifestEntry, { readonly kind: "keep" }>): string {
  const { kind, path, mode, uid = "", gid = "", strategy } = entry;
  // A path holds no control characters, so no two entries have one line.
  return [path, kind, strategy, mode, uid, gid, kind === "file" ? entry.digest : ""].join("\t");
}
