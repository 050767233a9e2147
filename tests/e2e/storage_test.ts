/**
 * Deliveries that cannot be finished: the previous file stays as it was, nothing half-written is left,
 * and both sides say what happened to which file.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { STAGE_PREFIX } from "../../protocol/mod.ts";
import { deliver } from "../interop/second_implementation/keeper.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { dialAsKeeper } from "../support/second_ends.ts";
import {
  type KeeperRun,
  outcomesOf,
  readTree,
  type RunningAgent,
  sampleBytes,
  Site,
} from "../support/site.ts";
import { WireTap } from "../support/wire_tap.ts";

const BIG_BYTES = 3 * 1_048_576;

/** Waits for the report of one more session and returns what the agent says of the files. */
async function toldBy(agent: RunningAgent, sessions: number): Promise<Record<string, string>> {
  const reports = () => jsonLines(agent.program.stdout).filter(({ event }) => event === "delivery");
  await agent.program.waitForJson(() => reports().length >= sessions);
  return outcomesOf(reports()[sessions - 1]);
}

async function stages(folder: string): Promise<string[]> {
  return Object.keys(await readTree(folder)).filter((path) => path.includes(STAGE_PREFIX));
}

function told(run: KeeperRun, agent: RunningAgent): Record<string, string> {
  return outcomesOf(run.agents.get(agent.address));
}

Deno.test("agent: keeps the file of before when the connection is cut in the middle of the new one", async () => {
  await using site = await Site.open({ big: sampleBytes(BIG_BYTES, 1) });
  const agent = await site.startAgent();
  await site.deliver({ agents: [agent.address] });
  const before = await readTree(agent.files);
  await site.store({ big: sampleBytes(BIG_BYTES, 2) });
  await using tap = new WireTap(agent, {
    meddle: ({ from, index, bytes }) =>
      from === "keeper" && index === 20 ? { last: bytes.subarray(0, 1_000) } : [bytes],
  });
  const run = await site.deliver({ agents: [tap.address], args: ["--first-use-limit", "9"] });
  assertEquals([run.code, run.agents.get(tap.address)?.outcome], [1, "failed"]);
  assertEquals(await toldBy(agent, 2), { big: "failed connection-lost" });
  assertEquals(await readTree(agent.files), before);
  await agent.program.waitForLog(/broke off/);
  const again = await site.deliver({ agents: [agent.address] });
  assertEquals([again.code, told(again, agent)], [0, { big: "updated" }]);
});

Deno.test("agent: installs nothing whose digest is not the declared one, and says so", async () => {
  await using site = await Site.open({ good: "old", bad: "old" });
  const agent = await site.startAgent();
  await site.deliver({ agents: [agent.address] });
  const before = await readTree(agent.files);
  // The manifest is composed first; then the contents change under the hostile keeper's hands.
  let reads = 0;
  const file = (text: string) => ({ contents: Buffer.from(text), mode: 0o600 }) as const;
  const bad = {
    ...file("new"),
    strategy: "STRICT" as const,
    get contents(): Buffer {
      // What is sent is neither what was declared nor what the answer says.
      return Buffer.from(reads++ < 3 ? "new" : "ne!");
    },
  };
  const files = new Map([["bad", bad], ["good", { ...file("new"), strategy: "STRICT" as const }]]);
  using keeper = await dialAsKeeper(agent);
  const { results } = await deliver(keeper.session, { files });
  const outcomes = Object.fromEntries(results.map(({ Path, Outcome, Code }) => [
    Path,
    Code ?? Outcome,
  ]));
  assertEquals(outcomes, { bad: "digest-mismatch", good: "updated" });
  assertEquals(await toldBy(agent, 2), { bad: "failed digest-mismatch", good: "updated" });
  assertEquals((await readTree(agent.files)).bad, before.bad);
  assertEquals(await stages(agent.files), []);
});

/** Makes a small file system; `null`, with the reason, where this machine does not let us. */
async function mountSmall(folder: string, kibibytes: number): Promise<string | null> {
  await Deno.mkdir(folder, { recursive: true });
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root can mount a tmpfs";
  const args = ["-t", "tmpfs", "-o", `size=${kibibytes}k,mode=700`, "tmpfs", folder];
  const { code, stderr } = await new Deno.Command("mount", { args }).output();
  return code === 0 ? null : new TextDecoder().decode(stderr);
}

async function unmount(folder: string): Promise<void> {
  const { code } = await new Deno.Command("umount", { args: ["-l", folder] }).output();
  assertEquals(code, 0);
}

