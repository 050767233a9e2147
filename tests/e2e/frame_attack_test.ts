/**
 * Somebody on the wire between the real programs flips, repeats, drops, swaps, cuts and replays what
 * they send. Each attack ends its session; what the agent holds stays whole, old or new.
 *
 * @module
 */
import { STAGE_PREFIX } from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";
import { readTree, type RunningAgent, sampleBytes, Site } from "../support/site.ts";
import { readToEnd, TcpPeer, writeAll } from "../support/tcp_peer.ts";
import { type Meddler, WireTap, type WireUnit } from "../support/wire_tap.ts";

type Side = "agent" | "keeper";

interface Attack {
  readonly name: string;
  readonly meddle: Meddler;
}

/** What comes before the last words, when the files are in place and nothing can be spoilt. */
const UNITS: Readonly<Record<Side, number>> = { agent: 5, keeper: 8 };
const BIG_BYTES = 20 * 65_536;

function at(from: Side, index: number, change: Meddler): Meddler {
  return (unit) => unit.from === from && unit.index === index ? change(unit) : [unit.bytes];
}

/** The attacks on one unit. */
function attacksOn(from: Side, index: number): Attack[] {
  const on = (what: string, change: Meddler): Attack => {
    return { name: `${what} ${index} of the ${from}`, meddle: at(from, index, change) };
  };
  const flip = (bit: (bytes: Uint8Array) => number): Meddler => ({ bytes }) => [
    flipBit(bytes, bit(bytes)),
  ];
  const attacks = [
    on("repeat unit", ({ bytes }) => [bytes, bytes]),
    on("cut off in unit", ({ bytes }) => ({ last: bytes.subarray(0, bytes.length - 1) })),
    on("cut off before unit", () => ({ last: new Uint8Array(0) })),
  ];
  if (index === 0) {
    return [
      ...attacks,
      on("flip a bit of the nonce in line", flip(({ length }) => length * 8 - 63)),
    ];
  }
  return [
    ...attacks,
    on("flip the highest bit of the length of frame", flip(() => 0)),
    on("flip the lowest bit of the length of frame", ({ bytes }) => ({ last: flipBit(bytes, 31) })),
    on("flip a bit of the kind in frame", flip(() => 32)),
    on("flip the last bit of the tag of frame", flip(({ length }) => length * 8 - 1)),
  ];
}

/** Attacks on the pieces of a file, of which one follows the other without an answer between. */
function attacksOnOrder(index: number): Attack[] {
  let held: Uint8Array[] = [];
  return [
    { name: "drop a piece of a file", meddle: at("keeper", index, () => []) },
    {
      name: "swap two pieces of a file",
      meddle: (unit) => {
        if (unit.from !== "keeper" || unit.index < index || unit.index > index + 1) {
          return [unit.bytes];
        }
        if (unit.index === index) {
          held = [unit.bytes];
          return [];
        }
        return [unit.bytes, ...held];
      },
    },
    {
      name: "put another piece in the place of one",
      meddle: (unit) => {
        if (unit.from === "keeper" && unit.index === index) held = [unit.bytes];
        return unit.from === "keeper" && unit.index === index + 2 ? held : [unit.bytes];
      },
    },
  ];
}

const ATTACKS: readonly Attack[] = [
  ...(["keeper", "agent"] as const).flatMap((from) =>
    Array.from({ length: UNITS[from] }, (_, index) => attacksOn(from, index)).flat()
  ),
  ...attacksOnOrder(9),
];

/** Tells whether each file has the digest of one of the versions; what is staged is no file yet. */
async function isWhole(
  agent: RunningAgent,
  ...versions: readonly Readonly<Record<string, string>>[]
): Promise<boolean> {
  return Object.entries(await readTree(agent.files)).every(([path, digest]) =>
    path.startsWith(STAGE_PREFIX) || versions.some((version) => version[path] === digest)
  );
}

/** An agent that holds version 1, and a vault with version 2 and its digests. */
async function prepare(site: Site, name: string): Promise<RunningAgent> {
  const agent = await site.startAgent({ name });
  const start = { agents: [agent.address], vault: "old", state: `${name}-state` };
  assertEquals((await site.deliver(start)).code, 0);
  return agent;
}

