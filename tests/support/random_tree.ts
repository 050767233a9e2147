/** Trees of files, folders and links as a property wants them, and what is declared of them. */
import fc from "fast-check";
import type { FolderEntry } from "../../protocol/manifest_entry.ts";
import type { Declared, DeclaredFile } from "./disk_delivery.ts";

/** Something that lies on a disk. */
export type Planted =
  | { readonly kind: "file"; readonly text: string; readonly mode: number }
  | { readonly kind: "folder"; readonly mode: number }
  | { readonly kind: "link"; readonly to: string }
  | { readonly kind: "pipe" };

/** What is put on a disk, in this order, as far as it can be. */
export type Plantation = readonly (readonly [path: string, planted: Planted])[];

/** The two forms of one letter are two names here; so are letters in two cases. */
const NAMES = ["a", "b", "c", "A", "\u00e9", "e\u0301"];
const MODES = [0o600, 0o640, 0o755];

/** Makes paths of one to three names. */
export const anyPath: fc.Arbitrary<string> = fc.array(fc.constantFrom(...NAMES), {
  minLength: 1,
  maxLength: 3,
}).map((names) => names.join("/"));

const anyText = fc.constantFrom("", "one", "two", "three");
const anyMode = fc.constantFrom(...MODES);

const anyPlanted: fc.Arbitrary<Planted> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("file"), text: anyText, mode: anyMode }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("folder"), mode: fc.constant(0o755) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("link"),
      to: fc.constantFrom("../outside", "a", "b/c", "..", "../state"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "pipe" } as const) },
) as fc.Arbitrary<Planted>;

/** Makes what lies on a disk. */
export const anyPlantation: fc.Arbitrary<Plantation> = fc.array(fc.tuple(anyPath, anyPlanted), {
  maxLength: 12,
});

const anyFile: fc.Arbitrary<DeclaredFile> = fc.record({
  text: anyText,
  mode: anyMode,
  strategy: fc.constantFrom("STRICT" as const, "STRICT" as const, "ENSURE_CREATED" as const),
});

const anyFolder: fc.Arbitrary<Partial<FolderEntry>> = fc.record({
  mode: fc.constantFrom(0o700, 0o755),
  strategy: fc.constantFrom("STRICT" as const, "ALLOW_ADDS" as const, "ENSURE_CREATED" as const),
  isSet: fc.boolean(),
}).map(({ mode, strategy, isSet }) => ({
  mode,
  strategy,
  ...(isSet ? { together: true as const } : {}),
}));

/** Makes what is declared: nothing is below a file or what is kept, and no set is in another. */
export const anyDeclared: fc.Arbitrary<Declared> = fc.record({
  files: fc.dictionary(anyPath, anyFile, { maxKeys: 8 }),
  folders: fc.dictionary(anyPath, anyFolder, { maxKeys: 4 }),
  keeps: fc.uniqueArray(anyPath, { maxLength: 1 }),
}).map(({ files, folders, keeps }) => {
  const kept = keeps.filter((path) =>
    !Object.keys(folders).some((folder) => {
      return folder === path || folder.startsWith(`${path}/`);
    })
  );
  const solid = Object.entries(folders).filter(([path]) => !hasAbove(path, kept));
  const sets = solid.filter(([, { together }]) => together === true).map(([path]) => path);
  const placed: Record<string, Partial<FolderEntry>> = {};
  for (const [path, { together, ...folder }] of solid) {
    const isSet = together === true && !hasAbove(path, sets);
    placed[path] = isSet ? { ...folder, together } : folder;
  }
  const names = Object.keys(files).filter((path) => {
    return !(path in placed) && !kept.includes(path) && !hasAbove(path, kept);
  });
  const leaves = names.filter((path) => {
    return ![...names, ...Object.keys(placed), ...kept].some((other) => hasAbove(other, [path]));
  });
  const chosen: Record<string, DeclaredFile> = {};
  for (const path of leaves) {
    const file = files[path];
    if (file !== undefined) chosen[path] = file;
  }
  return { files: chosen, folders: placed, keeps: kept };
});

/** Tells whether one of these is above a path. */
export function hasAbove(path: string, others: readonly string[]): boolean {
  return others.some((other) => path.startsWith(`${other}/`));
}

/** Puts things below a folder; what has its place is replaced, what is on its way is not. */
export async function plant(folder: string, plantation: Plantation): Promise<void> {
  for (const [path, planted] of plantation) {
    const names = path.split("/");
    const folders = names.slice(0, -1).map((_, i) =>
      `${folder}/${names.slice(0, i + 1).join("/")}`
    );
    if (!await enterAll(folders)) continue;
    const target = `${folder}/${path}`;
    await Deno.remove(target, { recursive: true }).catch(() => {});
    await plantOne(target, planted);
  }
}

/** Makes the folders that are missing; `false` where something else is in their place. */
async function enterAll(folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const info = await Deno.lstat(folder).catch(() => null);
    if (info === null) await Deno.mkdir(folder);
    else if (info.isSymlink) {
      if (!(await Deno.readLink(folder)).startsWith(".fluxvault-")) return false;
    } else if (!info.isDirectory) return false;
  }
  return true;
}

async function plantOne(target: string, planted: Planted): Promise<void> {
  switch (planted.kind) {
    case "file":
      await Deno.writeTextFile(target, planted.text);
      return await Deno.chmod(target, planted.mode);
    case "folder":
      await Deno.mkdir(target);
      return await Deno.chmod(target, planted.mode);
    case "link":
      return await Deno.symlink(planted.to, target);
    case "pipe":
      await new Deno.Command("mkfifo", { args: [target] }).output();
  }
}
