import { decodeUtf8 } from "../../../protocol/bytes.ts";
import { ConnectionError, ProtocolError, StorageError } from "../../../protocol/errors.ts";
import type { DeliveryReport } from "../../../protocol/exchange.ts";
import { CAREFUL, CLASSES, PROOF_OF_CONCEPT } from "../../../protocol/original/dialect.ts";
import type { OriginalOptions } from "../../../protocol/original/handshake.ts";
import { CHECKSUM_FREE_BYTES, MAX_NODE_LINE_BYTES } from "../../../protocol/original/limits.ts";
import {
  type OriginalReceiveOptions,
  receiveOriginalAsAgent,
} from "../../../protocol/original/receive_as_agent.ts";
import type { SecretStore, StagedFile, StageOptions } from "../../../protocol/secret_store.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { FragileStore } from "../../support/fragile_store.ts";
import {
  asOriginal,
  assertFails,
  checksumOf,
  MATCH,
  type Message,
  MISSING,
  openOriginalPair,
  type OriginalPair,
  playAgainst,
  ScriptedPeer,
  sealLine,
  storeOf,
  success,
} from "../../support/original_pair.ts";
import { COLLISION } from "../../support/original_peers.ts";

const OLD = "old";
const NEW = "new and longer";
/** Is opened and put in place in several pieces. */
const LONG = "long ".repeat(60_000);

interface Outcome {
  readonly result: DeliveryReport | Error;
  /** Each write of the agent behind its STARTAES. */
  readonly writes: readonly string[];
}

type Writes = Pick<OriginalPair, "agentWrites" | "keeperWrites">;

/** Runs our agent against a vault that a test plays. */
async function receive(
  play: (vault: ScriptedPeer, writes: Writes) => Promise<unknown>,
  options: OriginalReceiveOptions & OriginalOptions & { readonly store?: SecretStore },
): Promise<Outcome> {
  const { store = new FragileStore(), messageTimeoutMs = 20_000, ...agent } = options;
  const pair = await openOriginalPair({ agent });
  const session = { ...pair.agent, messageTimeoutMs };
  const result = await playAgainst(receiveOriginalAsAgent(session, store, options), {
    peer: new ScriptedPeer(pair.keeper),
    play: (vault) => play(vault, pair),
  });
  return { result, writes: pair.agentWrites.slice(2).map((line) => decodeUtf8(line)) };
}

function filesOf({ result }: Outcome): DeliveryReport["files"] {
  if (result instanceof Error) throw result;
  return result.files;
}

function textAt(store: FragileStore, path: string): string | null {
  const bytes = store.read(path);
  return bytes === undefined ? null : decodeUtf8(bytes);
}

Deno.test("receiveOriginalAsAgent asks for its files in their order and puts them in place", async () => {
  const store = await storeOf({});
  const files = { a: NEW, "b/c.txt": "caf\u00e9 \ud83d\ude00\n\0" };
  const requests: Message[] = [];
  const outcome = await receive(async (vault) => {
    requests.push(...await vault.serve(asOriginal(files)));
  }, { store, files: Object.keys(files) });
  assertEquals(outcome.result, {
    files: [{ path: "a", outcome: "created" }, { path: "b/c.txt", outcome: "created" }],
    hooks: [],
    contentBytes: NEW.length + 12,
  });
  for (const [path, text] of Object.entries(files)) assertEquals(textAt(store, path), text);
  assertEquals(
    requests.map(({ fill: _fill, ...rest }) => rest),
    Object.keys(files).map((FILE) => ({ State: "REQUEST", FILE, crc32: 0 })),
  );
  assert(requests[0]?.["fill"] !== requests[1]?.["fill"], "each request has a fill of its own");
});

Deno.test("receiveOriginalAsAgent keeps what is the same, and commits nothing", async () => {
  const store = await storeOf({ a: NEW });
  const outcome = await receive((vault) => vault.serve(() => success(NEW)), {
    store,
    files: ["a"],
  });
  assertEquals(filesOf(outcome), [{ path: "a", outcome: "unchanged" }]);
  assert(!store.steps.includes("commit a"), String(store.steps));
  assertEquals(store.discarded, 1);
});

Deno.test("receiveOriginalAsAgent replaces what has changed, and keeps what the vault lacks", async () => {
  const store = await storeOf({ changed: OLD, gone: OLD });
  const outcome = await receive((vault) => vault.serve(asOriginal({ changed: NEW })), {
    store,
    files: ["changed", "gone", "never"],
  });
  assertEquals(filesOf(outcome), [
    { path: "changed", outcome: "updated" },
    { path: "gone", outcome: "missing" },
    { path: "never", outcome: "missing" },
  ]);
  assertEquals([textAt(store, "changed"), textAt(store, "gone")], [NEW, OLD]);
  assertEquals(store.paths(), ["changed", "gone"]);
});

