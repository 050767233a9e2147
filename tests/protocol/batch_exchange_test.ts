import { BatchRequests, installContents } from "../../protocol/batch_exchange.ts";
import { type Bytes, encodeHex, encodeUtf8, joinBytes } from "../../protocol/bytes.ts";
import { compressWhole } from "../../protocol/content_encoding.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { FluxVaultError, ProtocolError, StorageError } from "../../protocol/errors.ts";
import { encodeResetFrame } from "../../protocol/frame.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { RESET_CODE } from "../../protocol/streams.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { FragileStore } from "../support/fragile_store.ts";
import type { HandKeeper, Message } from "../support/hand_keeper.ts";
import { entriesOf, filesOf, receive } from "../support/receiving_agent.ts";

/** As few files as an agent asks for by a batch, in the order of the manifest; one has no bytes. */
const NAMES = "abcdefghijklmnop".split("");
const CONTENTS = NAMES.map((name, i) => encodeUtf8(`${name}\n`.repeat(30 * i)));
const FILES = Object.fromEntries(NAMES.map((name, i) => [name, CONTENTS[i] ?? new Uint8Array(0)]));
const ENTRIES = await entriesOf(FILES);
const WHOLE = joinBytes(CONTENTS);
const PACKED = await compressWhole(WHOLE) ?? WHOLE;
const ENCODING = { Encoding: "deflate-raw", PlainSize: WHOLE.length };

/** Answers the one batch as a test says; returns how each file ended, where the session lasts. */
async function bring(
  answer: (keeper: HandKeeper, batch: Message) => Promise<unknown>,
  store = new FragileStore(),
) {
  const outcome = await receive(store, async (keeper) => {
    await keeper.sendManifest(ENTRIES);
    await answer(keeper, await keeper.peer.readMessage());
    await keeper.takeDone();
    await keeper.finish();
  });
  return { ...outcome, store };
}

/** Returns outcome and code where all files ended in the same way. */
function ended(outcome: Awaited<ReturnType<typeof bring>>): string {
  const all = filesOf(outcome).map(({ outcome, code }) => `${outcome} ${code ?? ""}`.trim());
  assertEquals([all.length, new Set(all).size], [NAMES.length, 1]);
  return all[0] ?? "";
}

const GOOD: Readonly<Record<string, readonly [Bytes, Message, contentBytes: number]>> = {
  "as they are": [WHOLE, {}, WHOLE.length],
  "compressed": [PACKED, ENCODING, PACKED.length],
};

for (const [what, [bytes, more, contentBytes]] of Object.entries(GOOD)) {
  Deno.test(`BatchRequests brings small files, all at once, ${what}`, async () => {
    const outcome = await bring(async (keeper, batch) => {
      assertEquals(batch, {
        ...{ State: "BATCH", Id: 1, Entries: NAMES.map((_, i) => i), Accept: "deflate-raw" },
      });
      await keeper.answerBatch(batch, [bytes], more);
    });
    assertEquals(ended(outcome), "created");
    for (const [name, contents] of Object.entries(FILES)) {
      assertEquals(outcome.store.read(name), contents);
    }
    assert(!(outcome.result instanceof Error));
    assertEquals(outcome.result.contentBytes, contentBytes);
  });
}

Deno.test("BatchRequests leaves what changed, and puts the others in their places", async () => {
  const changed = [0, 3, 15];
  const outcome = await bring(async (keeper, batch) => {
    const there = CONTENTS.filter((_, i) => !changed.includes(i));
    await keeper.answerBatch(batch, there, { Changed: changed });
  });
  const told = filesOf(outcome).flatMap(({ path, outcome }) => outcome === "changed" ? path : []);
  assertEquals(told, ["a", "d", "p"]);
  assertEquals(outcome.store.paths().length, 13);
  assertEquals([outcome.store.read("c"), outcome.store.read("o")], [CONTENTS[2], CONTENTS[14]]);
});

Deno.test("BatchRequests takes a batch of which nothing is left", async () => {
  const outcome = await bring((keeper, batch) =>
    keeper.answerBatch(batch, [], { Changed: NAMES.map((_, i) => i) })
  );
  assertEquals(ended(outcome), "changed");
  assertEquals(outcome.store.paths(), []);
});

const BROKEN: Readonly<
  Record<string, readonly [string, (keeper: HandKeeper, batch: Message) => Promise<unknown>]>
