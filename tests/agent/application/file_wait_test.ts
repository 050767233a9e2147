import { FileWait } from "../../../agent/application/file_wait.ts";
import type { AgentSessionReport } from "../../../agent/delivery/session_report.ts";
import type { RestoredState } from "../../../agent/trust/mod.ts";
import type { FileOutcome, HeldManifest } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { hookedFile, SIGNER, wantedState } from "../../support/hook_manifest.ts";

function report(
  files: Readonly<Record<string, FileOutcome>>,
  more: Partial<AgentSessionReport> = {},
): AgentSessionReport {
  return {
    remoteAddress: "192.0.2.1",
    wire: 2,
    isComplete: true,
    isPlan: false,
    files: Object.entries(files).map(([path, outcome]) => ({ path, outcome })),
    hooks: [],
    contentBytes: 0,
    durationMs: 1,
    error: null,
    ...more,
  };
}

/** What an agent vouches for that holds these files, some of which departed. */
function restored(paths: readonly string[], departed: readonly string[] = []): RestoredState {
  const manifest = wantedState({ entries: paths.map((path) => hookedFile(path)) });
  const held = { manifest, declaredBy: SIGNER } as unknown as HeldManifest;
  return {
    isVouched: true,
    signer: SIGNER,
    manifest: held,
    departed: departed.map((path) => ({ path, condition: "changed" })),
  };
}

Deno.test("FileWait knows nothing before a keeper came, and all after a whole delivery", () => {
  const wait = new FileWait([]);
  assertEquals(wait.missing, null);
  wait.noteReport(
    report({ a: "created", b: "unchanged", c: "updated", d: "reowned", e: "removed" }),
  );
  assertEquals(wait.missing, []);
});

Deno.test("FileWait names what a delivery lacked, until one brings it", () => {
  const wait = new FileWait([]);
  const lacking = { b: "failed", c: "missing", d: "denied", e: "changed" } as const;
  wait.noteReport(report({ a: "created", ...lacking }));
  assertEquals(wait.missing, ["b", "c", "d", "e"]);
  wait.noteReport(report({ a: "unchanged", b: "created" }));
  assertEquals(wait.missing, []);
});

Deno.test("FileWait counts neither a plan, nor calls, nor a session that broke, nor a delivery of nothing", () => {
  const wait = new FileWait([]);
  wait.noteReport(report({ a: "created" }, { isPlan: true }));
  assertEquals(wait.missing, null);
  wait.noteReport(report({ a: "created" }, { isComplete: false }));
  assertEquals(wait.missing, null);
  wait.noteReport(report({ a: "created" }, { isCallsOnly: true }));
  assertEquals(wait.missing, null);
  const wiped = new FileWait([]);
  wiped.noteReport(report({ a: "removed" }));
  wiped.noteReport(report({}));
  assertEquals(wiped.missing, null);
});

Deno.test("FileWait that names files waits for those alone, whichever session brings them", () => {
  const wait = new FileWait(["a", "tls"]);
  assertEquals(wait.missing, ["a", "tls"]);
  wait.noteReport(report({ a: "created", b: "failed" }, { isComplete: false }));
  assertEquals(wait.missing, ["tls"]);
  wait.noteReport(report({ "tls/key": "created", "b": "failed" }));
  assertEquals(wait.missing, []);
  wait.noteReport(report({ a: "removed", tlsx: "created" }));
  assertEquals(wait.missing, ["a"]);
});

Deno.test("FileWait leaves a file that failed as it was", () => {
  const wait = new FileWait(["a"]);
  wait.noteReport(report({ a: "created" }));
  wait.noteReport(report({ a: "failed" }));
  assertEquals(wait.missing, []);
});

Deno.test("FileWait takes what an agent vouches for, and lacks what departed", () => {
  const whole = new FileWait([]);
  whole.noteRestored(restored(["a", "b"]));
  assertEquals(whole.missing, []);
  const changed = new FileWait([]);
  changed.noteRestored(restored(["a", "b"], ["b"]));
  assertEquals(changed.missing, ["b"]);
  const named = new FileWait(["a", "b"]);
  named.noteRestored(restored(["a", "b"], ["b"]));
  assertEquals(named.missing, ["b"]);
});

Deno.test("FileWait takes nothing from an agent that vouches for nothing", () => {
  const wait = new FileWait(["a"]);
  wait.noteRestored({ isVouched: false, reason: "unsigned", manifest: null });
  assertEquals(wait.missing, ["a"]);
});

Deno.test("FileWait.next resolves at the next news, and rejects where it is ended", async () => {
  const wait = new FileWait([]);
  const { signal } = new AbortController();
  const next = wait.next(signal);
  wait.noteReport(report({ a: "created" }));
  await next;
  const stop = new AbortController();
  const never = wait.next(stop.signal);
  stop.abort(new RangeError("stopped"));
  await assertRejects(() => never, RangeError);
  await assertRejects(() => wait.next(stop.signal), RangeError);
});

Deno.test("FileWait waits anew for what has expired before anything was started", () => {
  const wait = new FileWait([]);
  wait.noteGone(["a"]);
  assertEquals(wait.missing, null);
  wait.noteReport(report({ a: "created", b: "created" }));
  wait.noteGone(["a"]);
  assertEquals(wait.missing, ["a"]);
  const named = new FileWait(["b"]);
  named.noteReport(report({ a: "created", b: "created" }));
  named.noteGone(["b"]);
  assertEquals(named.missing, ["b"]);
  named.noteReport(report({ b: "created" }));
  assertEquals(named.missing, []);
});
