import type { RestrictedChange } from "../../../agent/http/change_feeds.ts";
import { ServedManifests } from "../../../agent/http/served_manifests.ts";
import type { RestoredState } from "../../../agent/trust/mod.ts";
import type { FileEntry, ManifestEntry } from "../../../protocol/manifest_entry.ts";
import type { HeldManifest } from "../../../protocol/secret_store.ts";
import { assertEquals } from "../../support/assert.ts";

function file(path: string, digest = "00"): FileEntry {
  return { kind: "file", path, digest, size: 1, mode: 0o600, strategy: "STRICT" };
}

function readBy(readers: readonly string[], path: string, digest = "00"): FileEntry {
  return { ...file(path, digest), readers };
}

function held(
  entries: readonly ManifestEntry[],
  { declaredBy = null, isWipe = false }: { declaredBy?: string | null; isWipe?: boolean } = {},
): HeldManifest {
  // The rest of it says nothing of what is served.
  return { declaredBy, manifest: { entries, hooks: [], isWipe } } as unknown as HeldManifest;
}

function followed() {
  const state: { held: HeldManifest | null } = { held: null };
  const changes: RestrictedChange[] = [];
  const manifests = new ServedManifests(() => state.held, (news) => changes.push(...news));
  /** Returns what was told since, as path, digest and whether it is another content. */
  const told = () => changes.splice(0).map(({ path, digest, isOther }) => [path, digest, isOther]);
  const deliver = (
    manifest: HeldManifest,
    report: Parameters<ServedManifests["noteReport"]>[0] = { isComplete: true, isPlan: false },
  ) => {
    state.held = manifest;
    manifests.noteReport(report);
  };
  const digests = (path: string) => manifests.find(path).map(({ digest }) => digest);
  return { state, manifests, deliver, digests, told };
}

Deno.test("ServedManifests serves nothing before a whole delivery", () => {
  const { state, manifests, deliver, digests } = followed();
  state.held = held([file("a")]);
  assertEquals([manifests.isReady, digests("a")], [false, []]);
  deliver(state.held, { isComplete: true, isPlan: true });
  deliver(state.held, { isComplete: true, isPlan: false, isCallsOnly: true });
  deliver(state.held, { isComplete: false, isPlan: false });
  assertEquals([manifests.isReady, digests("a")], [false, []]);
  deliver(state.held);
  assertEquals([manifests.isReady, digests("a"), digests("b")], [true, ["00"], []]);
});

Deno.test("ServedManifests serves what a restarted agent vouches for, and nothing else", () => {
  const { manifests, digests } = followed();
  const manifest = held([file("a")]);
  manifests.noteRestored({ isVouched: false, reason: "unsigned", manifest });
  assertEquals(manifests.isReady, false);
  const state: RestoredState = { isVouched: true, signer: "s", manifest, departed: [] };
  manifests.noteRestored(state);
  assertEquals([manifests.isReady, digests("a")], [true, ["00"]]);
});

Deno.test("ServedManifests knows a file as it is being delivered, and behind that as it was", () => {
  const { state, deliver, digests } = followed();
  deliver(held([file("a", "01"), file("b")]));
  state.held = held([file("a", "02"), file("new")]);
  assertEquals([digests("a"), digests("b"), digests("new")], [["02", "01"], ["00"], ["00"]]);
  deliver(state.held);
  assertEquals([digests("a"), digests("b")], [["02"], []]);
});

Deno.test("ServedManifests keeps what other keepers delivered, and all goes with a wipe", () => {
  const { manifests, deliver, digests } = followed();
  deliver(held([file("a", "01")], { declaredBy: "one" }));
  deliver(held([file("b", "02"), file("a", "03")], { declaredBy: "two" }));
  assertEquals([digests("a"), digests("b")], [["03", "01"], ["02"]]);
  assertEquals(manifests.list().map(({ path, digest }) => path + digest), ["a03", "b02"]);
  deliver(held([], { declaredBy: "two" }));
  assertEquals([digests("a"), digests("b")], [["01"], []]);
  deliver(held([], { declaredBy: "two", isWipe: true }));
  assertEquals([manifests.isReady, digests("a")], [true, []]);
});

Deno.test("ServedManifests keeps what its keeper cannot speak for at the moment", () => {
  const { deliver, digests } = followed();
  deliver(held([file("a/b"), file("ab"), file("c")]));
  deliver(held([{ kind: "keep", path: "a" }, { kind: "keep", path: "c" }]));
  assertEquals([digests("a/b"), digests("ab"), digests("c")], [["00"], [], ["00"]]);
});

Deno.test("ServedManifests tells what has changed, of contents and of readers", () => {
  const { deliver, told } = followed();
  deliver(held([file("b"), file("a"), readBy(["web"], "c")]));
  assertEquals(told(), [["a", "00", true], ["b", "00", true], ["c", "00", true]]);
  deliver(held([file("a", "01"), file("b"), readBy(["db"], "c")]));
  assertEquals(told(), [["a", "01", true], ["c", "00", false]]);
  deliver(held([readBy([], "a", "01"), readBy(["db"], "c")]));
  assertEquals(told(), [["a", "01", false], ["b", null, true]]);
});

Deno.test("ServedManifests tells of a file whose lease is over, once, and when it is back", () => {
  const { manifests, deliver, told, digests } = followed();
  manifests.noteExpired(["a"]);
  deliver(held([file("a"), file("b")]));
  assertEquals(told().length, 2);
  manifests.noteExpired(["a", "none"]);
  manifests.noteExpired(["a"]);
  assertEquals(told(), [["a", null, true]]);
  // It is declared all the same: whoever asks is told to ask again.
  assertEquals(digests("a"), ["00"]);
  deliver(held([file("c")], { declaredBy: "other" }));
  assertEquals(told(), [["c", "00", true]]);
  deliver(held([file("a"), file("b")]));
  assertEquals(told(), [["a", "00", true]]);
});

Deno.test("ServedManifests says whether any file is not for all, as it is being delivered too", () => {
  const { state, manifests, deliver } = followed();
  deliver(held([file("a")]));
  assertEquals(manifests.isRestricted, false);
  state.held = held([readBy([], "a")]);
  assertEquals(manifests.isRestricted, true);
  deliver(state.held);
  deliver(held([file("b")], { declaredBy: "other" }));
  assertEquals(manifests.isRestricted, true);
  deliver(held([file("a")]));
  assertEquals(manifests.isRestricted, false);
});

Deno.test("ServedManifests serves a chain and a root that were issued, and never a key", () => {
  const { manifests, deliver, digests } = followed();
  const issued = (path: string, part: "key" | "chain" | "root"): FileEntry => ({
    ...file(path),
    issued: {
      ...{ kind: "issued", path, certificate: "web", part, mode: 0o600 },
      strategy: "STRICT",
    },
  });
  deliver(held([issued("chain", "chain"), issued("key", "key"), issued("root", "root")]));
  assertEquals([digests("chain"), digests("key"), digests("root")], [["00"], [], ["00"]]);
  assertEquals(manifests.list().map(({ path }) => path), ["chain", "root"]);
});
