/**
 * Which paths of a container are volumes of its app, and which of them leave the node.
 *
 * A specification says so in `containerData`: parts with `|` between them, the primary one first.
 *
 * | part                                           | what lies at the path                        |
 * | ---------------------------------------------- | -------------------------------------------- |
 * | `/path`, `r:/path`, `g:/path`, `s:/path`       | the primary volume; a flag has it replicated |
 * | `m:name:/path`, `f:name:/path`                 | a further folder or file of the component    |
 * | `ml:name:/path`                                | a further folder that is never replicated    |
 * | `0:/path`, `c:0:name:/path`, `cf:0:name:/path` | the same of the component with this index    |
 *
 * A flag on the primary part holds for the whole folder of the component: Syncthing copies it to every
 * node that is listed for the app, and any node can put itself into that list. A secret or a key does
 * not belong there.
 *
 * @module
 */

/** A path of a container at which something outlives the container. */
export interface ContainerMount {
  /** The absolute path, without `.`, doubled slashes and a slash at its end. */
  readonly path: string;
  /** Whether what lies there is copied to every node that is listed for the app. */
  readonly isReplicated: boolean;
}

const PRIMARY = /^(?:([rgs]*):)?(\/[^:]*)$/;
const OWN = /^(m|ml|f):([^:/]+):(\/[^:]*)$/;
const OTHER = /^(?:([0-9]{1,3})|cf?:([0-9]{1,3}):([^:/]+)):(\/[^:]*)$/;

/** A part before it is known what the components that it names replicate. */
interface MountPart {
  readonly path: string;
  /** The index of the component whose folder it is in. */
  readonly owner: number;
  /** The name in that folder, or `null` for the primary volume. */
  readonly name: string | null;
}

/** What one component's `containerData` says. */
interface ComponentData {
  readonly parts: readonly MountPart[];
  /** Whether the folder of the component is replicated. */
  readonly isFlagged: boolean;
  /** The names in it that are not, in spite of that. */
  readonly localNames: ReadonlySet<string>;
}

/**
 * Reads the `containerData` of all components of an app, by their index.
 *
 * A part that makes no sense is left out, and so is one that names a component which there is not;
 * without a primary part there are no mounts at all.
 *
 * @param containerData One entry a component, in the order of the specification.
 * @returns The mounts of each component, as many entries as were given.
 */
export function readContainerMounts(containerData: readonly unknown[]): ContainerMount[][] {
  const components = containerData.map(readComponentData);
  return components.map((component) => {
    const mounts: ContainerMount[] = [];
    for (const { path, owner, name } of component?.parts ?? []) {
      const source = components[owner] ?? null;
      if (source === null) continue;
      const isLocal = name !== null && source.localNames.has(name);
      mounts.push({ path, isReplicated: source.isFlagged && !isLocal });
    }
    return mounts;
  });
}

/**
 * Tells whether what is written to a path of a container is copied to other nodes: whether the path is
 * in a replicated mount, and in no other one below that. A path in no mount stays in its container.
 *
 * Paths are compared as they are written; links have to be followed before.
 *
 * @param path An absolute path.
 * @throws {TypeError} if the path is not absolute, or has a segment `..`.
 *
 * @example
 * ```ts
 * import { isReplicatedPath } from "@fluxvault/fluxvault/flux";
 *
 * const mounts = [
 *   { path: "/data", isReplicated: true },
 *   { path: "/data/cache", isReplicated: false },
 * ];
 * console.assert(isReplicatedPath(mounts, "/data/state"));
 * console.assert(!isReplicatedPath(mounts, "/data/cache/state"));
 * console.assert(!isReplicatedPath(mounts, "/database"));
 * ```
 */
export function isReplicatedPath(mounts: readonly ContainerMount[], path: string): boolean {
  const wanted = normalizePath(path);
  if (wanted === null) throw new TypeError("the path must be absolute and without ..");
  let nearest: ContainerMount = { path: "", isReplicated: false };
  for (const mount of mounts) {
    if (!isWithin(wanted, mount.path) || mount.path.length < nearest.path.length) continue;
    const isSame = mount.path === nearest.path;
    nearest = isSame && nearest.isReplicated ? nearest : mount;
  }
  return nearest.isReplicated;
}

function readComponentData(value: unknown, index: number): ComponentData | null {
  if (typeof value !== "string") return null;
  const [first = "", ...further] = value.split("|");
  const [, flags = "", primaryPath = ""] = PRIMARY.exec(first) ?? [];
  const path = normalizePath(primaryPath);
  if (path === null) return null;
  const parts: MountPart[] = [{ path, owner: index, name: null }];
  const localNames = new Set<string>();
  for (const text of further) {
    const part = readOwnPart(text, index) ?? readOtherPart(text);
    if (part === null) continue;
    parts.push(part);
    if (text.startsWith("ml:") && part.name !== null) localNames.add(part.name);
  }
  return { parts, isFlagged: flags !== "", localNames };
}

function readOwnPart(text: string, owner: number): MountPart | null {
  const [, , name = "", mountPath = ""] = OWN.exec(text) ?? [];
  const path = normalizePath(mountPath);
  return path === null ? null : { path, owner, name };
}

function readOtherPart(text: string): MountPart | null {
  const [, primary, secondary, name = null, mountPath = ""] = OTHER.exec(text) ?? [];
  const path = normalizePath(mountPath);
  return path === null ? null : { path, owner: Number(primary ?? secondary), name };
}

/** Writes an absolute path in one way; `null` where it is none, or leads upwards. */
function normalizePath(path: string): string | null {
  if (!path.startsWith("/") || path.includes("\0")) return null;
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  return segments.includes("..") ? null : `/${segments.join("/")}`;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? folder : `${folder}/`);
}
