/** A process that may not give files to others, as those of most containers that are set up well. */

const ARGUMENTS = ["--bounding-set=-chown", "--inh-caps=-chown", "--"];
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Says what is missing to start one; `null` where nothing is. */
export async function missingForNoChown(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can give up a capability";
  try {
    const { success } = await new Deno.Command("setpriv", { args: [...ARGUMENTS, "true"] })
      .output();
    return success ? null : "setpriv cannot give up a capability here";
  } catch {
    return "there is no setpriv";
  }
}

/** Runs a program, and returns what it prints; fails with what it says of its failure. */
export async function evalWithoutChown(program: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("setpriv", {
    args: [...ARGUMENTS, Deno.execPath(), "eval", "--config", CONFIG, program],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}
