/**
 * The files of the project, as the structure checks see them.
 *
 * @module
 */
import { PROJECT_ROOT } from "../../dist/tasks/derived_config.ts";

/** The text of each file by its path below the project, with slashes; binary files are empty. */
export type FileMap = ReadonlyMap<string, string>;

/** Tells whether a path belongs to a folder that holds the library or the programs. */
export function isSource(path: string): boolean {
  return /^(?:mod\.ts$|(?:protocol|flux|agent|keeper)\/.*\.ts$)/.test(path);
}

/** Makes a test for paths (folders end in a slash) out of the text of a `.gitignore`. */
export function parseIgnoreFile(text: string): (path: string) => boolean {
  const lines = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
  const patterns = lines.map((line) => {
    const body = line.replace(/^\//, "").replace(/[.+?^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[^/]*");
    return new RegExp((line.startsWith("/") ? "^" : "(?:^|/)") + body + "$");
  });
  return (path) => patterns.some((pattern) => pattern.test(path));
}

/** Reads every file that `.gitignore` does not leave out. */
export async function readProjectFiles(): Promise<FileMap> {
  const isIgnored = parseIgnoreFile(await Deno.readTextFile(new URL(".gitignore", PROJECT_ROOT)));
  const files = new Map<string, string>();
  async function readFolder(folder: string): Promise<void> {
    for await (const entry of Deno.readDir(new URL(folder, PROJECT_ROOT))) {
      const path = folder + entry.name + (entry.isDirectory ? "/" : "");
      if (path === ".git/" || path === ".git" || isIgnored(path)) continue;
      if (entry.isDirectory) await readFolder(path);
      else if (entry.isFile) files.set(path, await readText(path));
    }
  }
  await readFolder("");
  return new Map([...files].sort(([a], [b]) => a < b ? -1 : 1));
}

async function readText(path: string): Promise<string> {
  const bytes = await Deno.readFile(new URL(encodeURI(path), PROJECT_ROOT));
  return bytes.includes(0) ? "" : new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
}

/** Counts lines as an editor shows them, without the empty one after the last line break. */
export function countLines(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

/** Returns the lines of a TypeScript file that are not comments, with their numbers from 1. */
export function codeLines(text: string): (readonly [number: number, line: string])[] {
  const lines = text.split("\n").map((line, index) => [index + 1, line] as const);
  return lines.filter(([, line]) => !/^\s*(?:\/\/|\/\*|\*(?: |\/|$))/.test(line));
}
