/**
 * `fluxvault agent` and `fluxvault keeper` when run from source.
 *
 * The two programs are never one binary: their permissions differ. Only the one that is named is
 * loaded.
 *
 * @module
 */
const [program, ...rest] = Deno.args;

async function load(): Promise<{ main(args: readonly string[]): Promise<number> } | null> {
  if (program === "agent") return await import("../agent/main.ts");
  if (program === "keeper") return await import("../keeper/main.ts");
  return null;
}

const loaded = await load();
if (loaded === null) {
  const text = "error: name the program to run\nhint: fluxvault agent, or fluxvault keeper\n";
  await Deno.stderr.write(new TextEncoder().encode(text));
  Deno.exit(2);
}
Deno.exit(await loaded.main(rest));
