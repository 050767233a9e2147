/**
 * `fluxvault agent` and `fluxvault keeper` when run from source.
 *
 * `fluxvault Node` and `fluxvault Vault`, the original's command lines, lead to them too.
 *
 * The two programs are never one binary: their permissions differ. Only the one that is named is
 * loaded.
 *
 * @module
 */
const [program, ...rest] = Deno.args;

/** The words of the original's command line, and whose commands they are now. */
const ORIGINAL_WORDS: Readonly<Record<string, string>> = { node: "agent", vault: "keeper" };

async function load(
  name: string,
): Promise<{ main(args: readonly string[]): Promise<number> } | null> {
  if (name === "agent") return await import("../agent/main.ts");
  if (name === "keeper") return await import("../keeper/main.ts");
  return null;
}

const ofOriginal = ORIGINAL_WORDS[program?.toLowerCase() ?? ""];
const loaded = await load(ofOriginal ?? program ?? "");
if (loaded === null) {
  const text = "error: name the program to run\nhint: fluxvault agent, or fluxvault keeper\n";
  await Deno.stderr.write(new TextEncoder().encode(text));
  Deno.exit(2);
}
Deno.exit(await loaded.main(ofOriginal === undefined ? rest : Deno.args));