Deno.test("receiveOriginalAsAgent stages for its owner alone, of a size that it does not know", async () => {
  const store = new FragileStore();
  const staged: StageOptions[] = [];
  const stage = (path: string, options: StageOptions): Promise<StagedFile> => {
    staged.push(options);
    return store.stage(path);
  };
  await receive((vault) => vault.serve(() => success(NEW)), {
    store: Object.assign(new FragileStore(), { stage }),
    files: ["a"],
  });
  assertEquals(staged, [{ size: null, mode: 0o600 }]);
});

for (const [held, outcome] of [[null, "created"], [OLD, "updated"], ["", "unchanged"]] as const) {
  Deno.test(`receiveOriginalAsAgent asks again for an empty file that Match may mean: ${outcome}`, async () => {
    const store = await storeOf(held === null ? {} : { empty: held });
    const checksums: unknown[] = [];
    const result = await receive(async (vault) => {
      const requests = await vault.serve(asOriginal({ empty: "", next: NEW }));
      checksums.push(...requests.map(({ crc32 }) => crc32));
    }, { store, files: ["empty", "next"] });
    assertEquals(filesOf(result), [
      { path: "empty", outcome },
      { path: "next", outcome: "created" },
    ]);
    assertEquals(checksums, [0, 1, 0]);
    assertEquals(textAt(store, "empty"), "");
  });
}

Deno.test("receiveOriginalAsAgent refuses a vault that finds a match whatever is asked", async () => {
  const store = await storeOf({ a: OLD });
  const { result } = await receive((vault) => vault.serve(() => MATCH), { store, files: ["a"] });
  assertFails(result, ProtocolError, "message-unexpected");
  assertEquals(textAt(store, "a"), OLD);
});

Deno.test("receiveOriginalAsAgent replaces a file whose checksum the new one has too", async () => {
  const [before, after] = COLLISION;
  assertEquals(checksumOf(before), checksumOf(after));
  const store = await storeOf({ password: before });
  const outcome = await receive((vault) => vault.serve(asOriginal({ password: after })), {
    store,
    files: ["password"],
  });
  assertEquals(filesOf(outcome), [{ path: "password", outcome: "updated" }]);
  assertEquals(textAt(store, "password"), after);
});

Deno.test("receiveOriginalAsAgent asks by checksum for files above a limit alone", async () => {
  const files = {
    small: "x".repeat(CHECKSUM_FREE_BYTES),
    large: "x".repeat(CHECKSUM_FREE_BYTES + 1),
  };
  const store = await storeOf(files);
  const checksums: unknown[] = [];
  const outcome = await receive(async (vault) => {
    const requests = await vault.serve(({ crc32 }) => crc32 === 0 ? success(NEW) : MATCH);
    checksums.push(...requests.map(({ crc32 }) => crc32));
  }, { store, files: Object.keys(files) });
  assertEquals(checksums, [0, checksumOf(files.large)]);
  assertEquals(filesOf(outcome), [
    { path: "small", outcome: "updated" },
    { path: "large", outcome: "unchanged" },
  ]);
});

Deno.test("receiveOriginalAsAgent replaces a file that is not UTF-8, however large", async () => {
  const binary = new Uint8Array(CHECKSUM_FREE_BYTES + 1).fill(0xff);
  const store = await storeOf({ small: Uint8Array.of(0xc3, 0x28), large: binary });
  const outcome = await receive(async (vault) => {
    const requests = await vault.serve(asOriginal({ small: NEW, large: NEW }));
    assertEquals(requests.map(({ crc32 }) => crc32), [0, 0]);
  }, { store, files: ["small", "large"] });
  assertEquals(filesOf(outcome).map(({ outcome }) => outcome), ["updated", "updated"]);
  assertEquals([textAt(store, "small"), textAt(store, "large")], [NEW, NEW]);
});