> = {
  "an answer to a batch that there is not": ["message-unexpected", (keeper) => {
    return keeper.answerBatch({ Id: 2 }, CONTENTS);
  }],
  "a second answer": ["message-unexpected", async (keeper, batch) => {
    for (let i = 0; i < 2; i++) await keeper.answerBatch(batch, CONTENTS);
  }],
  "the answer to a request": ["message-unexpected", (keeper, { Id }) => {
    return keeper.peer.sendMessage({ State: "DATA", Id, Status: "Changed" });
  }],
  "a batch of its own": ["message-unexpected", (keeper) => {
    return keeper.peer.sendMessage({ State: "BATCH", Id: 1, Entries: [0] });
  }],
  "a file that it did not ask for": ["message-unexpected", (keeper, batch) => {
    return keeper.answerBatch(batch, CONTENTS, { Changed: [16] });
  }],
  "more than the manifest says": ["message-unexpected", (keeper, batch) => {
    return keeper.answerBatch(batch, [WHOLE, new Uint8Array(1)]);
  }],
  "less than the manifest says": ["message-unexpected", (keeper, batch) => {
    return keeper.answerBatch(batch, [WHOLE.slice(1)]);
  }],
  "all bytes, and the word that one file is not among them": [
    "message-unexpected",
    (keeper, batch) => keeper.answerBatch(batch, CONTENTS, { Changed: [1] }),
  ],
  "what becomes more than the manifest says": ["message-unexpected", (keeper, batch) => {
    return keeper.answerBatch(batch, [PACKED], { ...ENCODING, PlainSize: WHOLE.length + 1 });
  }],
  "what is compressed and no shorter": ["message-unexpected", (keeper, batch) => {
    return keeper.answerBatch(batch, [WHOLE], ENCODING);
  }],
  "changes that do not ascend": ["message-malformed", (keeper, batch) => {
    return keeper.answerBatch(batch, CONTENTS, { Changed: [1, 0] });
  }],
  "no stream": ["message-malformed", (keeper, { Id }) => {
    return keeper.peer.sendMessage({ State: "BATCH-DATA", Id });
  }],
};

for (const [what, [code, answer]] of Object.entries(BROKEN)) {
  Deno.test(`BatchRequests ends with ${code} at ${what}`, async () => {
    const { result, told } = await receive(new FragileStore(), async (keeper) => {
      await keeper.sendManifest(ENTRIES);
      await answer(keeper, await keeper.peer.readMessage());
    });
    assert(result instanceof FluxVaultError, String(result));
    assertEquals([result.code, told], [code, code]);
  });
}

Deno.test("BatchRequests lets all files of a batch fail that cannot be restored, and goes on", async () => {
  const lies: readonly Bytes[] = [PACKED.map(() => 0xff), PACKED.slice(0, -9)];
  for (const bytes of lies) {
    const outcome = await bring((keeper, batch) => keeper.answerBatch(batch, [bytes], ENCODING));
    assertEquals(ended(outcome), "failed digest-mismatch");
    assertEquals(outcome.store.paths(), []);
  }
});

for (const [code, expected] of [[RESET_CODE.changed, "changed"], [3, "failed connection-lost"]]) {
  Deno.test(`BatchRequests takes a batch that is given up with ${code} for ${expected}`, async () => {
    const outcome = await bring(async (keeper, { Id }) => {
      const Stream = keeper.announce();
      await keeper.peer.sendMessage({
        ...{ State: "BATCH-DATA", Id, Stream, StreamSize: WHOLE.length },
      });
      await keeper.peer.send(encodeResetFrame(Stream, Number(code)));
    });
    assertEquals(ended(outcome), expected);
  });
}

Deno.test("BatchRequests leaves nothing waiting when the keeper breaks off, asked for or not", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1_500 }, (_, i) => [`f${i}`, encodeUtf8("new")]),
  );
  const entries = await entriesOf(files);
  for (const code of ["truncated", "busy", "message-unexpected"]) {
    const store = new FragileStore();
    const { result } = await receive(store, async (keeper) => {
      await keeper.sendManifest(entries);
      for (let i = 0; i < 4; i++) assertEquals((await keeper.peer.readMessage())["State"], "BATCH");
      if (code === "truncated") await keeper.peer.link.closeWriting();
      else if (code === "busy") await keeper.peer.sendMessage({ State: "FAILED", Code: code });
      else await keeper.answerBatch({ Id: 1 }, CONTENTS);
    });
    assert(result instanceof FluxVaultError, String(result));
    assertEquals([result.code, store.paths()], [code, []]);
  }
});

