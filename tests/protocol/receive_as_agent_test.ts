import { type Bytes, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { decompressWhole } from "../../protocol/content_encoding.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { createHasher } from "../../protocol/hasher.ts";
import {
  ConnectionError,
  FluxVaultError,
  PeerRejectedError,
  ProtocolError,
  StorageError,
} from "../../protocol/errors.ts";
import { MAX_OPEN_REQUESTS, MIN_RESUMED_BYTES } from "../../protocol/limits.ts";
import { type FileEntry, type Hook, MemorySecretStore } from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { streamOf } from "../support/duplex_cuts.ts";
import { FragileStore } from "../support/fragile_store.ts";
import { NOTHING } from "../support/hand_agent.ts";
import type { HandKeeper, Message } from "../support/hand_keeper.ts";
import { hookResult, LoggedHooks, LoggedStore } from "../support/logged_delivery.ts";
import { entriesOf, filesOf, fill, receive } from "../support/receiving_agent.ts";
import { fixedIdentity } from "../support/session_pair.ts";

const OLD = encodeUtf8("old");
const NEW = encodeUtf8("new and longer");
const MANIFEST = await entriesOf({ a: NEW });

Deno.test("receiveAsAgent asks for what is missing or differs, and for nothing else", async () => {
  const store = new MemorySecretStore();
  await fill(store, { "kept": NEW, "changed": OLD, "own": OLD });
  const declared = await entriesOf({ kept: NEW, changed: NEW, made: NEW, own: NEW });
  const entries = declared.map((entry) => {
    return entry.path === "own" ? { ...entry, strategy: "ENSURE_CREATED" as const } : entry;
  });
  const outcome = await receive(store, async (keeper) => {
    await keeper.sendManifest(entries);
    const requests = [await keeper.peer.readMessage(), await keeper.peer.readMessage()];
    requests.sort((a, b) => String(a["File"]) < String(b["File"]) ? -1 : 1);
    // What is there instead is not said: it may be anybody's, and a digest gives a weak secret away.
    assertEquals(requests.map(({ File, Digest }) => [File, Digest]), [
      ["changed", null],
      ["made", null],
    ]);
    for (const request of requests) await keeper.answer(request, NEW);
    const { counts, lines } = await keeper.takeDone();
    assertEquals(counts, { ...NOTHING, Created: 1, Updated: 1, Unchanged: 2 });
    assertEquals(lines.map(({ Path, Outcome }) => `${Path} ${Outcome}`).sort(), [
      "changed updated",
      "made created",
    ]);
    await keeper.finish();
  });
  assertEquals(filesOf(outcome).length, 4);
  assertEquals([store.read("changed"), store.read("made"), store.read("own")], [NEW, NEW, OLD]);
});

Deno.test("receiveAsAgent needs no manifest twice", async () => {
  const store = new MemorySecretStore();
  await fill(store, { a: NEW });
  for (const isHeld of [false, true]) {
    const outcome = await receive(store, async (keeper) => {
      assertEquals(await keeper.sendManifest(MANIFEST), isHeld);
      await keeper.takeDone();
      await keeper.finish();
    });
    assertEquals(filesOf(outcome), [{ path: "a", outcome: "unchanged" }]);
  }
});

Deno.test("receiveAsAgent asks for its own files too, once, and reports each answer", async () => {
  const files = ["declared", "denied", "gone", "changed", "same", "denied"];
  const answers: Record<string, string> = {
    denied: "Denied",
    gone: "FileNotFound",
    changed: "Changed",
  };
  const outcome = await receive(new MemorySecretStore(), async (keeper) => {
    await keeper.sendManifest(await entriesOf({ declared: NEW }));
    for (let i = 0; i < 5; i++) {
      const request = await keeper.peer.readMessage();
      const status = answers[String(request["File"])];
      if (status === undefined) await keeper.answer(request, NEW);
      else await keeper.peer.sendMessage({ State: "DATA", Id: request["Id"], Status: status });
    }
    const { counts } = await keeper.takeDone();
    assertEquals(counts, { ...NOTHING, Created: 2, Missing: 2, Failed: 1 });
    await keeper.finish();
  }, { files, createHasher });
  assertEquals(filesOf(outcome).map(({ path, outcome }) => `${path} ${outcome}`), [
    "declared created",
    "denied denied",
    "gone missing",
    "changed changed",
    "same created",
  ]);
});

Deno.test("receiveAsAgent refuses a path or a number that makes no sense before it asks", async () => {
  for (const options of [{ files: ["../x"] }, { files: [""] }, { filesInFlight: 0 }]) {
    const { result } = await receive(new MemorySecretStore(), () => Promise.resolve(), options);
    assert(result instanceof RangeError, String(result));
  }
});

type Play = (keeper: HandKeeper) => Promise<unknown>;
/** Sends the manifest, takes the one request, and goes on as the test says. */
function afterRequest(play: (keeper: HandKeeper, request: Message) => Promise<unknown>): Play {
  return async (keeper) => {
    await keeper.sendManifest(MANIFEST);
    await play(keeper, await keeper.peer.readMessage());
  };
}

const ATTACKS: Readonly<Record<string, readonly [code: string, play: Play]>> = {
  "work before the manifest": ["message-unexpected", (k) => {
    return k.peer.sendMessage({ State: "DONE-REPLY" });
  }],
  "a manifest that is too large": [
    "manifest-too-large",
    (k) => k.sendManifest([], { Size: 2 ** 26 }),
  ],
  "a manifest of another size": [
    "message-unexpected",
    (k) => k.sendManifest(MANIFEST, { Size: 3 }),
  ],
  "a manifest of another digest": [
    "digest-mismatch",
    (k) => k.sendManifest(MANIFEST, { Digest: "00".repeat(32) }),
  ],
  "a manifest that is malformed": ["manifest-malformed", async (k) => {
    const bytes = encodeUtf8("{}\n");
    const digest = encodeHex(await sha256Digest(bytes));
    await k.peer.sendMessage({
      State: "MANIFEST",
      ...{ Id: 4, Revision: 1, Issued: 1, Expires: 2, Digest: digest, Size: 3 },
    });
    await k.peer.readMessage();
    await k.sendStream({ State: "MANIFEST-DATA", Id: 4 }, bytes);
  }],
  "an answer to a batch in a plan": ["message-unexpected", async (k) => {
    await k.sendManifest(MANIFEST, { Plan: true });
    await k.answerBatch({ Id: 1 }, [NEW]);
  }],
  "an answer to nothing": [
    "message-unexpected",
    afterRequest(async (k) => {
      await k.peer.sendMessage({ State: "DATA", Id: 77, Status: "Denied" });
    }),
  ],
  "an answer twice": [
    "message-unexpected",
    afterRequest(async (k, { Id }) => {
      for (let i = 0; i < 2; i++) await k.peer.sendMessage({ State: "DATA", Id, Status: "Denied" });
    }),
  ],
  "another file than it declared": [
    "message-unexpected",
    afterRequest((k, request) => {
      return k.answer(request, OLD);
    }),
  ],
  "a part of the file": [
    "message-unexpected",
    afterRequest((k, request) => {
      return k.answer(request, NEW, { Offset: 1 });
    }),
  ],
  "a success without a stream": [
    "message-malformed",
    afterRequest(async (k, { Id }) => {
      await k.peer.sendMessage({ State: "DATA", Id, Status: "Success" });
    }),
  ],
  "DONE-REPLY before DONE": [
    "message-unexpected",
    afterRequest(async (k) => {
      await k.peer.sendMessage({ State: "DONE-REPLY" });
    }),
  ],
};

for (const [what, [code, play]] of Object.entries(ATTACKS)) {
  Deno.test(`receiveAsAgent ends with ${code} at ${what}, and says so`, async () => {
    const { result, told } = await receive(new MemorySecretStore(), play);
    assert(result instanceof FluxVaultError, String(result));
    assertEquals([result.code, told], [code, code]);
  });
}

Deno.test("receiveAsAgent settles every file when the keeper breaks off, asked for or not", async () => {
  const [entry] = MANIFEST;
  assert(entry !== undefined);
  const entries = Array.from({ length: 300 }, (_, i) => {
    return { ...entry, path: `f${i}`, size: MIN_RESUMED_BYTES };
  });
  const endings: Readonly<Record<string, Play>> = {
    truncated: (k) => k.peer.link.closeWriting(),
    "connection-lost": (k) => Promise.resolve(k.peer.link.fail(new TypeError("gone"))),
    busy: (k) => k.peer.sendMessage({ State: "FAILED", Code: "busy" }),
    "message-unexpected": (k) => k.peer.sendMessage({ State: "DATA", Id: 999, Status: "Denied" }),
  };
  for (const [code, end] of Object.entries(endings)) {
    const store = new FragileStore();
    const { result } = await receive(store, async (keeper) => {
      await keeper.sendManifest(entries);
      await keeper.peer.readMessage();
      await end(keeper);
    }, { filesInFlight: MAX_OPEN_REQUESTS });
    assert(result instanceof FluxVaultError, String(result));
    assertEquals(result.code, code);
    assertEquals(store.soughtParts, MAX_OPEN_REQUESTS);
  }
});

Deno.test("receiveAsAgent compresses its results where the keeper takes that, and they are many", async () => {
  const strange = Array.from({ length: 200 }, (_, i) => [`d/${i}`, OLD] as const);
  const folder = { kind: "folder", path: "d", mode: 0o700, strategy: "STRICT" } as const;
  for (const [accept, count] of [["deflate-raw", 200], ["deflate-raw", 99], ["br", 200]] as const) {
    const store = new MemorySecretStore();
    await fill(store, Object.fromEntries(strange.slice(0, count)));
    const outcome = await receive(store, async (keeper) => {
      await keeper.sendManifest([folder], { Accept: accept });
      const done = await keeper.peer.readMessage();
      const frame = await keeper.peer.readFrame();
      assert(frame?.kind === "chunk" && frame.isLast);
      const isPacked = accept === "deflate-raw" && count === 200;
      assertEquals(done["Encoding"], isPacked ? "deflate-raw" : undefined);
      const size = Number(done["PlainSize"]);
      const lines = isPacked ? await decompressWhole(streamOf(frame.bytes), size) : frame.bytes;
      assert(!isPacked || frame.bytes.length < size / 4);
      assertEquals(lines.length >= 4_096, count === 200);
      assertEquals(done["Digest"], encodeHex(await sha256Digest(lines)));
      assertEquals(new TextDecoder().decode(lines).split("\n").length, count + 1);
      await keeper.finish();
    });
    assertEquals(filesOf(outcome).filter(({ outcome }) => outcome === "removed").length, count);
  }
});

Deno.test("receiveAsAgent ends at once where one answer breaks the protocol", async () => {
  const { result, told } = await receive(new MemorySecretStore(), async (keeper) => {
    await keeper.sendManifest(await entriesOf({ a: NEW, b: NEW }));
    const requests = [await keeper.peer.readMessage(), await keeper.peer.readMessage()];
    // The other request is never answered; it must not hold the end up.
    await keeper.answer(requests[0] ?? {}, OLD);
  });
  assert(result instanceof ProtocolError);
  assertEquals([result.code, told], ["message-unexpected", "message-unexpected"]);
});

Deno.test("receiveAsAgent refuses a manifest that its check refuses, before it replies", async () => {
  const refusal = new PeerRejectedError("manifest-stale", "old", { by: "us" });
  const { result, told } = await receive(new FragileStore(), (keeper) => keeper.sendManifest([]), {
    checkManifest: () => Promise.reject(refusal),
  });
  assertEquals([result, told], [refusal, "manifest-stale"]);
});

Deno.test("receiveAsAgent answers an action that it does not know, and goes on", async () => {
  const outcome = await receive(new MemorySecretStore(), async (keeper) => {
    await keeper.peer.sendMessage({ State: "DANCE", Id: 5 });
    const result = { State: "RESULT", Status: "UnknownCommand" };
    assertEquals(await keeper.peer.readMessage(), { ...result, Id: 5 });
    await keeper.sendManifest(MANIFEST);
    const request = await keeper.peer.readMessage();
    await keeper.peer.sendMessage({ State: "DANCE-ON" });
    assertEquals(await keeper.peer.readMessage(), { ...result, Id: null });
    await keeper.answer(request, NEW);
    await keeper.takeDone();
    await keeper.finish();
  });
  assertEquals(filesOf(outcome)[0]?.outcome, "created");
});

Deno.test("receiveAsAgent takes an end without DONE-REPLY as truncated", async () => {
  const { result } = await receive(new MemorySecretStore(), async (keeper) => {
    await keeper.sendManifest([]);
    await keeper.takeDone();
    await keeper.peer.link.closeWriting();
  });
  assert(result instanceof ConnectionError);
  assertEquals(result.code, "truncated");
});

Deno.test("receiveAsAgent passes on a failure of its store that is no storage error", async () => {
  const store = new FragileStore((step) => {
    if (step === "commit") throw new TypeError("a bug");
  });
  const { result, told } = await receive(
    store,
    afterRequest((k, request) => k.answer(request, NEW)),
  );
  assert(result instanceof TypeError, String(result));
  assertEquals(told, null);
});

const HOOKS: readonly Hook[] = [
  { name: "reload", action: { kind: "touch", path: "t" }, timeoutS: 30 },
];

async function hooked(files: Record<string, Bytes>): Promise<FileEntry[]> {
  return (await entriesOf(files)).map((entry) => ({ ...entry, hook: "reload" }));
}

Deno.test("receiveAsAgent marks hooks before the first change, and runs them when all is in place", async () => {
  const store = new LoggedStore();
  await fill(store, { "d/stranger": OLD });
  store.log.length = 0;
  const folder = { kind: "folder", path: "d", mode: 0o700, strategy: "STRICT" } as const;
  const outcome = await receive(store, async (keeper) => {
    await keeper.sendManifest([...await hooked({ "d/a": NEW }), folder], {}, { hooks: HOOKS });
    await keeper.answer(await keeper.peer.readMessage(), NEW);
    const { lines } = await keeper.takeDone();
    assertEquals(lines.at(-1), {
      Hook: "reload",
      Outcome: "ran",
      Change: "ab".repeat(16),
      Attempts: 1,
    });
    await keeper.finish();
  }, { hooks: new LoggedHooks(store.log), checkManifest: () => "1keeper" });
  assertEquals(store.log, [
    ...["keep by 1keeper", "mark d/a,d/stranger by 1keeper"],
    ...["stage d/a", "remove d/stranger", "settle", "finish d/a,d/stranger"],
  ]);
  assert(!(outcome.result instanceof Error));
  assertEquals(outcome.result.hooks, [hookResult("ran")]);
});

Deno.test("receiveAsAgent runs hooks for what came about, and for nothing else", async () => {
  const store = new LoggedStore((step, path) => {
    if (step === "stage" && path === "b") throw new StorageError("disk-full", "no");
  });
  store.afterAll = [{ path: "c", outcome: "failed", code: "set-incomplete" }];
  const outcome = await receive(store, async (keeper) => {
    const entries = await hooked({ a: NEW, b: NEW, c: NEW });
    await keeper.sendManifest(entries, {}, { hooks: HOOKS });
    for (let i = 0; i < 3; i++) await keeper.answer(await keeper.peer.readMessage(), NEW);
    const { counts } = await keeper.takeDone();
    assertEquals(counts, { ...NOTHING, Created: 1, Failed: 2 });
    await keeper.finish();
  }, { hooks: new LoggedHooks(store.log) });
  assertEquals(store.log[1], "mark a,b,c by null");
  assertEquals(store.log.at(-1), "finish a");
  assertEquals(filesOf(outcome)[2], { path: "c", outcome: "failed", code: "set-incomplete" });
});

Deno.test("receiveAsAgent leaves hooks due where the session breaks", async () => {
  const store = new LoggedStore();
  const { result } = await receive(store, async (keeper) => {
    await keeper.sendManifest(await hooked({ a: NEW }), {}, { hooks: HOOKS });
    await keeper.peer.readMessage();
    await keeper.peer.link.closeWriting();
  }, { hooks: new LoggedHooks(store.log) });
  assert(result instanceof ConnectionError);
  assertEquals(store.log, ["keep by null", "mark a by null"]);
});

Deno.test("receiveAsAgent refuses the hooks that tell of a change where none may be run", async () => {
  const { result } = await receive(new MemorySecretStore(), async (keeper) => {
    await keeper.sendManifest(await hooked({ a: NEW }), {}, { hooks: HOOKS });
    await keeper.answer(await keeper.peer.readMessage(), NEW);
    const { lines } = await keeper.takeDone();
    const refused = { Hook: "reload", Outcome: "refused", Attempts: 0, Code: "hook-refused" };
    assertEquals(lines.at(-1), refused);
    await keeper.finish();
  });
  assert(!(result instanceof Error) && result.hooks.length === 1);
});

Deno.test("receiveAsAgent changes, keeps, asks for and signs nothing in a plan", async () => {
  const store = new LoggedStore();
  await fill(store, { "a": OLD, "d/x": OLD });
  store.log.length = 0;
  const folder = { kind: "folder", path: "d", mode: 0o700, strategy: "STRICT" } as const;
  const outcome = await receive(store, async (keeper) => {
    const entries = [...await hooked({ a: NEW, b: NEW }), folder];
    await keeper.sendManifest(entries, { Plan: true }, { hooks: HOOKS });
    const { counts, done } = await keeper.takeDone();
    assertEquals(counts, { ...NOTHING, Created: 1, Updated: 1, Removed: 1, Unchanged: 1 });
    assertEquals(done["Signature"], undefined);
    await keeper.finish();
  }, {
    files: ["besides"],
    hooks: new LoggedHooks(store.log),
    identity: await fixedIdentity(),
  });
  assertEquals(store.log, ["due a,b,d/x"]);
  assertEquals([store.paths(), await store.heldManifest()], [["a", "d/x"], null]);
  assertEquals(filesOf(outcome).map(({ path, outcome }) => `${path} ${outcome}`), [
    ...["a updated", "b created", "d unchanged", "d/x removed"],
  ]);
});

Deno.test("receiveAsAgent signs its results where it is told to", async () => {
  await receive(new MemorySecretStore(), async (keeper) => {
    await keeper.sendManifest([]);
    assertEquals(String((await keeper.takeDone()).done["Signature"]).length, 128);
    await keeper.finish();
  }, { identity: await fixedIdentity() });
});
