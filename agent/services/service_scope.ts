/**
 * What a service depends on: the files that it needs to start, and what stands for them.
 *
 * @module
 */
import {
  encodeHex,
  encodeUtf8,
  type Manifest,
  type ManifestEntry,
  type Service,
  sha256Digest,
} from "../../protocol/mod.ts";

/** Returns the paths that a service names: those of its variables, and those that it watches. */
function namedPaths({ fileVariables, watches }: Service): readonly string[] {
  return [...new Set([...fileVariables.values(), ...watches])];
}

/** Tells whether a change of a path is one of another path, or of what is in or around it. */
function concerns(named: string, path: string): boolean {
  return path === named || path.startsWith(`${named}/`) || named.startsWith(`${path}/`);
}

/** Returns those of some paths that a service depends on by its own word. */
export function pathsOfService(service: Service, paths: readonly string[]): readonly string[] {
  const named = namedPaths(service);
  return paths.filter((path) => named.some((each) => concerns(each, path)));
}

/**
 * Returns what a service lacks to start: of what it names, or of all where it names nothing.
 *
 * @param lacking What is not in place as it is declared.
 */
export function lackedBy(
  service: Service,
  { entries }: Manifest,
  lacking: readonly string[],
): readonly string[] {
  const named = namedPaths(service);
  if (named.length === 0) return lacking;
  const missing = pathsOfService(service, lacking);
  // What is not even declared does not come by this manifest.
  const undeclared = [...service.fileVariables.values()].filter((path) => {
    return !entries.some((entry) => entry.path === path);
  });
  return [...new Set([...missing, ...undeclared])];
}

/**
 * Works out what stands for a service and all that it depends on: another one means that it is started
 * again.
 *
 * @returns A SHA-256 in hex.
 */
export async function stateOfService(service: Service, { entries }: Manifest): Promise<string> {
  const named = namedPaths(service);
  const lines = entries
    .filter(({ path }) => named.some((each) => path === each || path.startsWith(`${each}/`)))
    .map(lineOf);
  const { variables, fileVariables, watches, ...plain } = service;
  const pairs = [[...variables].sort(), [...fileVariables].sort(), [...watches].sort()];
  const text = JSON.stringify([plain, pairs, lines]);
  return encodeHex(await sha256Digest(encodeUtf8(text)));
}

function lineOf(entry: ManifestEntry): readonly unknown[] {
  if (entry.kind === "keep") return [entry.path, entry.kind];
  const { kind, path, mode, uid = null, gid = null, strategy } = entry;
  // What was made once stays as it is, whatever the vault holds by now.
  const isFixed = kind === "file" && strategy !== "ENSURE_CREATED";
  return [path, kind, strategy, mode, uid, gid, isFixed ? entry.digest : ""];
}
