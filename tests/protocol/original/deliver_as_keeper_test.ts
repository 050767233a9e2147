import { type Bytes, decodeUtf8, encodeHex, encodeUtf8 } from "../../../protocol/bytes.ts";
import { sha256Digest } from "../../../protocol/digest.ts";
import { ConnectionError, ProtocolError, StorageError } from "../../../protocol/errors.ts";
import type { DeliveryReport } from "../../../protocol/exchange.ts";
import {
  deliverOriginalAsKeeper,
  NOT_REQUESTED,
  NOT_TEXT,
  type OriginalDeliverOptions,
  type TextFactsCache,
} from "../../../protocol/original/deliver_as_keeper.ts";
import { CAREFUL, PROOF_OF_CONCEPT } from "../../../protocol/original/dialect.ts";
import type { OriginalOptions } from "../../../protocol/original/handshake.ts";
import {
  SPARE_CONTENT_BYTES,
  SPARE_REQUESTS,
  WHOLE_TEXT_BYTES,
} from "../../../protocol/original/limits.ts";
import { receiveOriginalAsAgent } from "../../../protocol/original/receive_as_agent.ts";
import type { SecretContent, SecretSource } from "../../../protocol/secret_source.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FragileStore } from "../../support/fragile_store.ts";
import {
  assertFails,
  checksumOf,
  chunksOf,
  type Contents,
  type Message,
  openOriginalPair,
  playAgainst,
  ScriptedPeer,
  sealLine,
  sourceOf,
} from "../../support/original_pair.ts";
import { COLLISION } from "../../support/original_peers.ts";

const SECRET = "correct horse battery staple";
/** Longer than what is sent in one piece. */
const LARGE = '\u00fcber \ud83d\ude00 "x"\\\n'.repeat(2 * WHOLE_TEXT_BYTES / 16);

async function digestOf(text: string): Promise<string> {
  return encodeHex(await sha256Digest(encodeUtf8(text)));
}

interface Outcome {
  readonly result: DeliveryReport | Error;
  /** What the keeper was told, in its order. */
  readonly told: readonly string[];
}

/** Runs our keeper against a node that a test plays. */
async function deliver(
  source: SecretSource | Contents,
  play: (node: ScriptedPeer, writes: readonly Uint8Array[]) => Promise<unknown>,
  options: OriginalDeliverOptions & OriginalOptions = {},
): Promise<Outcome> {
  const told: string[] = [];
  const { agent, keeper, agentWrites } = await openOriginalPair({ keeper: options });
  const from = "entries" in source ? source as SecretSource : await sourceOf(source as Contents);
  const delivering = deliverOriginalAsKeeper(keeper, from, {
    onDelivered: (path, digest) => told.push(`delivered ${path} ${digest}`),
    onTranslated: (path) => told.push(`translated ${path}`),
    ...options,
  });
  const result = await playAgainst(delivering, {
    peer: new ScriptedPeer(agent),
    play: (node) => play(node, agentWrites),
  });
  return { result, told };
}

function filesOf({ result }: Outcome): DeliveryReport["files"] {
  if (result instanceof Error) throw result;
  return result.files;
}

/** What of an answer is not repeated from its request. */
function answered({ State, Status, Body }: Message): unknown[] {
  return [State, Status, Body];
}

const NOT_FOUND = ["DATA", "FileNotFound", ""];

Deno.test("deliverOriginalAsKeeper sends what a node asks for, and reports it once it is taken", async () => {
  const progress: unknown[] = [];
  const outcome = await deliver({ a: SECRET, b: "b", c: "c" }, async (node) => {
    assertEquals(answered(await node.ask("a")), ["DATA", "Success", SECRET]);
    assertEquals(answered(await node.ask("b", 7)), ["DATA", "Success", "b"]);
    assertEquals(answered(await node.ask("c", checksumOf("c"))), ["DATA", "Match", ""]);
    await node.finish();
  }, { onProgress: (path, bytes) => progress.push(path, bytes) });
  assertEquals(outcome.result, {
    files: [
      { path: "a", outcome: "created" },
      { path: "b", outcome: "updated" },
      { path: "c", outcome: "unchanged" },
    ],
    hooks: [],
    contentBytes: SECRET.length + 1,
  });
  assertEquals(outcome.told, [
    `delivered a ${await digestOf(SECRET)}`,
    `delivered b ${await digestOf("b")}`,
    `delivered c ${await digestOf("c")}`,
  ]);
  assertEquals(progress, ["a", SECRET.length, "b", 1]);
});

