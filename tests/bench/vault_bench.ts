/** What it costs to look at a vault of 10,000 files in 100 folders in which nothing changed. */
import { DiskVault } from "../../keeper/vault/disk_vault.ts";

const FOLDERS = 100;
const FILES_PER_FOLDER = 100;
const SOURCES = [{ source: "t", symlinks: "refuse" }] as const;

const folder = await Deno.makeTempDir({ prefix: "fluxvault-bench-" });
for (let i = 0; i < FOLDERS; i++) {
  await Deno.mkdir(`${folder}/t/${i}`, { recursive: true });
  for (let j = 0; j < FILES_PER_FOLDER; j++) {
    Deno.writeTextFileSync(`${folder}/t/${i}/${j}`, `${i} ${j}`, { mode: 0o600 });
  }
}
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

// As if all of it had been left alone for a while.
const now = () => Date.now() + 10_000;
const known = new DiskVault(folder, { now });
await known.inspect(SOURCES);

Deno.bench("DiskVault.inspect, 10,000 files, unchanged", async () => {
  await known.inspect(SOURCES);
});

Deno.bench("DiskVault.inspect, 10,000 files, for the first time", async () => {
  await new DiskVault(folder, { now }).inspect(SOURCES);
});
