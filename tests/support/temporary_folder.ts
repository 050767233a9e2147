/** A folder of a test's own, removed when the test ends. */

/** A folder that goes with its scope. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Its real path. */
  readonly path: string;
}

/** Makes a folder. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "fluxvault-test-" }));
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Lists everything below a folder with what it is and holds, in order. */
export async function listTree(folder: string, below = ""): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of Deno.readDir(`${folder}/${below}`)) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    const full = `${folder}/${path}`;
    const info = await Deno.lstat(full);
    const mode = ((info.mode ?? 0) & 0o777).toString(8);
    if (entry.isDirectory) {
      lines.push(`${path}/ ${mode}`, ...await listTree(folder, path));
    } else if (entry.isSymlink) {
      lines.push(`${path} -> ${await Deno.readLink(full)}`);
    } else if (info.isFile) {
      lines.push(`${path} ${mode} ${await Deno.readTextFile(full)}`);
    } else {
      lines.push(`${path} special`);
    }
  }
  return lines.sort();
}
