/** A process of root's without some of root's powers, as those of most containers that are set up well. */

/**
 * What root may do beyond others: give files to others, change what belongs to others, and read and
 * list what is not open to it.
 */
export type Power = "chown" | "fowner" | "dac_override" | "dac_read_search";

function argumentsOf(powers: readonly Power[]): string[] {
  const less = powers.map((power) => `-${power}`).join(",");
  return [...(less === "" ? [] : [`--bounding-set=${less}`, `--inh-caps=${less}`]), "--"];
}
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Says what is missing to start one; `null` where nothing is. */
export async function missingForNoChown(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can give up a capability";
  try {
    const args = [...argumentsOf(["chown"]), "true"];
    const { success } = await new Deno.Command("setpriv", { args }).output();
    return success ? null : "setpriv cannot give up a capability here";
  } catch {
    return "there is no setpriv";
  }
}

/** Runs a program that may not give files to others; see {@linkcode evalWithout}. */
export function evalWithoutChown(program: string): Promise<string> {
  return evalWithout(["chown"], program);
}

/** Runs a program, and returns what it prints; fails with what it says of its failure. */
export async function evalWithout(powers: readonly Power[], program: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("setpriv", {
    args: [...argumentsOf(powers), Deno.execPath(), "eval", "--config", CONFIG, program],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}