const FOREIGN_NAMES = [
  ..."../x a/../../x ./a /a //a a/ A /proc/self/environ /etc/passwd __proto__".split(" "),
  "a\0",
  "",
];

Deno.test("deliverOriginalAsKeeper gives nothing that is not in its list, and tells it apart from what is gone", async () => {
  const opened: string[] = [];
  const source = await sourceOf({ a: SECRET }, {
    missing: new Set(["gone"]),
    open: ({ path }) => {
      opened.push(path);
      return Promise.resolve(null);
    },
  });
  const outcome = await deliver(source, async (node) => {
    for (const name of [...FOREIGN_NAMES, "gone"]) {
      const { fill: _fill, ...answer } = await node.ask(name, 3);
      const [State, Status, Body] = NOT_FOUND;
      assertEquals(answer, { State, Status, Body, FILE: name, crc32: 3 });
    }
    await node.finish();
  });
  assertEquals(filesOf(outcome), [
    ...FOREIGN_NAMES.map((path) => ({ path, outcome: "denied" as const })),
    { path: "gone", outcome: "missing" },
    { path: "a", outcome: "failed", code: NOT_REQUESTED },
  ]);
  assertEquals([opened, outcome.told], [[], []]);
});

Deno.test("deliverOriginalAsKeeper expects no file and denies none where nodes ask for what they like", async () => {
  const outcome = await deliver({ a: SECRET, b: "b" }, async (node) => {
    assertEquals(answered(await node.ask("other")), NOT_FOUND);
    await node.ask("b");
    await node.finish();
  }, { expectsAll: false });
  assertEquals(filesOf(outcome), [
    { path: "other", outcome: "missing" },
    { path: "b", outcome: "created" },
  ]);
});

Deno.test("deliverOriginalAsKeeper fails a file that is not UTF-8 alone", async () => {
  const outcome = await deliver({ bad: Uint8Array.of(0x61, 0xff), good: SECRET }, async (node) => {
    assertEquals(answered(await node.ask("bad")), NOT_FOUND);
    assertEquals(answered(await node.ask("good")), ["DATA", "Success", SECRET]);
    await node.finish();
  });
  assertEquals(filesOf(outcome), [
    { path: "bad", outcome: "failed", code: NOT_TEXT },
    { path: "good", outcome: "created" },
  ]);
});

for (const [dialect, status] of [[CAREFUL, "Success"], [PROOF_OF_CONCEPT, "Match"]] as const) {
  Deno.test(`deliverOriginalAsKeeper answers with ${status} for an empty file to who has none`, async () => {
    const outcome = await deliver({ empty: "" }, async (node) => {
      assertEquals(answered(await node.ask("empty")), ["DATA", status, ""]);
      await node.finish();
    }, { dialect });
    assertEquals(filesOf(outcome).length, 1);
  });
}

Deno.test("deliverOriginalAsKeeper sends what has changed though its checksum has not", async () => {
  const [before, after] = COLLISION;
  assertEquals(checksumOf(before), checksumOf(after));
  const known = { old: await digestOf(before), same: await digestOf(after), none: null };
  const lastDelivered = (path: string) => known[path as keyof typeof known];
  const outcome = await deliver({ old: after, same: after, none: after }, async (node) => {
    const statuses: unknown[] = [];
    for (const name of Object.keys(known)) {
      statuses.push((await node.ask(name, checksumOf(before)))["Status"]);
    }
    assertEquals(statuses, ["Success", "Match", "Match"]);
    await node.finish();
  }, { lastDelivered });
  const outcomes = filesOf(outcome).map(({ outcome }) => outcome);
  assertEquals(outcomes, ["updated", "unchanged", "unchanged"]);
});

Deno.test("deliverOriginalAsKeeper keeps to what was put in place where a node asks once more", async () => {
  const outcome = await deliver({ a: SECRET }, async (node) => {
    await node.ask("a");
    assertEquals((await node.ask("a", checksumOf(SECRET)))["Status"], "Match");
    await node.finish();
  });
  assertEquals(filesOf(outcome), [{ path: "a", outcome: "created" }]);
});

Deno.test("deliverOriginalAsKeeper repeats members of a request that it does not know", async () => {
  const more = { Status: "theirs", Body: "theirs", Extra: { b: [1, null, "\u00e9"] }, "1": true };
  const outcome = await deliver({ a: SECRET, large: LARGE }, async (node) => {
    for (const [name, text] of [["a", SECRET], ["large", LARGE]]) {
      const { fill: _fill, ...answer } = await node.ask(name, 1, more);
      const expected = { ...more, FILE: name, crc32: 1, State: "DATA", Status: "Success" };
      assertEquals<Message>(answer, { ...expected, Body: text });
    }
    await node.finish();
  });
  assertEquals(filesOf(outcome).length, 2);
});

