/**
 * Writes that fail, in all the ways in which a disk can fail: none is reported as done, the file of before
 * stays, and what can be written is.
 *
 * @module
 */
import { STAGE_PREFIX } from "../../protocol/mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import {
  type FailingCall,
  makeFailingSystem,
  missingForFailingSystem,
} from "../support/failing_system.ts";
import { missingForMounts, withMount } from "../support/mounts.ts";
import { outcomesOf, readTree, sampleBytes, Site } from "../support/site.ts";

const noFailures = missingForFailingSystem();
const noMounts = await missingForMounts();

function because(missing: string | null): string {
  return missing === null ? "" : ` (skipped: ${missing})`;
}

/** What fails, and what both sides call it. */
const CASES: readonly (readonly [
  what: string,
  failing: Pick<FailingCall, "call" | "error">,
  code: string,
])[] = [
  ["takes no more bytes, by an error of the device", { call: "write", error: "EIO" }, "io-failed"],
  ["takes no more bytes, by a quota", { call: "write", error: "EDQUOT" }, "disk-full"],
  ["takes no more bytes, since it is full", { call: "write", error: "ENOSPC" }, "disk-full"],
  ["cannot be synced", { call: "fsync", error: "EIO" }, "io-failed"],
  ["cannot be put in place", { call: "rename", error: "EIO" }, "io-failed"],
];

for (const [what, failing, code] of CASES) {
  Deno.test(`agent: never calls a file delivered that ${what}${because(noFailures)}`, {
    ignore: noFailures !== null,
  }, async () => {
    await using site = await Site.open({ "bad/key": "old", "good/key": "old" });
    const when = site.path("failing");
    const agent = await site.startAgent({
      starter: await makeFailingSystem(site.folder, { ...failing, path: "/files/bad/", when }),
    });
    const agents = [agent.address];
    const first = await site.deliver({ agents });
    assertEquals(first.code, 0, first.stdout + first.stderr);
    const before = await readTree(agent.files);

    await site.store({ "bad/key": sampleBytes(200_000), "good/key": "new" });
    await Deno.writeTextFile(when, "");
    const run = await site.deliver({ agents });
    assertEquals([run.code, outcomesOf(run.agents.get(agent.address))], [1, {
      "bad/key": `failed ${code}`,
      "good/key": "updated",
    }]);
    assertEquals(run.agents.get(agent.address)?.wanted, false);
    const [, told] = await agent.program.waitForReports(2, ({ event }) => event === "delivery");
    assertEquals([told?.failed, outcomesOf(told)["bad/key"]], [1, `failed ${code}`]);
    const after = await readTree(agent.files);
    assertEquals(after["bad/key"], before["bad/key"]);
    assertEquals(Object.keys(after).filter((path) => path.includes(STAGE_PREFIX)), []);

    // It is not taken for delivered later either: the next pass brings it.
    await Deno.remove(when);
    const again = await site.deliver({ agents });
    assertEquals([again.code, outcomesOf(again.agents.get(agent.address))], [0, {
      "bad/key": "updated",
    }]);
    assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
    assertEquals((await agent.program.stop()).code, 0);
  });
}

Deno.test(
  `agent: never calls a file delivered of which it cannot say that it outlasts a crash${
    because(noFailures)
  }`,
  {
    ignore: noFailures !== null,
  },
  async () => {
    await using site = await Site.open({ "bad/key": "old" });
    const when = site.path("failing");
    const agent = await site.startAgent({
      // The folder is synced when all is in place.
      starter: await makeFailingSystem(site.folder, {
        ...{ call: "fsync", error: "EIO", when },
        path: "/files/bad$",
      }),
    });
    const agents = [agent.address];
    assertEquals((await site.deliver({ agents })).code, 0);
    await Deno.writeTextFile(when, "");
    await Deno.remove(`${agent.files}/bad/key`);
    const run = await site.deliver({ agents });
    const { outcome, wanted } = run.agents.get(agent.address) ?? {};
    assertEquals([run.code, outcome, wanted], [1, "failed", false], run.stdout);
    const told = await agent.program.waitForJson(({ complete }) => complete === false);
    assertEquals(told.code, "io-failed");
    await Deno.remove(when);
    assertEquals((await site.deliver({ agents })).code, 0);
  },
);

Deno.test(
  `agent: never calls a file delivered for which there is no name left on the disk${
    because(noMounts)
  }`,
  {
    ignore: noMounts !== null,
  },
  async () => {
    await using site = await Site.open({ a: "1" });
    const files = site.path("agent/files");
    await Deno.mkdir(files, { recursive: true });
    await withMount(["-t", "tmpfs", "-o", "nr_inodes=4,mode=700", "tmpfs", files], async () => {
      const agent = await site.startAgent();
      const agents = [agent.address];
      assertEquals((await site.deliver({ agents })).code, 0);
      await site.store({ "d/e/f/b": "2" });
      const run = await site.deliver({ agents });
      assertEquals([run.code, outcomesOf(run.agents.get(agent.address))], [1, {
        "d/e/f/b": "failed disk-full",
      }]);
      assertEquals(Object.keys(await readTree(files)), ["a"]);
      await agent.program.stop();
    });
  },
);

/** Commands whose output is the only copy of what they were called for. */
const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  "agents export": ["agents", "export"],
  "config schema": ["config", "schema"],
  "--help": ["--help"],
};

for (const [name, words] of Object.entries(EXPORTS)) {
  Deno.test({
    name: `keeper: never calls ${name} done that could not be written`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using site = await Site.open();
      const args = name === "agents export" ? [...words, "--state-dir", site.path("state")] : words;
      const starter = ["/bin/sh", "-c", 'exec "$0" "$@" >/dev/full'];
      const { code, stderr } = await site.run("keeper", args, { starter });
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /cannot write all of it to standard output: no space is left/);
    },
  });
}
