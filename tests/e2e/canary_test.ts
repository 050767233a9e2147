/**
 * A canary: secrets with contents that are known again, in any spelling, carried through success and
 * failure with everything turned on that writes. Nothing that either program leaves behind may hold
 * them, but the vault, the delivered files, and the file that is an identity.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { deliver } from "../interop/second_implementation/keeper.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  BINARY,
  find,
  KEEPERS_PURPOSE,
  readLeftBehind,
  spellings,
  TEXT,
} from "../support/canary.ts";
import { flipBit } from "../support/duplex_cuts.ts";
import { dialAsKeeper, listenAsAgent } from "../support/second_ends.ts";
import { type RunningAgent, Site } from "../support/site.ts";
import { TcpPeer, writeAll } from "../support/tcp_peer.ts";
import { WireTap } from "../support/wire_tap.ts";

const LOUD = ["--debug", "--json", "--log-to-file", "--logfile-path"];

interface Stay {
  readonly site: Site;
  readonly agent: RunningAgent;
  /** What the programs wrote to their terminals. */
  readonly outputs: Map<string, string>;
}

async function keep(stay: Stay, name: string, args: readonly string[]): Promise<void> {
  const { site, outputs } = stay;
  const end = await site.run("keeper", [
    ...["--run-once", "--vault-dir", "vault", "--state-dir", "keeper-state"],
    ...LOUD,
    "keeper.log",
    ...args,
  ]);
  outputs.set(`${name} stdout`, end.stdout);
  outputs.set(`${name} stderr`, end.stderr);
}

/** So many files that an agent asks for them all at once. */
const MANY = Array.from({ length: 20 }, (_, i) => `many/${i}`);

/** Takes the programs through what goes well and what goes wrong. */
async function goThroughAll(stay: Stay): Promise<void> {
  const { site, agent } = stay;
  const managed = ["--managed-files", ["text", "binary", "dir/text", ...MANY].join()];
  const first = ["--first-use-limit", "99", ...managed];
  await keep(stay, "approve", ["--agent-ips", agent.address, "--trust", "approve", ...managed]);
  await keep(stay, "first delivery", ["--agent-ips", agent.address, ...first]);
  await keep(stay, "unchanged", ["--agent-ips", agent.address, ...first]);
  await Deno.writeTextFile(`${agent.files}/text`, `${TEXT} damaged`);
  await Deno.remove(`${agent.files}/many`, { recursive: true });
  await Deno.remove(`${agent.files}/dir`, { recursive: true });
  await Deno.symlink(site.path("vault"), `${agent.files}/dir`);
  await keep(stay, "link and damage", ["--agent-ips", agent.address, ...first]);
  await keep(stay, "missing", ["--agent-ips", agent.address, "--managed-files", "text,gone"]);
  for (const index of [3, 5, 6, 7]) {
    await Deno.writeTextFile(`${agent.files}/text`, "else");
    await Deno.remove(`${agent.files}/many`, { recursive: true }).catch(() => {});
    await using tap = new WireTap(agent, {
      meddle: ({ from, index: at, bytes }) =>
        from === "keeper" && at === index ? [flipBit(bytes, bytes.length * 8 - 1)] : [bytes],
    });
    await keep(stay, `tampered ${index}`, ["--agent-ips", tap.address, ...first]);
  }
  await using garbage = TcpPeer.listen(async (connection) => {
    await writeAll(connection, new TextEncoder().encode(`{"State":"KEYSENT","Version":3}\n`));
  });
  await using greedy = listenAsAgent(async (session) => {
    const { Id } = await session.message("MANIFEST");
    await session.send({ State: "MANIFEST-REPLY", Id, Held: true });
    await session.send({ State: "REQUEST", Id: 1, File: "text", Digest: null });
    await session.stream(await session.message("DATA"));
    await session.send({ State: "BATCH", Id: 2, Entries: [0, 2], Accept: "deflate-raw" });
    await session.stream(await session.message("BATCH-DATA"));
    await session.send({ State: "DONE", Counts: "all of it" });
  });
  const peers = `${garbage.address},${greedy.address}`;
  await keep(stay, "bad agents", ["--agent-ips", peers, ...first]);
  // A keeper whose contents are not what it declared, and one that speaks out of turn.
  let reads = 0;
  const liar = {
    get contents(): Buffer {
      return reads++ < 3 ? Buffer.from(TEXT) : Buffer.from(TEXT).reverse();
    },
    mode: 0o600,
    strategy: "STRICT" as const,
  };
  using wrong = await dialAsKeeper(agent);
  await deliver(wrong.session, { files: new Map([["wrong", liar]]) });
  // And one of whose many files, which come all at once, some are not what it declared.
  // Each is looked at twice for the manifest.
  let looks = 0;
  const many = new Map(MANY.map((path) => [path, {
    get contents(): Buffer {
      return looks++ < 2.5 * MANY.length ? Buffer.from(TEXT) : Buffer.from(TEXT).reverse();
    },
    mode: 0o600,
    strategy: "STRICT" as const,
  }]));
  using sloppy = await dialAsKeeper(agent);
  const { results, batches } = await deliver(sloppy.session, { files: many });
  assert(batches === 1 && results.some(({ Code }) => Code === "digest-mismatch"), `${looks}`);
  using rude = await dialAsKeeper(agent);
  await rude.session.send({ State: "DATA", Id: 1, Status: TEXT });
  await rude.session.message().catch(() => {});
  await agent.program.stop();
  stay.outputs.set("agent stdout", agent.program.stdout);
  stay.outputs.set("agent stderr", agent.program.stderr);
}

