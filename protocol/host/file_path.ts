/**
 * Paths of this system's files, as text.
 *
 * The rules are those of `node:path`. The first module of Node that a process loads costs it 5 MB and
 * 16 ms, much for an agent that waits; so only Windows, whose rules are many, takes it from there.
 *
 * @module
 */

/** What is used of `node:path`. */
interface SystemPath {
  basename(this: void, path: string): string;
  dirname(this: void, path: string): string;
  isAbsolute(this: void, path: string): boolean;
  join(this: void, ...paths: string[]): string;
  normalize(this: void, path: string): string;
  relative(this: void, from: string, to: string): string;
  resolve(this: void, ...paths: string[]): string;
}

function splitSegments(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

/** Takes `..` and what stands before it away; an absolute path never leads above its root. */
function foldSegments(path: string): string[] {
  const kept: string[] = [];
  for (const segment of splitSegments(path)) {
    if (segment !== "..") kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!path.startsWith("/")) kept.push("..");
  }
  return kept;
}

function withoutEnds(path: string): string {
  return path.replace(/\/+$/, "");
}

/** The rules of POSIX systems. */
export const POSIX_PATH: SystemPath = {
  isAbsolute: (path) => path.startsWith("/"),

  normalize(path) {
    if (path === "") return ".";
    const root = path.startsWith("/") ? "/" : "";
    const folded = foldSegments(path).join("/");
    if (folded === "") return root !== "" ? root : path.endsWith("/") ? "./" : ".";
    return `${root}${folded}${path.endsWith("/") ? "/" : ""}`;
  },

  join(...paths) {
    return POSIX_PATH.normalize(paths.filter((path) => path !== "").join("/"));
  },

  resolve(...paths) {
    let whole = "";
    for (const path of paths.toReversed()) {
      if (whole.startsWith("/")) break;
      if (path !== "") whole = whole === "" ? path : `${path}/${whole}`;
    }
    if (!whole.startsWith("/")) whole = `${Deno.cwd()}/${whole}`;
    return `/${foldSegments(whole).join("/")}`;
  },

  relative(from, to) {
    const [start, goal] = [from, to].map((path) => splitSegments(POSIX_PATH.resolve(path)));
    if (start === undefined || goal === undefined) return "";
    const shared = start.findIndex((segment, i) => segment !== goal[i]);
    const depth = shared < 0 ? start.length : shared;
    return [...start.slice(depth).map(() => ".."), ...goal.slice(depth)].join("/");
  },

  dirname(path) {
    const end = withoutEnds(path).lastIndexOf("/");
    if (end <= 0) return path.startsWith("/") ? "/" : ".";
    return end === 1 && path.startsWith("/") ? "//" : path.slice(0, end);
  },

  basename(path) {
    const whole = withoutEnds(path);
    return whole.slice(whole.lastIndexOf("/") + 1);
  },
};

function systemPath(): SystemPath {
  if (Deno.build.os !== "windows") return POSIX_PATH;
  return globalThis.process.getBuiltinModule("node:path");
}

/** The functions of `node:path` that the programs use; they behave as those do on this system. */
export const { basename, dirname, isAbsolute, join, normalize, relative, resolve }: SystemPath =
  systemPath();
