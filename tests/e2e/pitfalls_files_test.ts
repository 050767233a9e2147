/**
 * What goes wrong elsewhere when secrets are put into files: seen too early, half of a set, left behind in
 * clear text, reported as written though they are not.
 *
 * @module
 */
import { STAGE_PREFIX } from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { deliverDemo, DEMO_AGENT, startDemoKeeper, writeLoadout } from "../support/loadout_site.ts";
import { missingForMounts, withMount } from "../support/mounts.ts";
import { outcomesOf, readTree, sampleBytes, Site } from "../support/site.ts";
import { Watcher } from "../support/watcher.ts";
import { WireTap } from "../support/wire_tap.ts";

const UNIX = { ignore: Deno.build.os === "windows" };
const IS_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;
const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

/** How often what is watched is changed. */
const VERSIONS = 6;
const MAX_VERSIONS = 60;
/** Long enough to be written in several pieces. */
const LINES = 12_000;

function textOf(version: number): string {
  return `version ${version}\n`.repeat(LINES);
}

/** Opens a file by its name and says all that can be seen of it; `null` where there is none. */
function describe(path: string): string | null {
  try {
    using file = Deno.openSync(path);
    const { mode, uid, gid, size } = file.statSync();
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let read; (read = file.readSync(bytes.subarray(length))) !== null && read > 0;) {
      length += read;
    }
    const text = new TextDecoder().decode(bytes.subarray(0, length));
    const version = Number(/^version (\d+)/.exec(text)?.[1]);
    const contents = text === textOf(version) ? "whole" : `part of ${length} bytes`;
    return `${((mode ?? 0) & 0o7777).toString(8)} ${uid}:${gid} ${contents}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Says whom the names in a folder let in that are not for good yet. */
function describeStages(folder: string): string | null {
  const found = new Set<string>();
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.startsWith(STAGE_PREFIX)) continue;
    try {
      found.add((((Deno.lstatSync(`${folder}/${name}`).mode ?? 0) & 0o777) & ~0o640).toString(8));
    } catch (error) {
      // It has its name by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found.size === 0 ? null : [...found].join();
}

Deno.test(
  "agent: shows a file with its owner, its mode and all of its contents, or not at all",
  UNIX,
  async () => {
    const [uid, gid] = IS_ROOT ? [65_534, 65_533] : [Deno.uid() ?? 0, Deno.gid() ?? 0];
    await using site = await Site.open({ secret: textOf(0) });
    // The mode is not what a careless process would leave.
    const agent = await site.startAgent({
      args: DEMO_AGENT,
      starter: ["/bin/sh", "-c", 'umask 000; exec "$0" "$@"'],
    });
    const owner = IS_ROOT ? `, uid: ${uid}, gid: ${gid}` : "";
    await writeLoadout(site, {
      agents: [agent.address],
      directives: [`{ source: secret, target: conf/secret, mode: 0640${owner} }`],
      more: ["polling_interval: 3600"],
    });
    await using files = new Watcher(() => describe(`${agent.files}/conf/secret`));
    await using stages = new Watcher(() => {
      try {
        return describeStages(`${agent.files}/conf`);
      } catch {
        return null;
      }
    });
    const keeper = startDemoKeeper(site, { words: ["run"] });
    // Whoever had no turn while something was on its way looks at one version more.
    for (let version = 0; version < (stages.seen.size > 0 ? VERSIONS : MAX_VERSIONS); version++) {
      await site.store({ secret: textOf(version) });
      await agent.program.waitFor(() => {
        const done = jsonLines(agent.program.stdout).filter(({ event, created, updated }) => {
          return event === "delivery" && created + updated > 0;
        });
        return done.length > version || undefined;
      });
    }
    await keeper.stop();
    await files.stop();
    await stages.stop();
    assertEquals([...files.seen.keys()], [`640 ${uid}:${gid} whole`]);
    assert((files.seen.get(`640 ${uid}:${gid} whole`) ?? 0) > VERSIONS);
    // Whoever looked into the folder meanwhile could open what is not there yet no more than that.
    assert(stages.seen.size > 0, "nothing was seen on its way");
    assertEquals([...stages.seen.keys()], ["0"]);
  },
);

Deno.test(
  "agent: shows files that belong together in one state, never some old and some new",
  UNIX,
  async () => {
    await using site = await Site.open();
    const agent = await site.startAgent({ args: DEMO_AGENT });
    await writeLoadout(site, {
      agents: [agent.address],
      directives: ["{ source: tls, target: etc/tls, together: true }"],
    });
    const names = ["tls/chain.pem", "tls/key.pem", "tls/sub/ca.pem"];
    const change = async (version: number) => {
      await site.store(Object.fromEntries(names.map((name) => [name, `version ${version}`])));
      assertEquals((await deliverDemo(site)).code, 0);
    };
    await change(0);
    // As an application does that opens the folder first.
    await using watcher = new Watcher(() => {
      try {
        const folder = Deno.realPathSync(`${agent.files}/etc/tls`);
        const texts = names.map((name) => Deno.readTextFileSync(folder + name.slice("tls".length)));
        return new Set(texts).size === 1 ? texts[0] ?? "" : "a mixture";
      } catch (error) {
        // The folder that the link named has been taken away since: it is opened again.
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    });
    await watcher.waitFor("version 0");
    for (let version = 1; version < 4; version++) {
      await change(version);
      await watcher.waitFor(`version ${version}`);
    }
    await watcher.stop();
    assertEquals([...watcher.seen.keys()].sort(), [0, 1, 2, 3].map((i) => `version ${i}`));
  },
);

/** Waits until what is seen in a folder is as wanted, or half a minute is over. */
async function untilFolder(folder: string, isAsWanted: () => Promise<boolean>): Promise<boolean> {
  using watcher = Deno.watchFs(folder);
  const guard = setTimeout(() => watcher.close(), 30_000);
  try {
    if (await isAsWanted()) return true;
    for await (const _event of watcher) if (await isAsWanted()) return true;
    return false;
  } finally {
    clearTimeout(guard);
  }
}

/** Tells whether a part of some file is on the disk, under a name that is not for good. */
function isHalfWritten(folder: string): boolean {
  return [...Deno.readDirSync(folder)].some(({ name }) => {
    if (!name.startsWith(STAGE_PREFIX)) return false;
    try {
      return Deno.lstatSync(`${folder}/${name}`).size > 0;
    } catch {
      // It has its name by now.
      return false;
    }
  });
}

async function stagesIn(folder: string): Promise<Deno.FileInfo[]> {
  const names = Object.keys(await readTree(folder)).filter((path) => path.includes(STAGE_PREFIX));
  const looks = await Promise.all(names.map(async (name) => {
    try {
      return await Deno.lstat(`${folder}/${name}`);
    } catch (error) {
      // It was swept meanwhile.
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }));
  return looks.filter((info) => info !== null);
}

Deno.test(
  "agent: leaves nothing in clear text of what was half-written when it was killed",
  UNIX,
  async () => {
    await using site = await Site.open({
      big: sampleBytes(4_000_000),
      "d/big": sampleBytes(4_000_000, 2),
    });
    const agent = await site.startAgent();
    await using tap = new WireTap(agent, {
      meddle: ({ bytes }) => {
        if (isHalfWritten(agent.files)) agent.program.kill("SIGKILL");
        return [bytes];
      },
    });
    await site.deliver({ agents: [tap.address], args: ["--first-use-limit", "9"] });
    assertEquals((await agent.program.end).signal, "SIGKILL");
    const left = await stagesIn(agent.files);
    assert(left.some(({ size }) => size > 0), "nothing was half-written");
    // Until it starts again, nobody but its user can read them.
    assertEquals([...new Set(left.map(({ mode }) => (mode ?? 0) & 0o177))], [0]);
    const reborn = await site.startAgent({ port: agent.port });
    assert(
      await untilFolder(reborn.files, async () => (await stagesIn(reborn.files)).length === 0),
    );
    assertEquals(await readTree(reborn.files), {});
  },
);

const noSetpriv = IS_ROOT && Deno.build.os === "linux" && await hasSetpriv()
  ? null
  : "it takes root and setpriv";

async function hasSetpriv(): Promise<boolean> {
  try {
    return (await new Deno.Command("setpriv", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

Deno.test(
  `agent: gives nobody a file that it may not give to its owner${
    noSetpriv === null ? "" : ` (skipped: ${noSetpriv})`
  }`,
  { ignore: noSetpriv !== null },
  async () => {
    await using site = await Site.open({ mine: "1", theirs: "2" });
    const agent = await site.startAgent({
      args: DEMO_AGENT,
      starter: ["setpriv", "--bounding-set", "-chown", "--inh-caps", "-chown"],
    });
    await writeLoadout(site, {
      agents: [agent.address],
      directives: ["{ source: mine }", "{ source: theirs, uid: 65534 }"],
    });
    const run = await deliverDemo(site);
    assertEquals([run.code, outcomesOf(run.agents.get(agent.address))], [1, {
      mine: "created",
      theirs: "failed owner-refused",
    }]);
    assertEquals(Object.keys(await readTree(agent.files)), ["mine"]);
    const told = await agent.program.waitForJson(({ event }) => event === "delivery");
    assertEquals(outcomesOf(told).theirs, "failed owner-refused");
  },
);

Deno.test(
  `agent: writes over a mounted file only where that is declared, and else says so${skipped}`,
  {
    ignore: missing !== null,
  },
  async () => {
    await using site = await Site.open({ "db.password": "new and longer" });
    const agent = await site.startAgent({ args: DEMO_AGENT });
    const [source, target] = [site.path("mounted"), `${agent.files}/db.password`];
    await Deno.writeTextFile(source, "before", { mode: 0o600 });
    await Deno.writeTextFile(target, "");
    const loadout = (more: string) =>
      writeLoadout(site, {
        agents: [agent.address],
        directives: [`{ source: db.password${more} }`],
      });
    await withMount(["--bind", source, target], async () => {
      await loadout("");
      const refused = await deliverDemo(site);
      assertEquals([refused.code, outcomesOf(refused.agents.get(agent.address))], [1, {
        "db.password": "failed file-mounted",
      }]);
      assertEquals(await Deno.readTextFile(source), "before");
      const told = await agent.program.waitForJson(({ event }) => event === "delivery");
      assertEquals(outcomesOf(told), { "db.password": "failed file-mounted" });
      await loadout(", in_place: true");
      const taken = await deliverDemo(site);
      assertEquals([taken.code, outcomesOf(taken.agents.get(agent.address))], [0, {
        "db.password": "updated",
      }]);
      // Whoever has the other end of the mount sees it: it is the same file still.
      assertEquals(await Deno.readTextFile(source), "new and longer");
      const { dev, ino } = await Deno.stat(source);
      const after = await Deno.stat(target);
      assertEquals([after.dev, after.ino], [dev, ino]);
    });
  },
);
