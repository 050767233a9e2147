import { duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { MAX_PATH_BYTES } from "../../../protocol/limits.ts";
import { deliverOriginalAsKeeper } from "../../../protocol/original/deliver_as_keeper.ts";
import { openOriginalAsAgent } from "../../../protocol/original/handshake.ts";
import {
  MAX_NODE_LINE_BYTES,
  MAX_NODE_MESSAGE_BYTES,
  SAFE_NODE_LINE_BYTES,
} from "../../../protocol/original/limits.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import {
  openOriginalPair,
  sayAesKey,
  ScriptedPeer,
  sourceOf,
  watchedLease,
} from "../../support/original_pair.ts";

Deno.test("limits: what we send as a node fits what we take of one", () => {
  assert(SAFE_NODE_LINE_BYTES < MAX_NODE_LINE_BYTES);
  assert(MAX_NODE_LINE_BYTES < MAX_NODE_MESSAGE_BYTES);
});

Deno.test("limits: a vault whose key is not unwrapped in time is given up", async () => {
  const [near, far] = duplexPair();
  const unwrapOriginal = () => new Promise<never>(() => {});
  const lease = { ...await watchedLease(), unwrapOriginal };
  const opening = openOriginalAsAgent(near, { lease, messageTimeoutMs: 400 });
  const refused = assertRejects(() => opening, ConnectionError, "timed-out");
  await sayAesKey(new ScriptedPeer(far));
  await refused;
  assertEquals(lease.ends, ["released"]);
});

Deno.test("limits: a node that takes nothing of a large file is given up", async () => {
  const { agent, keeper } = await openOriginalPair({ keeper: { messageTimeoutMs: 400 } });
  // Its pieces are short, so what their length adds to the time is little.
  const source = await sourceOf({ a: "x".repeat(2_000_000) });
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let i = 0; i < 2_000; i++) yield await Promise.resolve(new Uint8Array(1_000).fill(120));
  }
  const { missing, entries } = source;
  const cut = { missing, entries, open: () => Promise.resolve({ offset: 0, chunks: chunks() }) };
  const delivering = deliverOriginalAsKeeper(keeper, cut);
  const refused = assertRejects(() => delivering, ConnectionError, "timed-out");
  await new ScriptedPeer(agent).say({ State: "REQUEST", FILE: "a", crc32: 0, fill: "" });
  await refused;
});

Deno.test("limits: a name that is too long to be ours does not pass for one that is", async () => {
  const ours = "p".repeat(MAX_PATH_BYTES);
  const { agent, keeper } = await openOriginalPair();
  const delivering = deliverOriginalAsKeeper(keeper, await sourceOf({ [ours]: "x" }));
  const node = new ScriptedPeer(agent);
  for (const FILE of [ours, `${ours}z`, `${"p".repeat(MAX_PATH_BYTES - 1)}\u{1f600}`]) {
    await node.say({ State: "REQUEST", FILE, crc32: 0, fill: "" });
    await node.read();
  }
  await node.say({ State: "DONE", fill: "" });
  const { files } = await delivering;
  assertEquals(files.map(({ outcome }) => outcome), ["created", "denied", "denied"]);
  assert(files.every(({ path }) => path.isWellFormed()));
});