for (const step of ["inspect", "stage", "write", "second write", "commit"]) {
  Deno.test(`receiveOriginalAsAgent fails one file alone where its store fails at ${step}`, async () => {
    let writes = 0;
    const store = await storeOf({ bad: OLD }, (at, path) => {
      if (path !== "bad") return;
      if (at === "write") writes++;
      const isNow = step === "second write" ? writes === 2 : at === step;
      if (isNow) throw new StorageError("disk-full", "full");
    });
    const outcome = await receive((vault) => vault.serve(asOriginal({ bad: LONG, good: LONG })), {
      store,
      files: ["bad", "good"],
    });
    assertEquals(filesOf(outcome), [
      { path: "bad", outcome: "failed", code: "disk-full" },
      { path: "good", outcome: "created" },
    ]);
    assertEquals([textAt(store, "bad"), textAt(store, "good")], [OLD, LONG]);
    assertEquals(store.discarded, step === "inspect" || step === "stage" ? 0 : 1);
  });
}

Deno.test("receiveOriginalAsAgent fails a path that its store refuses, and asks for the rest", async () => {
  const store = await storeOf({});
  const asked: unknown[] = [];
  const outcome = await receive(async (vault) => {
    asked.push(...(await vault.serve(() => success(NEW))).map(({ FILE }) => FILE));
  }, { store, files: ["../x", "good", ""] });
  assertEquals(filesOf(outcome), [
    { path: "../x", outcome: "failed", code: "path-refused" },
    { path: "good", outcome: "created" },
    { path: "", outcome: "failed", code: "path-refused" },
  ]);
  assertEquals([asked, store.paths()], [["good"], ["good"]]);
});

Deno.test("receiveOriginalAsAgent asks for a name as often as it is listed", async () => {
  const outcome = await receive((vault) => vault.serve(() => success(NEW)), { files: ["a", "a"] });
  assertEquals(filesOf(outcome).map(({ outcome }) => outcome), ["created", "unchanged"]);
});

/** What a vault may do wrong once it is asked for `b`, behind an honest answer for `a`. */
type Attack = (
  vault: ScriptedPeer,
  past: Writes & { readonly first: Message },
) => Promise<void>;

/** Bends the honest answer. */
function bent(members: Message): Attack {
  return async (vault) => void await vault.answerNext({ ...success(LONG), ...members });
}

/** Answers with one letter of the sealed message changed. */
function withFlipped(part: string, at: number): Attack {
  return async (vault) => {
    const answer = { ...await vault.read(), State: "DATA", ...success(LONG) };
    const line = await sealLine(answer, (envelope) => {
      const letters = [...envelope[part] ?? ""];
      letters[at] = letters[at] === "0" ? "1" : "0";
      envelope[part] = letters.join("");
    });
    await vault.send(line);
  };
}

const ATTACKS: Readonly<Record<string, readonly [code: string, attack: Attack]>> = {
  "that was sent before": ["open-failed", async (vault, { keeperWrites }) => {
    await vault.read();
    await vault.send(keeperWrites.at(-1));
  }],
  "that answers the request before": ["message-unexpected", async (vault, { first }) => {
    await vault.read();
    await vault.answer(first, success(LONG));
  }],
  "that is the node's request, sent back": ["open-failed", async (vault, { agentWrites }) => {
    await vault.read();
    await vault.send(agentWrites.at(-1));
  }],
  "for another file": ["message-unexpected", bent({ FILE: "c" })],
  "for a file above the folder": ["message-unexpected", bent({ FILE: "../b" })],
  "with the fill of another request": ["message-unexpected", bent({ fill: "00".repeat(16) })],
  "that is no DATA": ["message-unexpected", bent({ State: "REQUEST", Status: "Unknown Command" })],
  "of an unknown status": ["message-malformed", bent({ Status: "Perhaps" })],
  "without a status": ["message-malformed", bent({ Status: null })],
  "whose text is a number": ["message-malformed", bent({ Body: 1 })],
  "whose text is null": ["message-malformed", bent({ Body: null })],
  "without a text": ["message-malformed", async (vault) => {
    await vault.say({ ...await vault.read(), State: "DATA", Status: "Success" });
  }],
  "that is long and whose tag is wrong": ["open-failed", withFlipped("tag", 0)],
  "that is long and of which a bit was flipped": [
    "open-failed",
    withFlipped("ciphertext", 200_000),
  ],
};

for (const [what, [code, attack]] of Object.entries(ATTACKS)) {
  Deno.test(`receiveOriginalAsAgent ends with ${code} at an answer ${what}, and keeps the old file`, async () => {
    const store = await storeOf({ b: OLD });
    const { result } = await receive(async (vault, writes) => {
      await attack(vault, { ...writes, first: await vault.answerNext(success(NEW)) });
    }, { store, files: ["a", "b"] });
    assertFails(result, ProtocolError, code);
    assertEquals([textAt(store, "a"), textAt(store, "b")], [NEW, OLD]);
    const staged = store.steps.filter((step) => step === "stage b").length;
    assertEquals([store.discarded, store.paths()], [staged, ["b", "a"]]);
  });
}