async function stay(site: Site): Promise<Stay> {
  const many = Object.fromEntries(MANY.map((path, i) => [path, `${i} ${TEXT}`]));
  await site.store({ text: TEXT, binary: BINARY, "dir/text": `before ${TEXT} after`, ...many });
  const args = ["--debug", "--log-to-file", "--logfile-path", "agent.log"];
  return { site, agent: await site.startAgent({ args }), outputs: new Map() };
}

/** Finds the seed of an agent's identity in its state folder: 32 bytes in some spelling. */
async function identitySeed(agent: RunningAgent): Promise<Uint8Array<ArrayBuffer>> {
  for await (const { name } of Deno.readDir(agent.state)) {
    if (!name.startsWith("identity")) continue;
    const bytes = await Deno.readFile(`${agent.state}/${name}`);
    if (bytes.length === 32) return bytes;
    const text = new TextDecoder().decode(bytes);
    const hex = /\b[0-9a-f]{64}\b/.exec(text)?.[0];
    if (hex !== undefined) return new Uint8Array(Buffer.from(hex, "hex"));
    const base64 = /[A-Za-z0-9+/_-]{43}/.exec(text)?.[0];
    if (base64 !== undefined) return new Uint8Array(Buffer.from(base64, "base64url"));
  }
  throw new Error("the agent has no identity file");
}

Deno.test("agent and keeper: leave no trace of a secret, whatever goes wrong and however loud they are", async () => {
  await using site = await Site.open();
  const present = await stay(site);
  const seed = await identitySeed(present.agent);
  await goThroughAll(present);
  const places = await readLeftBehind(site, KEEPERS_PURPOSE);
  const names = [...places.keys()];
  for (const name of ["agent.log", "keeper.log", "agent/state/manifest"]) {
    assert(names.includes(name), `${name} is not among ${names}`);
  }
  assert(names.some((name) => name.startsWith("keeper-state/")));
  for (const [name, text] of present.outputs) places.set(name, text);
  // It was loud indeed: each kind of trouble is told of, by both.
  const all = [...places.values()].join("");
  for (const word of ["symlink-refused", "digest-mismatch", "open-failed", "created", "pending"]) {
    assert(all.includes(word), `nothing tells of ${word}`);
  }
  const text = new TextEncoder().encode(TEXT);
  const reversed = new Uint8Array(Buffer.from(TEXT).reverse());
  assertEquals(find(places, { text, binary: BINARY, reversed, seed }), []);
});

Deno.test("canary: is found in every spelling, and in every file and output that is looked at", async () => {
  await using site = await Site.open();
  const present = await stay(site);
  await keep(present, "delivery", [
    "--agent-ips",
    present.agent.address,
    "--managed-files",
    "text",
  ]);
  const text = new TextEncoder().encode(TEXT);
  const seed = await identitySeed(present.agent);
  // The same search, over what holds the secrets by its purpose, finds them there.
  const places = await readLeftBehind(site, /^$/);
  const found = find(places, { text, binary: BINARY, seed });
  assert(found.includes("text in vault/text") && found.includes("text in vault/dir/text"));
  assert(found.includes("text in agent/files/text") && found.includes("binary in vault/binary"));
  assert(found.some((line) => line.startsWith("seed in agent/state/identity")), found.join());
  // And in a log, however it was written there.
  for (const spelling of spellings(text)) {
    const log = new Map([["log", `{"message":"x","body":"${spelling}"}`]]);
    assertEquals(find(log, { text }), ["text in log"]);
  }
  for (const prefix of ["", "a", "ab", "abc"]) {
    const log = new Map([["log", btoa(prefix + String.fromCharCode(...BINARY) + "after")]]);
    assertEquals(find(log, { binary: BINARY }), ["binary in log"]);
  }
});
