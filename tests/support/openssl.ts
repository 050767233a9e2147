/** The program `openssl` of this machine, in a folder of a test's own. */
import { temporaryFolder } from "./temporary_folder.ts";

/** What came of a call. */
export interface OpensslResult {
  /** Whether it succeeded. */
  readonly isGood: boolean;
  /** All that it wrote. */
  readonly output: string;
}

/** A folder with files, in which `openssl` runs. */
export interface Openssl {
  /** Its path. */
  readonly folder: string;
  /** Writes a file. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Reads a file. */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Runs it. */
  run(...args: readonly string[]): Promise<OpensslResult>;
}

/** What is missing for these tests on this machine; `null` where nothing is. */
export async function missingForOpenssl(): Promise<string | null> {
  try {
    const { success } = await new Deno.Command("openssl", { args: ["version"] }).output();
    return success ? null : "openssl does not run";
  } catch {
    return "openssl is missing; install the package openssl";
  }
}

/** Runs a test in such a folder. */
export async function withOpenssl(work: (openssl: Openssl) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await work({
    folder: path,
    async write(name, content) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${path}/${name}`, bytes);
    },
    read: (name) => Deno.readFile(`${path}/${name}`),
    async run(...args) {
      const command = new Deno.Command("openssl", { args: [...args], cwd: path, stdin: "null" });
      const { success, stdout, stderr } = await command.output();
      const decoder = new TextDecoder();
      return { isGood: success, output: decoder.decode(stdout) + decoder.decode(stderr) };
    },
  });
}
