import { type Bytes, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { createHasher, sha256Digest } from "../../protocol/digest.ts";
import {
  ConnectionError,
  FluxVaultError,
  PeerRejectedError,
  ProtocolError,
  StorageError,
} from "../../protocol/errors.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import { encodeResetFrame } from "../../protocol/frame.ts";
import { MAX_OPEN_REQUESTS, MIN_RESUMED_BYTES } from "../../protocol/limits.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import { receiveAsAgent, type ReceiveOptions } from "../../protocol/receive_as_agent.ts";
import type { SecretStore } from "../../protocol/secret_store.ts";
import { RESET_CODE } from "../../protocol/streams.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FragileStore } from "../support/fragile_store.ts";
import { openAgentSession } from "../support/frame_peer.ts";
import { NOTHING } from "../support/hand_agent.ts";
import { HandKeeper, type Message } from "../support/hand_keeper.ts";

const PATIENT = { farewellTimeoutMs: 5_000 };
const OLD = encodeUtf8("old");
const NEW = encodeUtf8("new and longer");

async function entriesOf(files: Record<string, Bytes>): Promise<readonly FileEntry[]> {
  return (await MemorySecretSource.from(files)).entries;
}

const MANIFEST = await entriesOf({ a: NEW });

interface Outcome {
  readonly result: DeliveryReport | Error;
  readonly told: string | null;
}

/** Runs our agent against a played keeper. */
async function receive(
  store: SecretStore,
  play: (keeper: HandKeeper) => Promise<unknown>,
  options: ReceiveOptions = {},
): Promise<Outcome> {
  const { session, peer } = await openAgentSession(PATIENT);
  const receiving = receiveAsAgent(session, store, options).catch((error) => error as Error);
  let failure: unknown = null;
  const keeper = new HandKeeper(peer);
  const telling = play(keeper).catch((error) => failure = error).then(() => peer.readFailure());
  const result = await receiving;
  const told = await telling ?? keeper.refusal;
  if (failure !== null && !(result instanceof Error)) throw failure;
  return { result, told };
}

function filesOf({ result }: Outcome): DeliveryReport["files"] {
  if (result instanceof Error) throw result;
  return result.files;
}

/** Puts files into a store as a delivery would. */
async function fill(store: SecretStore, files: Record<string, Bytes>): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    const staged = await store.stage(path, { size: bytes.length, mode: 0o600 });
    await staged.write(bytes);
    await staged.commit();
  }
}

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
    assertEquals(requests.map(({ File, Digest }) => [File, Digest]), [
      ["changed", encodeHex(await sha256Digest(OLD))],
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

for (const step of ["survey", "stage", "write", "commit"]) {
  Deno.test(`receiveAsAgent fails one file alone where its store fails at ${step}`, async () => {
    const store = new FragileStore((at, path) => {
      if (at === step && path === "bad") throw new StorageError("disk-full", "full");
    });
    const outcome = await receive(store, async (keeper) => {
      await keeper.sendManifest(await entriesOf({ bad: NEW, good: NEW, other: NEW }));
      const asked = step === "survey" ? 2 : 3;
      const requests: Message[] = [];
      for (let i = 0; i < asked; i++) requests.push(await keeper.peer.readMessage());
      for (const request of requests) await keeper.answer(request, NEW);
      const { counts, lines } = await keeper.takeDone();
      assertEquals(counts, { ...NOTHING, Created: 2, Failed: 1 });
      const told = lines.find(({ Path }) => Path === "bad");
      assertEquals(told, { Path: "bad", Outcome: "failed", Code: "disk-full" });
      await keeper.finish();
    });
    assertEquals(filesOf(outcome)[0], { path: "bad", outcome: "failed", code: "disk-full" });
    assertEquals(store.paths().sort(), ["good", "other"]);
    assertEquals(store.discarded, step === "write" || step === "commit" ? 1 : 0);
  });
}

Deno.test("receiveAsAgent tells the keeper to stop sending what it cannot store", async () => {
  const store = new FragileStore((at) => {
    if (at === "stage") throw new StorageError("read-only", "no");
  });
  const outcome = await receive(store, async (keeper) => {
    await keeper.sendManifest(await entriesOf({ a: NEW }));
    const request = await keeper.peer.readMessage();
    const streamId = keeper.announce();
    const digest = encodeHex(await sha256Digest(NEW));
    const data = { State: "DATA", Id: request["Id"], Status: "Success", Digest: digest, Mode: 0 };
    await keeper.peer.sendMessage({ ...data, Stream: streamId, StreamSize: NEW.length });
    assertEquals(await keeper.peer.readFrame(), {
      kind: "reset",
      streamId,
      code: RESET_CODE.storage,
    });
    await keeper.peer.send(encodeResetFrame(streamId, RESET_CODE.storage));
    await keeper.takeDone();
    await keeper.finish();
  });
  assertEquals(filesOf(outcome)[0]?.code, "read-only");
});

Deno.test("receiveAsAgent keeps the old file where the new one has another digest", async () => {
  const store = new FragileStore();
  await fill(store, { a: OLD });
  const wrong = encodeUtf8("new and LONGER");
  const outcome = await receive(store, async (keeper) => {
    await keeper.sendManifest(await entriesOf({ a: NEW }));
    const digest = encodeHex(await sha256Digest(NEW));
    await keeper.answer(await keeper.peer.readMessage(), wrong, { Digest: digest });
    assertEquals((await keeper.takeDone()).counts["Failed"], 1);
    await keeper.finish();
  });
  assertEquals(filesOf(outcome)[0], { path: "a", outcome: "failed", code: "digest-mismatch" });
  assertEquals([store.read("a"), store.discarded], [OLD, 1]);
});

for (
  const [code, expected, ends] of [
    [RESET_CODE.changed, "changed", "1,0"],
    [RESET_CODE.storage, "failed", "0,1"],
  ] as const
) {
  Deno.test(`receiveAsAgent keeps the old file where the keeper resets with ${code}: ${expected}`, async () => {
    const store = new FragileStore();
    await fill(store, { a: OLD });
    const outcome = await receive(store, async (keeper) => {
      await keeper.sendManifest(await entriesOf({ a: NEW }));
      const { Id } = await keeper.peer.readMessage();
      const streamId = keeper.announce();
      const digest = encodeHex(await sha256Digest(NEW));
      const data = { State: "DATA", Id, Status: "Success", Digest: digest, Mode: 0o600 };
      await keeper.peer.sendMessage({ ...data, Stream: streamId, StreamSize: NEW.length });
      await keeper.peer.send(encodeResetFrame(streamId, code));
      await keeper.takeDone();
      await keeper.finish();
    });
    assertEquals(filesOf(outcome)[0]?.outcome, expected);
    assertEquals(store.read("a"), OLD);
    assertEquals([store.discarded, store.interrupted].join(), ends);
  });
}

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
