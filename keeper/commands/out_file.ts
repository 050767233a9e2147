/**
 * Where `--out` leads to.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";

/**
 * Refuses to put a file in the place of what is none, as of `/dev/stdout`, which would be gone for every
 * program of the machine.
 *
 * @throws {ConfigError} if something is there that is no file, or a link to what is none.
 */
export async function checkOutFile(path: string): Promise<void> {
  const info = await Deno.stat(path).catch(() => null);
  // What is not there, or cannot be looked at, is for whoever writes it.
  if (info === null || info.isFile) return;
  throw new ConfigError(`there is no file, but something else: ${JSON.stringify(path)}`, {
    setting: "--out",
    hint: "Name a file, which may be a new one.",
  });
}
