import { type Bytes, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { compressWhole } from "../../protocol/content_encoding.ts";
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { ConnectionError, PeerRejectedError, ProtocolError } from "../../protocol/errors.ts";
import { encodeChunkFrame } from "../../protocol/frame.ts";
import { INITIAL_WINDOW_BYTES } from "../../protocol/limits.ts";
import { encodeManifest } from "../../protocol/manifest.ts";
import type { ManifestEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  deliver,
  FILES,
  PATIENT,
  SECRET,
  sourceWith,
  UNCHANGED,
} from "../support/delivering_keeper.ts";
import { openKeeperSession } from "../support/frame_peer.ts";
import { HandAgent, type Message, NOTHING } from "../support/hand_agent.ts";

const REVISION = 7;
Deno.test("deliverAsKeeper announces its manifest and answers what is asked", async () => {
  const source = await MemorySecretSource.from(FILES);
  const expected = await encodeManifest(source.entries);
  const { session, peer } = await openKeeperSession(PATIENT);
  const announced: [string, number][] = [];
  const progress: [string, number][] = [];
  const delivering = deliverAsKeeper(session, source, {
    revision: REVISION,
    now: () => 5_000_999,
    lifetimeS: 60,
    sign: (message) =>
      Promise.resolve(encodeHex(message.digest).slice(0, 43).padEnd(87, "A") + "="),
    onContents: (path, bytes) => announced.push([path, bytes]),
    onProgress: (path, bytes) => progress.push([path, bytes]),
  });
  const { Signature, ...manifest } = await peer.readMessage();
  assertEquals(manifest, {
    State: "MANIFEST",
    Id: 0,
    Revision: REVISION,
    Issued: 5_000,
    Expires: 5_060,
    Digest: encodeHex(expected.digest),
    Size: expected.bytes.length,
    Accept: "deflate-raw",
  });
  assertEquals(String(Signature).length, 88);
  await peer.sendMessage({ State: "MANIFEST-REPLY", Id: 0, Held: true });
  const hand = new HandAgent(peer);
  await hand.request(1, "a.txt");
  const data = await peer.readMessage();
  assertEquals(data, {
    State: "DATA",
    Id: 1,
    Status: "Success",
    Stream: 1,
    StreamSize: SECRET.length,
    Offset: 0,
    Digest: encodeHex(await sha256Digest(SECRET)),
    Mode: 0o600,
  });
  assertEquals(await hand.readStream(data), SECRET);
  await hand.sayDone([{ Path: "a.txt", Outcome: "created" }], { Created: 1, Unchanged: 1 });
  await hand.finish();
  assertEquals(await delivering, {
    files: [{ path: "a.txt", outcome: "created" }, { path: "b/big.bin", outcome: "unchanged" }],
    ...{ hooks: [], contentBytes: SECRET.length },
  });
  assertEquals(progress, [["a.txt", SECRET.length]]);
  assertEquals(announced, [["a.txt", SECRET.length]]);
});

type Play = (agent: HandAgent) => Promise<void>;
const ATTACKS: Readonly<Record<string, readonly [code: string, play: Play]>> = {
  "another manifest's number": ["message-unexpected", async ({ peer }) => {
    await peer.sendMessage({ State: "MANIFEST-REPLY", Id: 1, Held: false });
  }],
  "a request before the reply": ["message-unexpected", (agent) => agent.request(1, "a.txt")],
  "a manifest of its own": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.peer.sendMessage({ State: "DONE-REPLY" });
  }],
  "an offset without its prefix": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt", { Offset: 4 });
  }],
  "a path that climbs": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "../a.txt");
  }],
  "a number of 33 bits": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.request(2 ** 32, "a.txt");
  }],
  "a number that it used before": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    for (const id of [9, 9]) await agent.request(id, "nothing");
  }],
  "a batch with the number of a request": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.request(9, "nothing");
    await agent.batch(9, [0]);
  }],
  "a request with a number below that of a batch": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.batch(9, [0]);
    await agent.request(8, "nothing");
  }],
  "a batch before the reply": ["message-unexpected", (agent) => agent.batch(1, [0])],
  "the answer to a batch": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    const data = { State: "BATCH-DATA", Id: 1, Stream: 0, StreamSize: 0 };
    await agent.peer.sendMessage(data);
  }],
  "a result that nobody asked for": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.peer.sendMessage({ State: "RESULT", Id: 1, Status: "Success" });
  }],
  "counts that lie": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([], { Unchanged: 3 });
  }],
  "results that its counts hide": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([{ Path: "a.txt", Outcome: "failed", Code: "disk-full" }], UNCHANGED);
  }],
  "two results for one file": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    const line = { Path: "a.txt", Outcome: "created" };
    await agent.sayDone([line, line], { Created: 2, Unchanged: 1 });
  }],
  "two results for one hook": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    const line = { Hook: "reload", Outcome: "ran", Attempts: 1 };
    await agent.sayDone([line, line], UNCHANGED);
  }],
  "counts without those of folders": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([], { ...UNCHANGED, Reowned: null });
  }],
  "the parts that it wants where it was asked for none": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.peer.sendMessage({ State: "MANIFEST-WANTS", Id: 0, Stream: 0, StreamSize: 0 });
  }],
  "results that are no lines": ["message-malformed", async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([{ Path: "a.txt", Outcome: "perfect" }], { Created: 1, Unchanged: 1 });
  }],
  "more at once than it may": ["too-many-messages", async (agent) => {
    await agent.takeManifest();
    for (let i = 0; i < 100; i++) await agent.request(i, "b/big.bin");
  }],
  "requests without end": ["too-many-messages", async (agent) => {
    await agent.takeManifest();
    for (let i = 0; i < 2 * 2 + 1_025; i++) {
      await agent.request(i, "nothing");
      if (i < 2 * 2 + 1_024) await agent.peer.readMessage();
    }
  }],
  "DONE while a request is open": ["message-unexpected", async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "b/big.bin");
    await agent.sayDone([], UNCHANGED);
  }],
};