Deno.test("deliverOriginalAsKeeper takes a checksum of digits, and a whole number of any form", async () => {
  const outcome = await deliver({ a: SECRET }, async (node) => {
    for (const crc32 of ['"0"', '"0000000000"', "0.0", "-0", "0e9"]) {
      await node.send(await sealLine(`{"State": "REQUEST", "FILE": "a", "crc32": ${crc32}}`));
      assertEquals((await node.read())["Status"], "Success");
    }
    assertEquals((await node.ask("a", String(checksumOf(SECRET))))["Status"], "Match");
    await node.finish();
  });
  assert(!(outcome.result instanceof Error), String(outcome.result));
});

for (const crc32 of ["0xff", "", "-1", "1.0", "12345678901", null, undefined, 1.5, [0], true]) {
  Deno.test(`deliverOriginalAsKeeper refuses ${JSON.stringify(crc32) ?? "nothing"} for a checksum`, async () => {
    const { result } = await deliver({ a: SECRET }, async (node) => {
      const checksum = crc32 === undefined ? {} : { crc32 };
      await node.say({ State: "REQUEST", FILE: "a", ...checksum });
    });
    assertFails(result, ProtocolError, "message-malformed");
  });
}

Deno.test("deliverOriginalAsKeeper answers a state that it does not know as the original does", async () => {
  const outcome = await deliver({ a: SECRET }, async (node) => {
    const hello = { State: "HELLO", x: 1 };
    await node.say(hello);
    assertEquals(await node.read(), { ...hello, Body: "", Status: "Unknown Command" });
    await node.ask("a");
    await node.finish();
  });
  assertEquals(filesOf(outcome), [{ path: "a", outcome: "created" }]);
});

const ENDLESS: Readonly<Record<string, Message>> = {
  "for files": { State: "REQUEST", FILE: "none", crc32: 0 },
  "for unknown things": { State: "HELLO" },
};

for (const [what, message] of Object.entries(ENDLESS)) {
  Deno.test(`deliverOriginalAsKeeper ends with too-many-messages where a node asks ${what} without end`, async () => {
    let answers = 0;
    const { result } = await deliver({ a: SECRET, b: "b" }, async (node) => {
      for (;; answers++) {
        await node.say(message);
        await node.read();
      }
    });
    assertFails(result, ProtocolError, "too-many-messages");
    assertEquals(answers, 2 * 2 + SPARE_REQUESTS);
  });
}

Deno.test("deliverOriginalAsKeeper ends with too-many-messages where a node draws more than it can need", async () => {
  const size = SPARE_CONTENT_BYTES / 2;
  const source = await sourceOf({ a: SECRET });
  // What counts is what the list says: the bytes themselves would only take time.
  const entries = source.entries.map((entry) => ({ ...entry, size }));
  const open = () => Promise.resolve({ offset: 0, chunks: chunksOf(SECRET) });
  let answers = 0;
  const { result } = await deliver({ ...source, entries, open }, async (node) => {
    for (;; answers++) assertEquals((await node.ask("a"))["Status"], "Success");
  });
  assertFails(result, ProtocolError, "too-many-messages");
  assertEquals(answers, 4);
});

Deno.test("deliverOriginalAsKeeper sends a large file in pieces, which our agent puts together", async () => {
  const { agent, keeper, keeperWrites } = await openOriginalPair();
  const store = new FragileStore();
  const pieces = LARGE.match(/[^]{1,30000}/gu) ?? [];
  const open = () => Promise.resolve({ offset: 0, chunks: chunksOf(...pieces) });
  const [received, delivered] = await Promise.all([
    receiveOriginalAsAgent(agent, store, { files: ["large"] }),
    deliverOriginalAsKeeper(keeper, await sourceOf({ large: LARGE }, { open })),
  ]);
  for (const { files } of [received, delivered]) {
    assertEquals(files, [{ path: "large", outcome: "created" }]);
  }
  assert(decodeUtf8(store.read("large") ?? new Uint8Array(0)) === LARGE, "another text arrived");
  assert(keeperWrites.length > pieces.length, `${keeperWrites.length} writes`);
});

