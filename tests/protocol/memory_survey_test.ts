import fc from "fast-check";
import { encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { decodeManifest, encodeManifest } from "../../protocol/manifest.ts";
import type {
  FileEntry,
  FolderEntry,
  FolderStrategy,
  KeepEntry,
  StoredEntry,
} from "../../protocol/manifest_entry.ts";
import { MemorySecretStore } from "../../protocol/memory_secret_store.ts";
import type { Step, WantedState } from "../../protocol/survey.ts";
import { pathOf } from "../../protocol/survey_results.ts";
import { assert, assertEquals } from "../support/assert.ts";

const DIGESTS = new Map<string, string>();
for (const text of ["1", "2"]) DIGESTS.set(text, encodeHex(await sha256Digest(encodeUtf8(text))));

function file(path: string, text = "1", strategy: FileEntry["strategy"] = "STRICT"): FileEntry {
  const digest = DIGESTS.get(text) ?? "";
  return { kind: "file", path, digest, size: 1, mode: 0o600, strategy };
}

function folder(path: string, strategy: FolderStrategy = "STRICT"): FolderEntry {
  return { kind: "folder", path, mode: 0o700, strategy };
}

function keep(path: string): KeepEntry {
  return { kind: "keep", path };
}

function wanted(entries: readonly StoredEntry[], declaredBy: string | null = null): WantedState {
  const sorted = [...entries].sort((a, b) => a.path < b.path ? -1 : 1);
  return { entries: sorted, hooks: [], isWipe: false, declaredBy };
}

const WIPE: WantedState = { entries: [], hooks: [], isWipe: true, declaredBy: null };

async function put(store: MemorySecretStore, path: string, text = "1"): Promise<void> {
  const staged = await store.stage(path);
  await staged.write(encodeUtf8(text));
  await staged.commit();
}

/** Does all that a survey finds, as an agent would; returns what it could not do. */
async function apply(store: MemorySecretStore, state: WantedState): Promise<string[]> {
  const { steps } = await store.survey(state);
  const message = {
    ...{ state: "MANIFEST", id: 0, revision: 1, issued: 1, expires: 2, size: 0 } as const,
    ...{ digest: new Uint8Array(32), signature: null },
  };
  const manifest = { entries: state.entries, hooks: [], isWipe: state.isWipe };
  const bytes = new Uint8Array(0);
  await store.keepManifest({ message, bytes, manifest, declaredBy: state.declaredBy });
  for (const step of steps) {
    if (step.kind === "remove" && step.isInTheWay) await store.perform(step);
  }
  for (const step of steps) if (step.kind === "make") await store.perform(step);
  for (const step of steps) {
    if (step.kind !== "bring") continue;
    const text = [...DIGESTS].find(([, digest]) => digest === step.entry.digest)?.[0];
    await put(store, step.entry.path, text);
  }
  for (const step of steps) {
    if (step.kind === "remove" && !step.isInTheWay) await store.perform(step);
  }
  return steps.flatMap((step) => step.kind === "refuse" ? [step.path] : []);
}

function inShort(step: Step): string {
  const way = step.kind === "remove" && step.isInTheWay ? " in the way" : "";
  const held = step.kind === "bring" && step.isThere ? " anew" : "";
  return `${step.kind} ${pathOf(step)}${way}${held}`;
}

async function survey(store: MemorySecretStore, state: WantedState): Promise<string[]> {
  return (await store.survey(state)).steps.map(inShort).sort();
}

function namesOf(store: MemorySecretStore): string[] {
  return [...store.paths(), ...store.folders().map((path) => `${path}/`)].sort();
}

Deno.test("surveyMemory finds what is missing and what differs, and nothing else", async () => {
  const store = new MemorySecretStore();
  for (const path of ["same", "other", "own", "d/x"]) await put(store, path);
  const state = wanted([
    file("same"),
    file("other", "2"),
    file("own", "2", "ENSURE_CREATED"),
    file("new", "1", "ENSURE_CREATED"),
    folder("d", "ALLOW_ADDS"),
    folder("e"),
    keep("k"),
  ]);
  assertEquals(await survey(store, state), ["bring new", "bring other anew", "make e"]);
});

Deno.test("surveyMemory has a strict folder hold what is declared and nothing else, level by level", async () => {
  const store = new MemorySecretStore();
  const paths = ["d/a", "d/x", "d/y/1", "d/y/2", "d/e/x", "d/f/g/x", "d/k/x", "dx"];
  for (const path of paths) await put(store, path);
  const entries = [
    folder("d"),
    file("d/a"),
    folder("d/e", "ALLOW_ADDS"),
    folder("d/f/g", "ENSURE_CREATED"),
    keep("d/k"),
  ];
  // What is on the way to something declared has no line of its own: it stays, with what is in it.
  await put(store, "d/f/y");
  assertEquals(await survey(store, wanted(entries)), ["remove d/x", "remove d/y"]);
});

Deno.test("surveyMemory leaves what nobody declared where no folder is strict", async () => {
  const store = new MemorySecretStore();
  await put(store, "x");
  await put(store, "d/x");
  assertEquals(await survey(store, wanted([folder("d", "ALLOW_ADDS")])), []);
  assertEquals(await survey(store, wanted([folder("d", "ENSURE_CREATED")])), []);
});

Deno.test("surveyMemory removes what its keeper declares no more, and folders that get empty", async () => {
  const store = new MemorySecretStore();
  const first = wanted([
    folder("d", "ALLOW_ADDS"),
    file("d/a"),
    folder("d/e", "ALLOW_ADDS"),
    file("d/e/b"),
    file("once", "1", "ENSURE_CREATED"),
    folder("once.d", "ENSURE_CREATED"),
    file("a"),
    folder("f", "ALLOW_ADDS"),
    file("f/c"),
  ]);
  await apply(store, first);
  await put(store, "f/stranger");
  assertEquals(await survey(store, wanted([file("a")])), [
    "remove d",
    "remove d/a",
    "remove d/e",
    "remove d/e/b",
    "remove f/c",
  ]);
  assertEquals(await survey(store, wanted([file("a"), keep("d"), keep("f/c")])), []);
  await apply(store, wanted([file("a")]));
  assertEquals(namesOf(store), ["a", "f/", "f/stranger", "once", "once.d/"]);
});

Deno.test("surveyMemory removes nothing that another keeper declared, not even from a strict folder", async () => {
  const store = new MemorySecretStore();
  await apply(store, wanted([file("d/theirs"), file("b"), folder("d/e")], "1other"));
  await apply(store, wanted([file("d/ours"), file("c")], "1ours"));
  await put(store, "d/stranger");
  assertEquals(await survey(store, wanted([folder("d")], "1ours")), [
    "remove c",
    "remove d/ours",
    "remove d/stranger",
  ]);
  assertEquals(await survey(store, wanted([], null)), []);
});

Deno.test("surveyMemory removes all that it was ever given in a wipe, whoever gave it", async () => {
  const store = new MemorySecretStore();
  await apply(
    store,
    wanted([folder("d"), file("d/a"), file("b", "1", "ENSURE_CREATED")], "1other"),
  );
  await apply(store, wanted([file("c"), folder("e", "ALLOW_ADDS")], null));
  await put(store, "e/stranger");
  await apply(store, { ...WIPE, declaredBy: "1third" });
  assertEquals([namesOf(store), await survey(store, WIPE)], [["e/", "e/stranger"], []]);
});

Deno.test("surveyMemory has what is in the way removed first where it is the keeper's own", async () => {
  const store = new MemorySecretStore();
  await apply(store, wanted([file("a"), folder("d"), file("d/x"), file("e/f/g")]));
  const state = wanted([folder("a"), file("a/b/c"), file("d"), file("e")]);
  assertEquals(await survey(store, state), [
    "bring a/b/c",
    "bring d",
    "bring e",
    "make a",
    "remove a in the way",
    "remove d in the way",
    "remove e in the way",
  ]);
  await apply(store, state);
  assertEquals([namesOf(store), await survey(store, state)], [["a/", "a/b/c", "d", "e"], []]);
});

Deno.test("surveyMemory refuses what a stranger is in the way of, unless the folder is strict", async () => {
  const store = new MemorySecretStore();
  await put(store, "d/a");
  await put(store, "e/b/x");
  const entries = [file("d/a/b"), file("e/b")];
  assertEquals(await survey(store, wanted(entries)), ["refuse d/a/b", "refuse e/b"]);
  const strict = wanted([...entries, folder("d"), folder("e")]);
  assertEquals(await survey(store, strict), [
    "bring d/a/b",
    "bring e/b",
    "remove d/a in the way",
    "remove e/b in the way",
  ]);
  const once = wanted([file("e/b", "1", "ENSURE_CREATED"), folder("e")]);
  assertEquals(await survey(store, once), ["refuse e/b"]);
  await apply(store, wanted([file("d/a"), file("e/b/x")], "1other"));
  assertEquals(await survey(store, strict), ["refuse d/a/b", "refuse e/b"]);
});

const NAMES = ["a", "b", "a/a", "a/b", "b/a", "a/a/a", "a/a/b", "b/a/b", "a.x", "/a", "/a/b"];

/** Manifests as they can be sent, of few names that are often in each other's way. */
const STATE: fc.Arbitrary<WantedState> = fc.record({
  entries: fc.uniqueArray(
    fc.oneof(
      fc.tuple(
        fc.constantFrom(...NAMES),
        fc.constantFrom("1", "2"),
        fc.constantFrom("STRICT" as const, "ENSURE_CREATED" as const),
      ).map((args): StoredEntry => file(...args)),
      fc.tuple(
        fc.constantFrom(...NAMES),
        fc.constantFrom<FolderStrategy>("STRICT", "ALLOW_ADDS", "ENSURE_CREATED"),
      ).map((args): StoredEntry => folder(...args)),
      fc.constantFrom(...NAMES).map((path): StoredEntry => keep(path)),
    ),
    { selector: ({ path }) => path, maxLength: 6 },
  ),
  declaredBy: fc.constantFrom(null, "1a", "1b"),
}).map(({ entries, declaredBy }) => wanted(entries, declaredBy));

async function isSendable({ entries }: WantedState): Promise<boolean> {
  try {
    return decodeManifest((await encodeManifest(entries)).bytes).entries.length === entries.length;
  } catch (error) {
    assert(error instanceof ProtocolError);
    return false;
  }
}

Deno.test("surveyMemory finds nothing to do once all it found was done, but for what it refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STATE, { maxLength: 5 }), async (states) => {
      const store = new MemorySecretStore();
      await put(store, "a/stranger");
      for (const state of states) {
        if (!await isSendable(state)) continue;
        const refused = await apply(store, state);
        const again = await store.survey(state);
        assertEquals(
          again.steps.map(inShort).sort(),
          refused.map((path) => `refuse ${path}`).sort(),
        );
      }
    }),
    { numRuns: 200 },
  );
});