for (const [what, [code, play]] of Object.entries(ATTACKS)) {
  Deno.test(`deliverAsKeeper ends with ${code} at ${what}, and says so`, async () => {
    const big = new Uint8Array(2 * INITIAL_WINDOW_BYTES);
    const source = await MemorySecretSource.from({ ...FILES, "b/big.bin": big });
    const { result, told } = await deliver(source, play);
    assert(result instanceof ProtocolError, String(result));
    assertEquals([result.code, told], [code, code]);
  });
}

Deno.test("deliverAsKeeper ends with digest-mismatch where the results are not what was stated", async () => {
  const { result } = await deliver(await MemorySecretSource.from(FILES), async (agent) => {
    await agent.takeManifest();
    await agent.peer.sendMessage({
      State: "DONE",
      Counts: { ...NOTHING, ...UNCHANGED },
      Stream: 0,
      StreamSize: 0,
      Digest: "00".repeat(32),
    });
    await agent.peer.send(encodeChunkFrame(new Uint8Array(0), { streamId: 0, isLast: true }));
  });
  assert(result instanceof ProtocolError && result.code === "digest-mismatch", String(result));
});

Deno.test("deliverAsKeeper takes the agent's refusal and its early end for what they are", async () => {
  const source = await MemorySecretSource.from(FILES);
  const refusal = await deliver(source, async ({ peer }) => {
    await peer.readMessage();
    await peer.sendMessage({ State: "FAILED", Code: "manifest-stale" });
  });
  assert(refusal.result instanceof PeerRejectedError);
  assertEquals(refusal.result.code, "manifest-stale");
  const end = await deliver(source, ({ peer }) => peer.link.closeWriting());
  assert(end.result instanceof ConnectionError);
  assertEquals(end.result.code, "truncated");
});

const FOLDERS: readonly ManifestEntry[] = [
  { kind: "folder", path: "b", mode: 0o700, strategy: "STRICT" },
  { kind: "keep", path: "c" },
];

/** Entries of each kind, two of which are files. */
async function manyEntries(): Promise<readonly ManifestEntry[]> {
  return [...(await MemorySecretSource.from(FILES)).entries, ...FOLDERS];
}

