import {
  type FileCondition,
  type RestoreOptions,
  restoreState,
} from "../../../agent/trust/restored_state.ts";
import { PeerRejectedError, type RejectionCode } from "../../../protocol/errors.ts";
import { encodeManifest } from "../../../protocol/manifest.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import type { HeldManifest } from "../../../protocol/secret_store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const NOW_S = 1_893_456_000;

async function manifestOf(count: number, expires = NOW_S + 60): Promise<HeldManifest> {
  const entries = Array.from({ length: count }, (_, i): FileEntry => ({
    kind: "file",
    path: `file-${i}`,
    digest: "ab".repeat(32),
    size: 1,
    mode: 0o600,
    strategy: "STRICT",
  }));
  const { bytes, digest } = await encodeManifest(entries);
  const message = {
    state: "MANIFEST",
    id: 0,
    revision: 7,
    issued: NOW_S,
    expires,
    digest,
    size: bytes.length,
    signature: "of somebody",
  } as const;
  return { message, bytes, manifest: { entries, hooks: [], isWipe: false }, declaredBy: null };
}

function options(changes: Partial<RestoreOptions> = {}): RestoreOptions {
  return {
    guard: { check: () => Promise.resolve("1signer") },
    compare: () => Promise.resolve("intact"),
    superseded: new AbortController().signal,
    now: () => NOW_S * 1_000,
    ...changes,
  };
}

Deno.test("restoreState vouches for a manifest that is good and files that are as declared", async () => {
  const manifest = await manifestOf(3);
  const state = await restoreState(manifest, options());
  assertEquals(state, { isVouched: true, signer: "1signer", manifest, departed: [] });
});

Deno.test("restoreState names the files that are changed or missing, in their order", async () => {
  const conditions: Record<string, FileCondition> = { "file-1": "missing", "file-3": "changed" };
  const compare = ({ path }: FileEntry) => Promise.resolve(conditions[path] ?? "intact");
  const state = await restoreState(await manifestOf(5), options({ compare }));
  assertEquals(state.isVouched && state.departed, [
    { path: "file-1", condition: "missing" },
    { path: "file-3", condition: "changed" },
  ]);
});

Deno.test("restoreState vouches for nothing where no manifest was kept", async () => {
  const state = await restoreState(null, options());
  assertEquals(state, { isVouched: false, reason: "no-manifest", manifest: null });
});

const REASONS: readonly (readonly [RejectionCode, string])[] = [
  ["statement-missing", "unsigned"],
  ["statement-invalid", "forged"],
  ["manifest-stale", "stale"],
  ["owner-unknown", "owner-unknown"],
];

for (const [code, reason] of REASONS) {
  Deno.test(`restoreState calls a manifest ${reason} on ${code}, and looks at no file`, async () => {
    const manifest = await manifestOf(1);
    const error = new PeerRejectedError(code, "no", { by: "us" });
    const state = await restoreState(
      manifest,
      options({
        guard: { check: () => Promise.reject(error) },
        compare: () => Promise.reject(new Error("looked at")),
      }),
    );
    assertEquals(state, { isVouched: false, reason, manifest } as typeof state);
  });
}

Deno.test("restoreState tells a manifest past its time from one that was replaced", async () => {
  const error = new PeerRejectedError("manifest-stale", "no", { by: "us" });
  const guard = { check: () => Promise.reject(error) };
  const state = await restoreState(await manifestOf(1, NOW_S - 1), options({ guard }));
  assertEquals(!state.isVouched && state.reason, "expired");
});

Deno.test("restoreState compares so many files at a time and no more", async () => {
  let underWay = 0;
  let most = 0;
  const compare = async (): Promise<FileCondition> => {
    most = Math.max(most, ++underWay);
    await Promise.resolve();
    underWay--;
    return "intact";
  };
  await restoreState(await manifestOf(50), options({ compare, filesAtOnce: 4 }));
  assertEquals([most, underWay], [4, 0]);
});

Deno.test("restoreState stops where a keeper comes, and vouches for nothing then", async () => {
  const superseded = new AbortController();
  let compared = 0;
  const compare = () => {
    if (++compared === 3) superseded.abort();
    return Promise.resolve("intact" as const);
  };
  const state = await restoreState(
    await manifestOf(50),
    options({ compare, superseded: superseded.signal, filesAtOnce: 1 }),
  );
  assertEquals([!state.isVouched && state.reason, compared], ["superseded", 3]);
});

Deno.test("restoreState hides no mistake of its own", async () => {
  const manifest = await manifestOf(1);
  const guard = { check: () => Promise.reject(new TypeError("a bug")) };
  await assertRejects(() => restoreState(manifest, options({ guard })), TypeError);
});