function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

Deno.test("surveyMemory changes nothing, and removes nothing that is kept", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(STATE, { minLength: 2, maxLength: 4 }),
      STATE,
      async (states, last) => {
        const store = new MemorySecretStore();
        for (const state of states) if (await isSendable(state)) await apply(store, state);
        if (!await isSendable(last)) return;
        const before = namesOf(store);
        const { steps } = await store.survey(last);
        assertEquals(namesOf(store), before);
        const keeps = last.entries.filter(({ kind }) => kind === "keep");
        const kept = before.filter((name) => keeps.some(({ path }) => isAtOrBelow(name, path)));
        for (const step of steps) {
          if (step.kind !== "remove") continue;
          assert(!kept.some((name) => isAtOrBelow(name, step.path)), inShort(step));
        }
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("surveyMemory compares and removes 20,000 files in a strict folder without going through all for each", async () => {
  const store = new MemorySecretStore();
  for (let i = 0; i < 10_000; i++) {
    await put(store, `d/${i}`);
    await put(store, `d/f${i}/x`);
  }
  const entries = Array.from({ length: 10_000 }, (_, i) => file(`d/${i}`));
  const start = performance.now();
  const { steps } = await store.survey(wanted([folder("d"), ...entries, file("e")]));
  assertEquals(steps.length, 10_001);
  await apply(store, wanted([...entries, file("e")]));
  const gone = await store.survey(wanted([file("e")]));
  assertEquals(gone.steps.length, 10_000);
  for (const step of gone.steps) if (step.kind === "remove") await store.perform(step);
  assertEquals(store.paths().length, 10_001);
  // It takes about a second; with a look at all files for each it took minutes.
  assert(performance.now() - start < 30_000);
});