const probe = await Deno.makeTempDir({ prefix: "fluxvault-mount-" });
const cannotMount = await mountSmall(probe, 64);
if (cannotMount === null) await unmount(probe);
await Deno.remove(probe);

Deno.test({
  name: `agent: keeps the file of before on a full disk, and takes what fits${
    cannotMount === null ? "" : ` (skipped: ${cannotMount})`
  }`,
  ignore: cannotMount !== null,
  async fn() {
    await using site = await Site.open({ big: sampleBytes(500_000, 1), small: "old" });
    await mountSmall(site.path("agent/files"), 1_024);
    try {
      const agent = await site.startAgent();
      assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
      const before = await readTree(agent.files);
      await site.store({ big: sampleBytes(900_000, 2), small: "new" });
      const run = await site.deliver({ agents: [agent.address] });
      assertEquals([run.code, told(run, agent)], [1, {
        big: "failed disk-full",
        small: "updated",
      }]);
      assertEquals((await toldBy(agent, 2)).big, "failed disk-full");
      assertEquals((await readTree(agent.files)).big, before.big);
      assertEquals(await stages(agent.files), []);
      await agent.program.waitForLog(/not delivered/);
      // Room is made, and the next pass mends it.
      await site.store({ big: sampleBytes(400_000, 3) });
      assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
      assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
      await agent.program.stop();
    } finally {
      await unmount(site.path("agent/files"));
    }
  },
});

Deno.test({
  name: `agent: keeps the file of before where the folder became read-only${
    cannotMount === null ? "" : ` (skipped: ${cannotMount})`
  }`,
  ignore: cannotMount !== null,
  async fn() {
    await using site = await Site.open({ key: "old", "tls/key": "old" });
    const files = site.path("agent/files");
    await mountSmall(files, 1_024);
    try {
      const agent = await site.startAgent();
      assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
      const before = await readTree(agent.files);
      const remount = await new Deno.Command("mount", { args: ["-o", "remount,ro", files] })
        .output();
      assertEquals(remount.code, 0);
      await site.store({ key: "new", "tls/key": "new" });
      const run = await site.deliver({ agents: [agent.address] });
      assertEquals([run.code, told(run, agent)], [1, {
        key: "failed read-only",
        "tls/key": "failed read-only",
      }]);
      assertEquals(await toldBy(agent, 2), told(run, agent));
      assertEquals(await readTree(agent.files), before);
      // A second agent there does not even start, and says which setting is at fault.
      const second = await site.run("agent", [
        ...["--whitelisted-addresses", "127.0.0.1", "--bind-port", "0"],
        ...["--working-dir", files, "--state-dir", site.path("second-state")],
      ]);
      assertEquals(second.code, 2);
      assertMatch(second.stderr, /working-dir/);
      await agent.program.stop();
    } finally {
      await unmount(files);
    }
  },
});

Deno.test("agent: leaves the neighbours alone when a folder stands where a file should go", async () => {
  await using site = await Site.open({ a: "1", b: "2", "c/d": "3" });
  const agent = await site.startAgent();
  await Deno.mkdir(`${agent.files}/a/full`, { recursive: true });
  await Deno.writeTextFile(`${agent.files}/c`, "a file on the way");
  const run = await site.deliver({ agents: [agent.address] });
  assertEquals([run.code, told(run, agent)], [1, {
    a: "failed not-a-file",
    b: "created",
    "c/d": "failed not-a-file",
  }]);
  assertEquals(await toldBy(agent, 1), told(run, agent));
  assertEquals(await Deno.readTextFile(`${agent.files}/c`), "a file on the way");
  assert((await Deno.stat(`${agent.files}/a/full`)).isDirectory);
});

Deno.test("agent: works without a state folder that it can write, and warns of it", {
  ignore: cannotMount !== null,
}, async () => {
  await using site = await Site.open({ a: "1" });
  const state = site.path("agent/state");
  await mountSmall(state, 64);
  try {
    await new Deno.Command("mount", { args: ["-o", "remount,ro", state] }).output();
    const agent = await site.startAgent();
    await agent.program.waitForLog(/in memory only/);
    assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
    await agent.program.stop();
    // The attack: after a restart it has another identity, and the keeper does not take it.
    const reborn = await site.startAgent({ port: agent.port });
    const run = await site.deliver({ agents: [reborn.address] });
    assertEquals(run.agents.get(reborn.address)?.code, "identity-changed");
    await reborn.program.stop();
  } finally {
    await unmount(state);
  }
});
