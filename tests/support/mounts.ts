/** Mounts of a test's own. */
import { assertEquals } from "./assert.ts";

async function run(command: string, ...args: readonly string[]): Promise<string | null> {
  try {
    const { success, stderr } = await new Deno.Command(command, { args: [...args] }).output();
    return success ? null : new TextDecoder().decode(stderr).trim();
  } catch {
    return `there is no ${command}`;
  }
}

/** Says what is missing to mount something; `null` where nothing is. */
export async function missingForMounts(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can mount anything";
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-mount-" });
  const missing = await run("mount", "-t", "tmpfs", "tmpfs", folder);
  if (missing === null) assertEquals(await run("umount", "-l", folder), null);
  await Deno.remove(folder);
  return missing;
}

/** Mounts something, as `mount` takes it, for as long as the work takes. */
export async function withMount(
  args: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  assertEquals(await run("mount", ...args), null);
  try {
    await work();
  } finally {
    assertEquals(await run("umount", "-l", args.at(-1) ?? ""), null);
  }
}
