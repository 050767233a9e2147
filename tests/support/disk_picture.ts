/** What lies on a disk as an application sees it, and whether that is what was declared. */
import type { Declared } from "./disk_delivery.ts";
import { assert, assertEquals } from "./assert.ts";
import { hasAbove } from "./random_tree.ts";

/** Everything below a folder, by path: what it is, with mode and contents. */
export type Picture = ReadonlyMap<string, string>;

const GENERATION = /^\.fluxvault-generation-[0-9a-f]{24}$/;

/** How a {@linkcode takePicture} looks. */
export interface PictureOptions {
  /** Says what is in a file. @default its text */
  readonly contents?: (path: string) => Promise<string>;
  /** Names of what is left out, beside what stands behind sets. @default none */
  readonly except?: RegExp;
}

/** Takes a picture; a set is the folder that it stands for. */
export async function takePicture(
  folder: string,
  options: PictureOptions = {},
): Promise<Picture> {
  const { contents = Deno.readTextFile, except } = options;
  const picture = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (GENERATION.test(name) || except?.test(name) === true) continue;
    const at = `${folder}/${name}`;
    const info = await Deno.lstat(at);
    const link = info.isSymlink ? await Deno.readLink(at) : "";
    const shown = GENERATION.test(link) ? await Deno.stat(at) : info;
    const mode = ((shown.mode ?? 0) & 0o777).toString(8);
    if (shown.isDirectory) {
      picture.set(name, `folder ${mode}`);
      for (const [below, what] of await takePicture(at, options)) {
        picture.set(`${name}/${below}`, what);
      }
    } else if (shown.isFile) {
      picture.set(name, `file ${mode} ${await contents(at)}`);
    } else picture.set(name, info.isSymlink ? `link ${link}` : "special");
  }
  return picture;
}

/** What is known of a delivery. */
export interface DeliveredState {
  /** What was declared. */
  readonly declared: Declared;
  /** What was there before. */
  readonly before: Picture;
  /** What is there now. */
  readonly after: Picture;
  /** The paths of what could not be done. */
  readonly failed: ReadonlySet<string>;
  /** The paths of all that was declared earlier. */
  readonly earlier: ReadonlySet<string>;
}

/** Fails unless all that was declared is there, and strict folders hold nothing else. */
export function checkDeclared({ declared, after, failed }: DeliveredState): void {
  const { files = {}, folders = {}, keeps = [] } = declared;
  for (const [path, file] of Object.entries(files)) {
    if (failed.has(path) || typeof file === "string") continue;
    const { mode = 0o600, text, strategy } = file;
    if (strategy === "ENSURE_CREATED") assert(after.get(path)?.startsWith("file "), path);
    else assertEquals(after.get(path), `file ${mode.toString(8)} ${text}`, path);
  }
  const all = [...Object.keys(files), ...Object.keys(folders), ...keeps];
  for (const [path, { mode = 0o700, strategy }] of Object.entries(folders)) {
    if (failed.has(path)) continue;
    if (strategy === "ENSURE_CREATED") assert(after.get(path)?.startsWith("folder "), path);
    else assertEquals(after.get(path), `folder ${mode.toString(8)}`, path);
    if (strategy !== "STRICT") continue;
    for (const inside of after.keys()) {
      if (inside.slice(0, inside.lastIndexOf("/")) !== path || failed.has(inside)) continue;
      const isDeclared = all.some((other) => other === inside || hasAbove(other, [inside]));
      assert(isDeclared, `${inside} is in the strict folder ${path}`);
    }
  }
}

/** Fails unless all that nobody declared, and that is in no strict folder, is as it was. */
export function checkStrangers(state: DeliveredState): void {
  const { declared, before, after, earlier } = state;
  const { files = {}, folders = {}, keeps = [] } = declared;
  const ours = [...Object.keys(files), ...Object.keys(folders)];
  const strict = Object.keys(folders).filter((path) => folders[path]?.strategy === "STRICT");
  for (const [path, what] of before) {
    const isKept = keeps.some((kept) => kept === path || hasAbove(path, [kept]));
    const isOurs = ours.includes(path) || earlier.has(path);
    const isInStrict = !isKept && hasAbove(path, strict) && isRemovable(path, strict);
    if (isOurs || isInStrict) continue;
    if (what.startsWith("folder ")) {
      // One that the agent made on the way goes with what was in it.
      if ([...earlier].some((other) => hasAbove(other, [path]))) continue;
      if (ours.some((other) => hasAbove(other, [path]))) {
        assert(after.get(path)?.startsWith("folder "), path);
        continue;
      }
    }
    assertEquals(after.get(path), what, `${path} is nobody's`);
  }
}

/** Tells whether a path, or something above it, lies directly in a strict folder. */
function isRemovable(path: string, strict: readonly string[]): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    const folder = path.slice(0, path.lastIndexOf("/", end - 1));
    if (strict.includes(folder)) return true;
  }
  return false;
}
