/** Manifests with hooks, in few words. */
import type { FileEntry, FolderEntry, Hook, WantedState } from "../../protocol/mod.ts";

/** The address of the key that signed what {@linkcode wantedState} makes. */
export const SIGNER = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";

/** A hook that runs a program. */
export function runHook(name: string, command: readonly string[] = ["/bin/true"]): Hook {
  return { name, action: { kind: "run", command }, timeoutS: 30 };
}

/** A file that names a hook, or none. */
export function hookedFile(
  path: string,
  { hook, digest = "ab".repeat(32) }: { readonly hook?: string; readonly digest?: string } = {},
): FileEntry {
  const entry = { kind: "file", path, digest, size: 1, mode: 0o600, strategy: "STRICT" } as const;
  return hook === undefined ? entry : { ...entry, hook };
}

/** A folder that names a hook, or none. */
export function hookedFolder(path: string, hook?: string): FolderEntry {
  const entry = { kind: "folder", path, mode: 0o700, strategy: "STRICT" } as const;
  return hook === undefined ? entry : { ...entry, hook };
}

/** What an agent should hold, signed where it is not said otherwise. */
export function wantedState(
  { hooks = [], entries = [], declaredBy = SIGNER }: Partial<WantedState> = {},
): WantedState {
  return { hooks, entries, isWipe: false, declaredBy };
}
