/**
 * Many small files, which the real programs bring many at a time: what changes meanwhile, what cannot be
 * read, and what is compressed.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import type { JsonLine } from "../support/followed_process.ts";
import { deliverDemo, DEMO_AGENT, writeLoadout } from "../support/loadout_site.ts";
import { outcomesOf, readKeeperRun, readTree, sampleBytes, Site } from "../support/site.ts";
import { WireTap } from "../support/wire_tap.ts";

const IS_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;

/** What takes from root that it may read everything; nothing where nobody may anyway. */
const STARTER = IS_ROOT
  ? [
    "setpriv",
    ...["--bounding-set", "--inh-caps"].flatMap((set) => [set, "-dac_override,-dac_read_search"]),
  ]
  : [];

const noLock = Deno.build.os === "windows" || (IS_ROOT && !await hasSetpriv())
  ? "it takes setpriv, or another user than root"
  : null;

async function hasSetpriv(): Promise<boolean> {
  try {
    return (await new Deno.Command("setpriv", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

/** Small files in some folders, one of them empty, beside one that is large. */
function manyFiles(count: number): Record<string, string | Uint8Array<ArrayBuffer>> {
  const files: Record<string, string | Uint8Array<ArrayBuffer>> = {
    large: sampleBytes(200_000, 5),
    "d0/empty": "",
    "locked/key": "nobody reads this",
  };
  for (let i = 0; i < count; i++) files[`d${i % 7}/f${i}`] = `file ${i}\n`.repeat(i % 40 + 1);
  return files;
}

Deno.test(
  `keeper: says of 400 files which changed on their way, and which it could not read${
    noLock === null ? "" : ` (skipped: ${noLock})`
  }`,
  { ignore: noLock !== null },
  async () => {
    await using site = await Site.open(manyFiles(400));
    const agent = await site.startAgent();
    // The fourth frame of the agent, behind its answer to the manifest, asks for the first files.
    await using tap = new WireTap(agent, {
      meddle: ({ from, index, bytes, connection }) => {
        if (from === "agent" && index === 4 && connection === 0) {
          Deno.writeTextFileSync(site.path("vault/d3/f3"), "other contents");
          Deno.chmodSync(site.path("vault/locked"), 0);
        }
        return [bytes];
      },
    });
    const names = Object.keys(await readTree(site.path("vault")));
    const args = [
      ...["--run-once", "--json", "--vault-dir", "vault", "--state-dir", "keeper-state"],
      ...[`--managed-files=${names.join(",")}`, "--agent-ips", tap.address],
    ];
    const run = readKeeperRun(await site.run("keeper", args, { starter: STARTER }));
    Deno.chmodSync(site.path("vault/locked"), 0o700);
    // What changed it brings again at once; why it could not read the other it knows alone.
    const expected = Object.fromEntries(names.map((name) => [name, "created"]));
    const report = run.agents.get(tap.address);
    assertEquals([run.code, outcomesOf(report)], [1, {
      ...expected,
      "locked/key": "failed permission-denied",
    }], run.stderr);
    assertEquals(await Deno.readTextFile(`${agent.files}/d3/f3`), "other contents");
    const isDelivery = ({ event }: JsonLine) => event === "delivery";
    const [first, second] = await agent.program.waitForReports(2, isDelivery);
    const { "d3/f3": changed, "locked/key": locked, ...others } = outcomesOf(first);
    assertEquals([changed, locked, first?.created, first?.failed], ["changed", "changed", 401, 2]);
    assertEquals([...new Set(Object.values(others))], ["created"]);
    assertEquals([outcomesOf(second)["d3/f3"], second?.contentBytes], ["created", 14]);
    // They came together: the agent sent far fewer frames than there are files.
    const asked = tap.units.filter(({ from, connection }) => from === "agent" && connection === 0);
    assert(asked.length < 20, `${asked.length} frames`);

    const again = await site.deliver({ agents: [agent.address] });
    assertEquals([again.code, outcomesOf(again.agents.get(agent.address))], [0, {
      "locked/key": "created",
    }]);
    assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
  },
);

Deno.test("keeper: compresses many files where the loadout says so, and no others", async () => {
  const files = manyFiles(100);
  const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const vault = Object.entries(files).map(([name, contents]) => [`all/${name}`, contents]);
  await using site = await Site.open(Object.fromEntries(vault));
  const bytes: number[] = [];
  for (const compress of [false, true]) {
    const agent = await site.startAgent({ name: `agent-${compress}`, args: DEMO_AGENT });
    const directives = [`{ source: all, compress: ${compress} }`];
    await writeLoadout(site, { agents: [agent.address], directives, more: ["first_use_limit: 2"] });
    const run = await deliverDemo(site);
    assertEquals(run.code, 0, run.stdout + run.stderr);
    assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
    bytes.push(run.agents.get(agent.address)?.contentBytes);
  }
  assertEquals(bytes[0], total);
  // The large file is at random; of the small ones less than a third is left.
  assert((bytes[1] ?? 0) < 200_500 + (total - 200_000) / 3, `${bytes}`);
});