Deno.test("agent and keeper: survive every attack on the wire with whole files", async () => {
  await using site = await Site.open({ big: sampleBytes(BIG_BYTES, 2), small: "new" });
  await site.store({ big: sampleBytes(BIG_BYTES, 1), small: "old" }, "old");
  const [olds, news] = [await readTree(site.path("old")), await readTree(site.path("vault"))];
  let next = 0;
  const isSeen = new Set<string>();
  await Promise.all(["a", "b", "c"].map(async (name) => {
    const agent = await prepare(site, name);
    for (let attack; (attack = ATTACKS[next++]) !== undefined;) {
      await using tap = new WireTap(agent, { meddle: attack.meddle });
      const options = { agents: [tap.address], state: `${name}-state` };
      const run = await site.deliver({ ...options, args: ["--first-use-limit", "999"] });
      const { outcome, code } = run.agents.get(tap.address) ?? {};
      // The agent may have been able to say what it met; then the keeper calls it rejected.
      assertEquals(run.code, 1, attack.name);
      assert(outcome === "failed" || outcome === "rejected", `${attack.name}: ${outcome}`);
      isSeen.add(code);
      if (!await isWhole(agent, olds)) {
        assert(await isWhole(agent, olds, news), `${attack.name} spoilt a file`);
        // This delivery waits for its turn, so nothing of the one before is left behind it.
        await site.deliver({ agents: [agent.address], vault: "old", state: `${name}-state` });
        assertEquals(await readTree(agent.files), olds);
      }
    }
    // The agent has been through all of that in one process, and serves as ever.
    const last = await site.deliver({ agents: [agent.address], state: `${name}-state` });
    assertEquals(last.code, 0);
    assertEquals(await readTree(agent.files), news);
    assertEquals((await agent.program.stop()).code, 0);
  }));
  assert(isSeen.has("open-failed") && isSeen.has("truncated"), [...isSeen].join());
});

/** Carries one honest delivery over the wire and returns what was said. */
async function record(site: Site, agent: RunningAgent): Promise<readonly WireUnit[]> {
  await using tap = new WireTap(agent);
  const run = await site.deliver({ agents: [tap.address] });
  assertEquals(run.code, 0);
  return tap.units;
}

Deno.test("agent: takes nothing from the recording of a whole session", async () => {
  await using site = await Site.open({ "db.password": "recorded" });
  const agent = await site.startAgent();
  const units = await record(site, agent);
  await site.store({ "db.password": "of today" });
  assertEquals((await site.deliver({ agents: [agent.address], state: "direct" })).code, 0);
  for (let i = 0; i < 3; i++) {
    using connection = await Deno.connect({ hostname: agent.host, port: agent.port });
    const reading = readToEnd(connection);
    for (const { from, bytes } of units) {
      if (from === "keeper") await writeAll(connection, bytes).catch(() => {});
    }
    const answer = await reading;
    // Its own opening line and the claim that it sends to everybody; not a word to this session.
    const recorded = units.filter(({ from }) => from === "agent").map(({ bytes }) => bytes.length);
    assert(answer.length <= (recorded[0] ?? 0) + (recorded[1] ?? 0), `${answer.length} bytes`);
  }
  assertEquals(await Deno.readTextFile(`${agent.files}/db.password`), "of today");
  assertEquals((await site.deliver({ agents: [agent.address], state: "direct" })).code, 0);
});

Deno.test("keeper: tells nothing to the recording of a whole session", async () => {
  await using site = await Site.open({ "db.password": "recorded" });
  const agent = await site.startAgent();
  const units = await record(site, agent);
  await agent.program.stop();
  const heard = Promise.withResolvers<Uint8Array>();
  await using echo = TcpPeer.listen(async (connection) => {
    for (const { from, bytes } of units) {
      if (from === "agent") await writeAll(connection, bytes);
    }
    heard.resolve(await readToEnd(connection));
  });
  const run = await site.deliver({ agents: [echo.address] });
  const { outcome, code } = run.agents.get(echo.address) ?? {};
  assertEquals([run.code, outcome, code], [1, "failed", "open-failed"]);
  const bytes = await heard.promise;
  assertEquals(bytes.indexOf(0x0a), bytes.length - 1);
});