Deno.test("deliverAsKeeper counts folders, and nothing for what is kept", async () => {
  const source = await sourceWith({ entries: await manyEntries() });
  const { result } = await deliver(source, async (agent) => {
    assertEquals(await agent.takeManifest(), ["a.txt", "b", "b/big.bin", "c"]);
    await agent.sayDone([
      { Path: "b", Outcome: "reowned" },
      { Path: "b/stranger", Outcome: "removed" },
    ], { Reowned: 1, Removed: 1, Unchanged: 2 });
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
  assertEquals(result.files.map(({ path, outcome }) => `${path} ${outcome}`), [
    "a.txt unchanged",
    "b/big.bin unchanged",
    "b reowned",
    "b/stranger removed",
  ]);
});

const COUNTED = ["Created", "Updated", "Reowned", "Removed", "Missing", "Failed"];
for (const name of COUNTED) {
  Deno.test(`deliverAsKeeper takes no count of ${name} that the lines contradict`, async () => {
    const source = await sourceWith({ entries: await manyEntries() });
    const { result, told } = await deliver(source, async (agent) => {
      await agent.takeManifest();
      await agent.sayDone([], { Unchanged: 3, [name]: 1 });
    });
    assert(result instanceof ProtocolError);
    assertEquals([result.code, told], ["message-unexpected", "message-unexpected"]);
  });
}

Deno.test("deliverAsKeeper denies folders, what is kept, and what is in either", async () => {
  const source = await sourceWith({ entries: FOLDERS });
  const { result } = await deliver(source, async (agent) => {
    await agent.takeManifest();
    for (const [i, file] of ["b", "b/x", "c", "c/x"].entries()) {
      await agent.request(i, file);
      assertEquals((await agent.peer.readMessage())["Status"], "Denied");
    }
    await agent.sayDone([], { Unchanged: 1 });
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
});

Deno.test("deliverAsKeeper passes on how hooks stand", async () => {
  const { result } = await deliver(await sourceWith({}), async (agent) => {
    await agent.takeManifest();
    const line = { Hook: "reload", Outcome: "failed", Change: "ab".repeat(16), Attempts: 3 };
    await agent.sayDone([{ ...line, Exit: 1, Output: "no", Code: "exit-status" }], UNCHANGED);
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
  assertEquals(result.hooks, [{
    hook: "reload",
    outcome: "failed",
    changeId: "ab".repeat(16),
    attempts: 3,
    exitStatus: 1,
    signal: null,
    output: "no",
    code: "exit-status",
  }]);
});

Deno.test("deliverAsKeeper asks for a plan with a manifest that it does not sign", async () => {
  const sign = () => Promise.resolve("A".repeat(87) + "=");
  const options = { isPlan: true, sign };
  const { result } = await deliver(await sourceWith({}), async (agent) => {
    const { Plan, Signature, Id } = await agent.peer.readMessage();
    assertEquals([Plan, Signature], [true, undefined]);
    await agent.peer.sendMessage({ State: "MANIFEST-REPLY", Id, Held: true });
    const due = { Hook: "reload", Outcome: "due", Attempts: 0 };
    const created = { Path: "a.txt", Outcome: "created" };
    await agent.sayDone([created, due], { Created: 1, Unchanged: 1 });
    await agent.finish();
  }, options);
  assert(!(result instanceof Error), String(result));
  assertEquals([result.files[0]?.outcome, result.contentBytes], ["created", 0]);
  assertEquals(result.hooks[0]?.outcome, "due");
});

const PLAN_ATTACKS: Readonly<Record<string, Play>> = {
  "a request": async (agent) => {
    await agent.takeManifest();
    await agent.request(1, "a.txt");
  },
  "a batch": async (agent) => {
    await agent.takeManifest();
    await agent.batch(1, [0]);
  },
  "a signature over what was not done": async (agent) => {
    await agent.takeManifest();
    await agent.sayDone([], UNCHANGED, { Signature: "00".repeat(64) });
  },
};

for (const [what, play] of Object.entries(PLAN_ATTACKS)) {
  Deno.test(`deliverAsKeeper ends with message-unexpected at ${what} in a plan`, async () => {
    const { result, told } = await deliver(await sourceWith({}), play, { isPlan: true });
    assert(result instanceof ProtocolError);
    assertEquals([result.code, told], ["message-unexpected", "message-unexpected"]);
  });
}

const REMOVED = Array.from({ length: 200 }, (_, i) => ({ Path: `d/${i}`, Outcome: "removed" }));
const LINES = encodeUtf8(REMOVED.map((line) => `${JSON.stringify(line)}\n`).join(""));

/** Says DONE with bytes that stand for lines, as a test has them. */
async function sayPacked(agent: HandAgent, bytes: Bytes, more: Message = {}): Promise<void> {
  await agent.peer.sendMessage({
    ...{ State: "DONE", Counts: { ...NOTHING, ...UNCHANGED, Removed: REMOVED.length } },
    ...{ Stream: 0, StreamSize: bytes.length, Digest: encodeHex(await sha256Digest(LINES)) },
    ...{ Encoding: "deflate-raw", PlainSize: LINES.length, ...more },
  });
  await agent.peer.send(encodeChunkFrame(bytes.slice(), { streamId: 0, isLast: true }));
}

const PACKED = await compressWhole(LINES) ?? LINES;

Deno.test("deliverAsKeeper takes results that came compressed", async () => {
  const { result } = await deliver(await sourceWith({}), async (agent) => {
    await agent.takeManifest();
    await sayPacked(agent, PACKED);
    await agent.finish();
  });
  assert(!(result instanceof Error), String(result));
  assertEquals(result.files.filter(({ outcome }) => outcome === "removed").length, 200);
});

const BAD_PACKED: Readonly<Record<string, readonly [code: string, bytes: Bytes, more?: Message]>> =
  {
    "more than was stated": ["digest-mismatch", PACKED, { PlainSize: LINES.length - 1 }],
    "less than was stated": ["digest-mismatch", PACKED, { PlainSize: LINES.length + 1 }],
    "no such encoding": ["digest-mismatch", PACKED.map(() => 0xff)],
    "other bytes": ["digest-mismatch", PACKED, { Digest: encodeHex(await sha256Digest(PACKED)) }],
    "what is no shorter": ["message-unexpected", LINES],
    "more than results may be": ["message-malformed", PACKED, { PlainSize: 33_554_433 }],
  };

for (const [what, [code, bytes, more]] of Object.entries(BAD_PACKED)) {
  Deno.test(`deliverAsKeeper ends with ${code} where results come compressed as ${what}`, async () => {
    const { result } = await deliver(await sourceWith({}), async (agent) => {
      await agent.takeManifest();
      await sayPacked(agent, bytes, more);
    });
    assert(result instanceof ProtocolError, String(result));
    assertEquals(result.code, code);
  });
}