Deno.test("BatchRequests waits for no answer once the session is over", async () => {
  const asked: number[] = [];
  let isOver = false;
  const session = {
    send: (message: Message) => {
      asked.push(Number(message["Id"]));
      return Promise.resolve();
    },
  };
  const over = new TypeError("over");
  const requests = new BatchRequests(session as never, {
    takeId: () => asked.length + 7,
    throwIfOver: () => {
      if (isOver) throw over;
    },
  });
  const files = ENTRIES.map((entry, number) => ({ number, entry }));
  const waiting = [requests.bring(files, () => {}), requests.bring(files, () => {})];
  requests.fail(over);
  isOver = true;
  for (const bringing of [...waiting, requests.bring(files, () => {})]) {
    assertEquals(await bringing.catch((error) => error), over);
  }
  assertEquals([asked, requests.contentBytes], [[7, 8], 0]);
});

async function install(bytes: Bytes, store: FragileStore, entry: Partial<FileEntry> = {}) {
  const digest = encodeHex(await sha256Digest(bytes));
  return await installContents(
    {
      ...{ kind: "file", path: "x", digest, size: bytes.length, mode: 0o600, strategy: "STRICT" },
      ...entry,
    },
    bytes,
    { store },
  );
}

Deno.test("installContents puts a file in place, and does not write where there is nothing", async () => {
  const steps: string[] = [];
  const store = new FragileStore((step) => steps.push(step));
  assertEquals(await install(encodeUtf8("one"), store), "created");
  assertEquals(await install(new Uint8Array(0), store), "updated");
  assertEquals(steps, ["stage", "write", "commit", "stage", "commit"]);
  assertEquals([store.read("x"), store.discarded], [new Uint8Array(0), 0]);
});

Deno.test("installContents stages nothing that is not as declared", async () => {
  const steps: string[] = [];
  const store = new FragileStore((step) => steps.push(step));
  const run = () => install(encodeUtf8("one"), store, { digest: "ab".repeat(32) });
  await assertRejects(run, ProtocolError, "digest-mismatch");
  assertEquals(steps, []);
});

for (const step of ["stage", "write", "commit"]) {
  Deno.test(`installContents leaves nothing behind where its store fails at ${step}`, async () => {
    const store = new FragileStore((at) => {
      if (at === step) throw new StorageError("disk-full", "full");
    });
    await assertRejects(() => install(encodeUtf8("one"), store), StorageError, "disk-full");
    assertEquals([store.paths(), store.discarded], [[], step === "stage" ? 0 : 1]);
  });
}

Deno.test("BatchRequests lets one file fail alone: by its bytes, or by what the store says", async () => {
  let failures = 0;
  const store = new FragileStore((step, path) => {
    const hasNoRoom = step === "commit" && ["c", "f"].includes(path) && failures++ < 2;
    if (hasNoRoom) throw new StorageError("disk-full", "full");
  });
  const outcome = await receive(store, async (keeper) => {
    await keeper.sendManifest(ENTRIES);
    const wrong = CONTENTS[3]?.map(() => 0x21) ?? WHOLE;
    await keeper.answerBatch(await keeper.peer.readMessage(), CONTENTS.with(3, wrong));
    // What found no room is asked for once more, by itself.
    const again = await keeper.peer.readMessage();
    assertEquals([again["State"], again["File"], again["Id"]], ["REQUEST", "c", 2]);
    await keeper.answer(again, FILES["c"] ?? WHOLE);
    await keeper.takeDone();
    await keeper.finish();
  });
  assertEquals(filesOf(outcome).filter(({ outcome }) => outcome === "failed"), [
    { path: "d", outcome: "failed", code: "digest-mismatch" },
    { path: "f", outcome: "failed", code: "disk-full" },
  ]);
  assertEquals([store.paths().length, store.read("c")], [14, FILES["c"]]);
});

Deno.test("BatchRequests ends the session where the store fails otherwise", async () => {
  const store = new FragileStore((step, path) => {
    if (step === "commit" && path === "f") throw new TypeError("a bug");
  });
  const { result, told } = await receive(store, async (keeper) => {
    await keeper.sendManifest(ENTRIES);
    await keeper.answerBatch(await keeper.peer.readMessage(), CONTENTS);
  });
  assert(result instanceof TypeError, String(result));
  assertEquals(told, null);
});
