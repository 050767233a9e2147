/** A folder that is a file system of its own, which is soon full. */
import { assertEquals } from "./assert.ts";

async function run(command: string, ...args: readonly string[]): Promise<string | null> {
  const { success, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  return success ? null : new TextDecoder().decode(stderr).trim();
}

/** Mounts one; returns why that cannot be, or `null`. */
async function mount(folder: string, kibibytes: number): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can mount a tmpfs";
  const options = `size=${kibibytes}k,mode=700`;
  return await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
}

/** What is missing for a small disk on this machine; `null` where nothing is. */
export async function missingForSmallDisk(): Promise<string | null> {
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-mount-" });
  const missing = await mount(folder, 64);
  if (missing === null) assertEquals(await run("umount", "-l", folder), null);
  await Deno.remove(folder);
  return missing;
}

/** Makes the folder, of this many KiB, for as long as the work takes. */
export async function withSmallDisk(
  folder: string,
  kibibytes: number,
  work: () => Promise<void>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  assertEquals(await mount(folder, kibibytes), null);
  try {
    await work();
  } finally {
    assertEquals(await run("umount", "-l", folder), null);
  }
}