Deno.test("receiveOriginalAsAgent puts nothing in place where the vault hangs up within an answer", async () => {
  const store = await storeOf({ a: OLD });
  const { result } = await receive(async (vault) => {
    const answer = { ...await vault.read(), State: "DATA", ...success(LONG) };
    const line = await sealLine(answer);
    await vault.send(line.subarray(0, -40));
    await vault.link.close();
  }, { store, files: ["a"] });
  assertFails(result, ConnectionError, "truncated");
  assertEquals([textAt(store, "a"), store.discarded], [OLD, 1]);
});

Deno.test("receiveOriginalAsAgent waits for an answer no longer than it is told", async () => {
  const soon = { files: ["a"], messageTimeoutMs: 250 };
  const { result } = await receive((vault) => vault.read(), soon);
  assertFails(result, ConnectionError, "timed-out");
});

Deno.test("receiveOriginalAsAgent ends with the signal's reason while it waits for an answer", async () => {
  const control = new AbortController();
  const reason = new Error("stop");
  const { result } = await receive((vault) => vault.read().then(() => control.abort(reason)), {
    files: ["a"],
    signal: control.signal,
  });
  assert(result === reason, String(result));
});

Deno.test("receiveOriginalAsAgent takes nothing behind its DONE", async () => {
  const store = await storeOf({});
  const outcome = await receive(async (vault) => {
    const request = await vault.answerNext(success(NEW));
    assertEquals((await vault.read())["State"], "DONE");
    await vault.answer({ ...request, FILE: "b" }, success(LONG));
    await vault.link.close();
  }, { store, files: ["a"] });
  assertEquals(filesOf(outcome), [{ path: "a", outcome: "created" }]);
  assertEquals(store.steps, ["inspect a", "stage a", "write a", "commit a"]);
});

Deno.test("receiveOriginalAsAgent does not wait long for a vault that stays after DONE", async () => {
  const { result } = await receive(async (vault) => {
    await vault.answerNext(success(NEW));
    await vault.read();
  }, { files: ["a"], farewellTimeoutMs: 10 });
  assert(!(result instanceof Error), String(result));
});

Deno.test("receiveOriginalAsAgent makes what is in place durable before it says DONE", async () => {
  const settle = () => Promise.reject(new StorageError("io-failed", "no"));
  const { result, writes } = await receive((vault) => vault.serve(() => success(NEW)), {
    store: Object.assign(new FragileStore(), { settle }),
    files: ["a"],
  });
  assertFails(result, StorageError, "io-failed");
  assertEquals(writes.length, 1);
});

Deno.test("receiveOriginalAsAgent takes no text from an answer that is no success", async () => {
  const store = new FragileStore();
  const play = (vault: ScriptedPeer) =>
    vault.serve((_, i) => i === 0 ? { Status: "Match", Body: "x" } : success("y"));
  await receive(play, { files: ["a"], store });
  assertEquals(store.read("a"), new TextEncoder().encode("y"));
});

Deno.test("receiveOriginalAsAgent with no files says DONE at once", async () => {
  const { result, writes } = await receive((vault) => vault.serve(() => MISSING), { files: [] });
  assertEquals([result, writes.length], [{ files: [], hooks: [], contentBytes: 0 }, 1]);
});

const DIALECTS = { "its own": CAREFUL, "the first": PROOF_OF_CONCEPT, "the second": CLASSES };

for (const [name, dialect] of Object.entries(DIALECTS)) {
  Deno.test(`receiveOriginalAsAgent writes each message at once, in ${name} dialect`, async () => {
    const files = ["a", "b/c"];
    const { writes } = await receive((vault) => vault.serve(() => success(NEW)), {
      files,
      dialect,
    });
    assertEquals(writes.length, 3);
    for (const line of writes) {
      assertMatch(line, dialect.endsRequests ? /^{[^\n]+}\n$/ : /^{[^\n]+}$/);
    }
  });
}

Deno.test("receiveOriginalAsAgent asks in at most 8,192 bytes, and sends nothing of a longer line", async () => {
  const store = Object.assign(new FragileStore(), { inspect: () => Promise.resolve(null) });
  // An envelope has an odd number of bytes, its newline included.
  const longest = "n".repeat(3_954);
  const { result, writes } = await receive((vault) => vault.serve(() => MISSING), {
    store,
    files: [longest, `${longest}n`],
  });
  assertFails(result, ProtocolError, "line-too-long");
  assertEquals(writes.map((line) => line.length), [MAX_NODE_LINE_BYTES - 1]);
});