/** Opens as the original source would at first, and gives other contents from then on. */
async function changing(
  text: string,
  ...later: readonly (string | Bytes | Error)[]
): Promise<SecretSource> {
  let opened = 0;
  const source = await sourceOf({ a: text, b: "b" });
  const open = async (...args: Parameters<SecretSource["open"]>): Promise<SecretContent | null> => {
    if (args[0].path !== "a" || opened++ === 0) return await source.open(...args);
    return later.length === 0 ? null : { offset: 0, chunks: chunksOf(...later) };
  };
  return { ...source, open };
}

const CHANGED = new StorageError("file-changed", "it was written to");

for (
  const [what, ...later] of [
    ["changes while it is read", SECRET.slice(0, 5), CHANGED],
    ["is no text any more", Uint8Array.of(0x61, 0xff)],
  ] as const
) {
  Deno.test(`deliverOriginalAsKeeper fails a file that ${what}, and serves the next`, async () => {
    const outcome = await deliver(await changing(SECRET, ...later), async (node) => {
      assertEquals(answered(await node.ask("a")), NOT_FOUND);
      assertEquals(answered(await node.ask("b")), ["DATA", "Success", "b"]);
      await node.finish();
    });
    assertEquals(filesOf(outcome), [
      { path: "a", outcome: "failed", code: "file-changed" },
      { path: "b", outcome: "created" },
    ]);
  });
}

Deno.test("deliverOriginalAsKeeper breaks off where a large file changes while it is sent", async () => {
  const source = await changing(LARGE, LARGE.slice(0, 5_000), CHANGED);
  const { agent, keeper } = await openOriginalPair();
  const store = new FragileStore();
  const [received, delivered] = await Promise.allSettled([
    receiveOriginalAsAgent(agent, store, { files: ["a", "b"] }),
    deliverOriginalAsKeeper(keeper, source),
  ]);
  assert(delivered.status === "rejected" && delivered.reason === CHANGED);
  assert(received.status === "rejected" && received.reason instanceof ConnectionError);
  assertEquals([store.paths(), store.discarded], [[], 1]);
});

Deno.test("deliverOriginalAsKeeper sends nothing of a file that is not what the list says", async () => {
  const gone = await sourceOf({ a: SECRET, b: "b" }, { open: () => Promise.resolve(null) });
  for (const source of [await changing(SECRET), gone]) {
    const outcome = await deliver(source, async (node) => {
      assertEquals(answered(await node.ask("a")), NOT_FOUND);
      await node.finish();
    });
    assertEquals(filesOf(outcome)[0], { path: "a", outcome: "changed" });
  }
});

Deno.test("deliverOriginalAsKeeper reads a file once for all nodes to know its checksum", async () => {
  const textFacts: TextFactsCache = new Map();
  let opened = 0;
  const source = await sourceOf({ a: SECRET });
  const open = (...args: Parameters<SecretSource["open"]>) => {
    opened++;
    if (opened > 1) return source.open(...args);
    return Promise.resolve({ offset: 0, chunks: chunksOf(CHANGED) });
  };
  const statuses: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    await deliver({ ...source, open }, async (node) => {
      statuses.push((await node.ask("a", checksumOf(SECRET)))["Status"]);
      await node.finish();
    }, { textFacts });
  }
  // What cannot be read is read again.
  assertEquals([statuses, opened], [["FileNotFound", "Match", "Match"], 2]);
});

Deno.test("deliverOriginalAsKeeper counts nothing as delivered that the node has not gone on from", async () => {
  const { result, told } = await deliver({ a: SECRET }, async (node) => {
    await node.ask("a");
    await node.link.close();
  });
  assertFails(result, ConnectionError, "truncated");
  assertEquals(told, []);
});

Deno.test("deliverOriginalAsKeeper refuses a request that was sent before", async () => {
  const { result } = await deliver({ a: SECRET }, async (node, writes) => {
    await node.ask("a");
    await node.send(writes.at(-1));
  });
  assertFails(result, ProtocolError, "open-failed");
});

Deno.test("deliverOriginalAsKeeper sends LF for other line ends, and says so", async () => {
  const crlf = "a\r\nb\rc\n";
  const outcome = await deliver({ crlf, bom: "\ufeffx\n" }, async (node) => {
    assertEquals((await node.ask("crlf"))["Body"], "a\nb\nc\n");
    assertEquals((await node.ask("crlf", checksumOf("a\nb\nc\n")))["Status"], "Match");
    assertEquals((await node.ask("bom"))["Body"], "\ufeffx\n");
    await node.finish();
  });
  assertEquals(outcome.told.filter((line) => line.startsWith("translated")), ["translated crlf"]);
});
