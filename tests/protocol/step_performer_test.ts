import { encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { deliverAsKeeper } from "../../protocol/deliver_as_keeper.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { StorageError } from "../../protocol/errors.ts";
import type { DeliveryReport } from "../../protocol/exchange.ts";
import { encodeResetFrame } from "../../protocol/frame.ts";
import type { FileEntry, FolderEntry, ManifestEntry } from "../../protocol/manifest_entry.ts";
import { MemorySecretSource } from "../../protocol/memory_secret_source.ts";
import { receiveAsAgent } from "../../protocol/receive_as_agent.ts";
import type { SecretSource } from "../../protocol/secret_source.ts";
import { RESET_CODE } from "../../protocol/streams.ts";
import type { Step, Survey, WantedState } from "../../protocol/survey.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FragileStore } from "../support/fragile_store.ts";
import { NOTHING } from "../support/hand_agent.ts";
import type { Message } from "../support/hand_keeper.ts";
import { entriesOf, filesOf, fill, receive } from "../support/receiving_agent.ts";
import { openSessionPair } from "../support/session_pair.ts";

const OLD = encodeUtf8("old");
const NEW = encodeUtf8("new and longer");

function folder(path: string): FolderEntry {
  return { kind: "folder", path, mode: 0o700, strategy: "STRICT" };
}

/** A store whose survey finds what a test says, and that writes down what is done about it. */
class ScriptedStore extends FragileStore {
  readonly log: string[];
  readonly #steps: (wanted: WantedState) => readonly Step[];

  constructor(
    steps: (wanted: WantedState) => readonly Step[],
    breaking: (step: string, path: string) => void = () => {},
  ) {
    const log: string[] = [];
    super((step, path) => {
      if (step !== "write") log.push(`${step} ${path}`);
      breaking(step, path);
    });
    this.log = log;
    this.#steps = steps;
  }

  override survey(wanted: WantedState): Promise<Survey> {
    return Promise.resolve({ steps: this.#steps(wanted) });
  }
}

interface Pass {
  readonly report: DeliveryReport;
  readonly asked: readonly string[];
}

/** Delivers files and folders to a store; says which files were asked for. */
async function pass(
  store: FragileStore,
  files: Readonly<Record<string, Uint8Array>>,
  { folders = [], listed = [] }: {
    readonly folders?: readonly ManifestEntry[];
    readonly listed?: readonly string[];
  } = {},
): Promise<Pass> {
  const asked: string[] = [];
  const memory = await MemorySecretSource.from(files);
  const source: SecretSource = {
    entries: [...memory.entries, ...folders],
    missing: memory.missing,
    open(entry, from) {
      asked.push(entry.path);
      return memory.open(entry, from);
    },
  };
  const { agent, keeper } = await openSessionPair();
  const [report, known] = await Promise.all([
    receiveAsAgent(agent, store, { files: listed }),
    deliverAsKeeper(keeper, source, { revision: 1 }),
  ]);
  const inOrder = ({ files }: DeliveryReport) =>
    [...files].sort((a, b) => a.path < b.path ? -1 : 1);
  assertEquals(inOrder(report), inOrder(known));
  return { report, asked: asked.sort() };
}

function bringOf(wanted: WantedState, path: string): Step {
  const entry = wanted.entries.find((entry) => entry.path === path);
  assert(entry?.kind === "file");
  return { kind: "bring", entry, isThere: false };
}

function outcomes({ report }: Pass): string[] {
  return report.files.map(({ path, outcome, code }) => {
    return code === undefined ? `${path} ${outcome}` : `${path} ${outcome} ${code}`;
  }).sort();
}

function refusing(...steps: readonly string[]): (step: string, path: string) => void {
  return (step, path) => {
    if (steps.includes(`${step} ${path}`)) throw new StorageError("permission-denied", "no");
  };
}

Deno.test("StepPerformer clears the way first, makes folders before files, and removes the rest last", async () => {
  const entries = [folder("d"), folder("d/e"), folder("old")];
  const store = new ScriptedStore((wanted) => [
    { kind: "remove", path: "x", isInTheWay: false },
    bringOf(wanted, "d/e/a"),
    { kind: "reown", entry: wanted.entries.find(({ path }) => path === "own") as FileEntry },
    { kind: "reown", entry: folder("old") },
    { kind: "make", entry: folder("d") },
    { kind: "make", entry: folder("d/e") },
    { kind: "remove", path: "d", isInTheWay: true },
  ]);
  const run = await pass(store, { "d/e/a": NEW, "own": NEW }, { folders: entries });
  assertEquals(outcomes(run), [
    "d created",
    "d/e created",
    "d/e/a created",
    "old reowned",
    "own reowned",
    "x removed",
  ]);
  const [first, ...rest] = store.log;
  assertEquals(first, "remove d");
  assertEquals(rest.slice(0, 3), ["reown old", "make d", "make d/e"]);
  assertEquals(rest.slice(3, -1).sort(), ["commit d/e/a", "reown own", "stage d/e/a"]);
  assertEquals(rest.at(-1), "remove x");
});

Deno.test("StepPerformer lets what is below a folder fail with it, and asks for none of it", async () => {
  for (const kind of ["make", "reown"] as const) {
    const store = new ScriptedStore((wanted) => [
      { kind, entry: folder("d") },
      { kind: "make", entry: folder("d/e") },
      bringOf(wanted, "d/a"),
      bringOf(wanted, "d/e/a"),
      bringOf(wanted, "d.a"),
      bringOf(wanted, "de/a"),
    ], refusing(`${kind} d`));
    const files = { "d/a": NEW, "d/e/a": NEW, "d.a": NEW, "de/a": NEW };
    const run = await pass(store, files, { folders: [folder("d"), folder("d/e")] });
    assertEquals(outcomes(run), [
      "d failed permission-denied",
      "d.a created",
      "d/a failed permission-denied",
      "d/e failed permission-denied",
      "d/e/a failed permission-denied",
      "de/a created",
    ]);
    assertEquals([run.asked, store.log.includes("make d/e")], [["d.a", "de/a"], false]);
  }
});

Deno.test("StepPerformer lets what is below something that is refused fail with it", async () => {
  const store = new ScriptedStore((wanted) => [
    { kind: "refuse", path: "/abs", code: "path-refused" },
    bringOf(wanted, "/abs/a"),
  ]);
  const run = await pass(store, { "/abs/a": NEW }, { folders: [folder("/abs")] });
  assertEquals(outcomes(run), ["/abs failed path-refused", "/abs/a failed path-refused"]);
  assertEquals(run.asked, []);
});

Deno.test("StepPerformer asks for nothing whose way is not clear", async () => {
  const store = new ScriptedStore((wanted) => [
    { kind: "remove", path: "a", isInTheWay: true },
    bringOf(wanted, "a"),
    { kind: "remove", path: "d", isInTheWay: true },
    bringOf(wanted, "d/a"),
  ], refusing("remove a", "remove d"));
  const run = await pass(store, { "a": NEW, "d/a": NEW });
  const failed = "failed permission-denied";
  assertEquals([outcomes(run), run.asked], [[`a ${failed}`, `d ${failed}`, `d/a ${failed}`], []]);
});

Deno.test("StepPerformer goes on where something cannot be removed, or a file's mode not be set", async () => {
  const store = new ScriptedStore((wanted) => [
    { kind: "reown", entry: wanted.entries[0] as FileEntry },
    bringOf(wanted, "b"),
    { kind: "remove", path: "x", isInTheWay: false },
    { kind: "remove", path: "y", isInTheWay: false },
  ], refusing("reown a", "remove x"));
  const run = await pass(store, { a: NEW, b: NEW });
  assertEquals(outcomes(run), [
    "a failed permission-denied",
    "b created",
    "x failed permission-denied",
    "y removed",
  ]);
});

Deno.test("StepPerformer brings again what found no room, once what should not be there is gone", async () => {
  let isFull = true;
  const store = new ScriptedStore((wanted) => [
    ...["large", "middle", "small"].map((path) => bringOf(wanted, path)),
    { kind: "remove", path: "x", isInTheWay: false },
  ], (step, path) => {
    if (step === "remove") isFull = false;
    const hasNoRoom = step === "write" && (isFull || path === "large");
    if (hasNoRoom) throw new StorageError("disk-full", "no space is left");
  });
  const files = {
    large: new Uint8Array(3_000).fill(1),
    middle: new Uint8Array(2_000).fill(2),
    small: new Uint8Array(1_000).fill(3),
  };
  const run = await pass(store, files);
  assertEquals(outcomes(run), [
    "large failed disk-full",
    "middle created",
    "small created",
    "x removed",
  ]);
  // The smallest first, and the largest not at all: it is what there was no room for.
  const brought = store.log.filter((line) => line.startsWith("stage"));
  assertEquals(brought.slice(3), ["stage small", "stage middle"]);
});

Deno.test("StepPerformer asks once for a file that is declared and that it was told to ask for", async () => {
  const store = new FragileStore();
  const run = await pass(store, { a: NEW }, { listed: ["a", "b", "b"] });
  assertEquals([outcomes(run), run.asked], [["a created", "b denied"], ["a"]]);
});

Deno.test("StepPerformer tells of files besides that it may not look at", async () => {
  const store = new FragileStore(refusing("inspect b"));
  const run = await pass(store, { a: NEW }, { listed: ["b"] });
  assertEquals(outcomes(run), ["a created", "b failed permission-denied"]);
});

for (const step of ["survey", "stage", "write", "commit"]) {
  Deno.test(`StepPerformer fails one file alone where its store fails at ${step}`, async () => {
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

Deno.test("StepPerformer tells the keeper to stop sending what it cannot store", async () => {
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

Deno.test("StepPerformer keeps the old file where the new one has another digest", async () => {
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
  Deno.test(`StepPerformer keeps the old file where the keeper resets with ${code}: ${expected}`, async () => {
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

/** Twenty small files, enough for a batch. */
const MANY = Object.fromEntries(
  Array.from({ length: 20 }, (_, i) => [`f${`${i}`.padStart(2, "0")}`, encodeUtf8(`file ${i}`)]),
);

Deno.test("StepPerformer asks for 16 small files at once, for fewer and for large ones by themselves", async () => {
  const small = Object.entries(MANY);
  const large = { large: new Uint8Array(65_537) };
  for (const count of [15, 16]) {
    const files = { ...Object.fromEntries(small.slice(0, count)), ...large };
    const asked: Message[] = [];
    const store = new FragileStore();
    const outcome = await receive(store, async (keeper) => {
      await keeper.sendManifest(await entriesOf(files));
      for (let i = 0; i < (count === 16 ? 2 : 16); i++) {
        const request = await keeper.peer.readMessage();
        asked.push(request);
        if (request["State"] === "BATCH") {
          await keeper.answerBatch(request, small.slice(0, 16).map(([, bytes]) => bytes));
        } else {
          await keeper.answer(request, files[request["File"] as keyof typeof files] ?? NEW);
        }
      }
      await keeper.takeDone();
      await keeper.finish();
    });
    assert(filesOf(outcome).every(({ outcome }) => outcome === "created"));
    const kinds = asked.map(({ State, File, Entries }) => State === "BATCH" ? Entries : File);
    const numbers = Array.from({ length: 16 }, (_, i) => i);
    if (count === 16) assertEquals(kinds, [numbers, "large"]);
    else assertEquals(kinds.length, 16);
    assertEquals([store.read("f03"), store.paths().length], [MANY["f03"], count + 1]);
  }
});

Deno.test("StepPerformer counts all entries for the numbers of a batch, and leaves out what cannot be", async () => {
  const folders = [folder("a"), folder("d"), folder("g")];
  const files = { ...MANY, "d/x": NEW, "g/y": NEW };
  const store = new FragileStore(refusing("make d"));
  const outcome = await receive(store, async (keeper) => {
    await keeper.sendManifest([...folders, ...await entriesOf(files)]);
    const batch = await keeper.peer.readMessage();
    // 0 is a, 1 is d, 2 is d/x, whose folder cannot be made; then twenty files, and 23 is g.
    assertEquals(batch["Entries"], [...Array.from({ length: 20 }, (_, i) => i + 3), 24]);
    await keeper.answerBatch(batch, [...Object.values(MANY), NEW]);
    const { counts } = await keeper.takeDone();
    assertEquals(counts, { ...NOTHING, Created: 23, Failed: 2 });
    await keeper.finish();
  });
  const failed = filesOf(outcome).filter(({ outcome }) => outcome === "failed");
  assertEquals(failed.map(({ path }) => path), ["d", "d/x"]);
});

Deno.test("StepPerformer asks for four batches at a time, and for no more than files are worked on", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1_400 }, (_, i) => [`f${`${i}`.padStart(4, "0")}`, NEW]),
  );
  for (const [filesInFlight, open] of [[32, 4], [2, 2], [1, 1]] as const) {
    const outcome = await receive(new FragileStore(), async (keeper) => {
      await keeper.sendManifest(await entriesOf(files));
      const waiting: Message[] = [];
      let left = 6;
      while (left > 0) {
        while (waiting.length < Math.min(open, left)) {
          const batch = await keeper.peer.readMessage();
          assertEquals(batch["State"], "BATCH");
          waiting.push(batch);
        }
        // What the agent had asked for besides would come before this answer.
        await keeper.peer.sendMessage({ State: "DANCE" });
        assertEquals((await keeper.peer.readMessage())["State"], "RESULT");
        // The last one first: answers come in any order.
        const batch = waiting.pop() ?? {};
        const count = (batch["Entries"] as number[]).length;
        await keeper.answerBatch(batch, new Array(count).fill(NEW));
        left--;
      }
      assertEquals((await keeper.takeDone()).counts["Created"], 1_400);
      await keeper.finish();
    }, { filesInFlight });
    assertEquals(filesOf(outcome).length, 1_400);
  }
});
