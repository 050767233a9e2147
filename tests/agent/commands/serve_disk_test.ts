import {
  checkFolders,
  isInside,
  LeaseWatch,
  openStore,
  openWorkingFolder,
  wipeOnExit,
} from "../../../agent/commands/serve_disk.ts";
import { isInMemory } from "../../../agent/disk/mod.ts";
import { LEASE_RETRY_MS, MAX_LEASE_PAUSE_MS } from "../../../agent/limits.ts";
import { ConfigError, PeerRejectedError } from "../../../protocol/errors.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { deliver } from "../../support/disk_delivery.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { missingForMounts, withMount } from "../../support/mounts.ts";
import { serveContext } from "../../support/serve_context.ts";
import { listTree, temporaryFolder } from "../../support/temporary_folder.ts";

const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

function stateIn(path: string) {
  return { path, problem: null, [Symbol.dispose]() {} };
}

Deno.test("openWorkingFolder makes the folder, and says which setting is at fault", async () => {
  await using folder = await temporaryFolder();
  const context = await serveContext(["--working-dir", `${folder.path}/new/files`]);
  assertEquals(await openWorkingFolder(context), `${folder.path}/new/files`);
  assertEquals(await listTree(`${folder.path}/new`), ["files/ 700"]);
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const bad = await serveContext(["--working-dir", `${folder.path}/file`]);
  const error = await assertRejects(() => openWorkingFolder(bad), ConfigError);
  assertEquals(error.setting, "--working-dir");
});

Deno.test(`openWorkingFolder takes a folder in memory where that is required${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await withMount(["-t", "tmpfs", "tmpfs", path], async () => {
    const context = await serveContext(["--working-dir", `${path}/files`, "--require-tmpfs"]);
    assertEquals(await openWorkingFolder(context), `${path}/files`);
  });
});

const TEMPORARY = await temporaryFolder();
const isOnDisk = !await isInMemory(TEMPORARY.path);
await TEMPORARY[Symbol.asyncDispose]();
const notOnDisk = isOnDisk ? "" : " (skipped: temporary folders are in memory here)";

Deno.test(`openWorkingFolder refuses a disk where memory is required${notOnDisk}`, {
  ignore: !isOnDisk,
}, async () => {
  await using folder = await temporaryFolder();
  const context = await serveContext(["--working-dir", folder.path, "--require-tmpfs"]);
  const error = await assertRejects(() => openWorkingFolder(context), ConfigError);
  assertEquals(error.setting, "--require-tmpfs");
  assertMatch(error.hint ?? "", /tmpfs/);
});

Deno.test("checkFolders keeps the agent's own folder apart from the files", async () => {
  const context = await serveContext([]);
  const check = (workingFolder: string, state: string) => () =>
    checkFolders(context, { workingFolder, state: stateIn(state) });
  check("/srv/files", "/srv/state")();
  check("/srv/files", "/srv/files-beside")();
  assertThrows(check("/srv/files", "/srv/files/state"), ConfigError);
  assertThrows(check("/srv/state/files", "/srv/state"), ConfigError);
  assertThrows(check("/srv/files", "/srv/files"), ConfigError);
  assertEquals([isInside("/a/b", "/a"), isInside("/ab", "/a"), isInside("/a", "/a/b")], [
    true,
    false,
    false,
  ]);
});

function fail(): never {
  throw new TypeError("nothing is to be done");
}

/** Nothing expires, and nobody is told. */
const QUIET = {
  store: { expireLeases: () => Promise.resolve({ expired: [], nextInMs: null }) },
  hooks: { expire: () => Promise.resolve({ told: Promise.resolve() }) },
  onExpired: () => {},
} as const;

/** Has the watch look at leases of which each waits so long; returns how long it waits. */
async function watched(waits: readonly (number | null | Error)[]): Promise<{
  readonly pauses: readonly number[];
  readonly expired: readonly (readonly string[])[];
  readonly logger: MemoryLogger;
}> {
  const logger = new MemoryLogger();
  const stop = new AbortController();
  const pauses: number[] = [];
  const expired: (readonly string[])[] = [];
  const left = [...waits];
  const watch = new LeaseWatch({
    ...QUIET,
    logger,
    onExpired: (paths) => expired.push(paths),
    agent: {
      doInTurn: async <T>(work: () => Promise<T>) => {
        const next = left.shift() ?? null;
        if (next instanceof Error) throw next;
        return { ...await work(), expired: next === 1 ? ["a"] : [], nextInMs: next };
      },
    },
    delay: (durationMs) => {
      pauses.push(durationMs);
      if (left.length === 0) stop.abort();
      return Promise.resolve();
    },
  });
  await watch.run(stop.signal);
  return { pauses, expired, logger };
}

Deno.test("LeaseWatch waits for the next lease, and not for ever", async () => {
  const { pauses, expired, logger } = await watched([1, 5_000, MAX_LEASE_PAUSE_MS + 1, null]);
  assertEquals(pauses, [1, 5_000, MAX_LEASE_PAUSE_MS, MAX_LEASE_PAUSE_MS]);
  assertEquals(logger.events.map(({ level, properties }) => [level, properties]), [
    ["warn", { path: "a" }],
  ]);
  assertEquals(expired, [["a"]]);
});

Deno.test("LeaseWatch tells of what expired once its hooks were told, which hold up nothing else", async () => {
  const stop = new AbortController();
  const hooksTold = Promise.withResolvers<void>();
  const steps: string[] = [];
  let looks = 0;
  const watch = new LeaseWatch({
    logger: new MemoryLogger(),
    store: {
      expireLeases: async (around) => {
        if (looks++ > 0) return { expired: [], nextInMs: null };
        await around?.([{ declarer: null, path: "a" }], () => {
          steps.push("removed");
          return Promise.resolve(["a"]);
        });
        return { expired: ["a"], nextInMs: 1 };
      },
    },
    hooks: {
      expire: async (files, remove) => {
        steps.push(`due ${files.map(({ path }) => path)}`);
        steps.push(`gone ${await remove()}`);
        return { told: hooksTold.promise };
      },
    },
    agent: { doInTurn: (work) => work() },
    onExpired: (paths) => steps.push(`told ${paths}`),
    delay: () => {
      if (looks > 1) {
        hooksTold.resolve();
        stop.abort();
      }
      return Promise.resolve();
    },
  });
  void watch.looked.then(() => steps.push("looked"));
  await watch.run(stop.signal);
  assertEquals(steps, ["due a", "removed", "gone a", "looked", "told a"]);
});

Deno.test("LeaseWatch that is ended before it begins keeps nobody waiting for its first look", async () => {
  const watch = new LeaseWatch({ ...QUIET, logger: new MemoryLogger(), agent: { doInTurn: fail } });
  await watch.run(AbortSignal.abort());
  await watch.looked;
});

Deno.test("LeaseWatch goes on where a delivery takes long, and says what else goes wrong", async () => {
  const busy = new PeerRejectedError("busy", "another delivery", { by: "us" });
  const { pauses, logger } = await watched([busy, new TypeError("a bug"), null]);
  assertEquals(pauses, [LEASE_RETRY_MS, LEASE_RETRY_MS, MAX_LEASE_PAUSE_MS]);
  assertEquals(logger.messages("error").length, 1);
});

Deno.test("LeaseWatch looks again once it is woken, and ends with its signal", async () => {
  const stop = new AbortController();
  let looks = 0;
  const watch = new LeaseWatch({
    ...QUIET,
    logger: new MemoryLogger(),
    agent: {
      doInTurn: (work) => {
        looks++;
        return work();
      },
    },
    delay: (_durationMs, signal) => {
      // It waits for an hour unless somebody wakes it, or stops it.
      const waiting = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => waiting.reject(signal.reason), { once: true });
      if (looks === 1) queueMicrotask(() => watch.wake());
      else queueMicrotask(() => stop.abort());
      return waiting.promise;
    },
  });
  await watch.run(stop.signal);
  assertEquals(looks, 2);
});

Deno.test("wipeOnExit removes all that was put in place, where it is asked to", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await Deno.mkdir(`${path}/files`, { mode: 0o700 });
  await Deno.mkdir(`${path}/state`);
  await Deno.writeTextFile(`${path}/files/theirs`, "x", { mode: 0o600 });
  const folders = { workingFolder: `${path}/files`, state: stateIn(`${path}/state`) };
  const once = { text: "o", strategy: "ENSURE_CREATED" } as const;
  for (const [args, left] of [[[], 3], [["--wipe-on-exit"], 1]] as const) {
    const context = await serveContext(args);
    const store = await openStore(context, folders);
    await deliver(store, { files: { "d/a": "1", "d/once": once } });
    await wipeOnExit(context, store);
    const files = (await listTree(`${path}/files`)).filter((line) => !line.startsWith("d/ "));
    assertEquals(files.length, left);
  }
  const states = await listTree(`${path}/state`);
  assert(!states.some((line) => line.startsWith("manifest ")), "its digests are gone as well");
});

Deno.test("wipeOnExit says what it could not remove", async () => {
  const context = await serveContext(["--wipe-on-exit"]);
  await wipeOnExit(context, { wipe: () => Promise.resolve({ removed: 1, failed: 2 }) });
  await wipeOnExit(context, { wipe: () => Promise.reject(new Error("no disk")) });
  assertEquals(context.logger.events.map(({ level, properties }) => [level, properties]), [
    ["error", { removed: 1, failed: 2 }],
    ["error", { reason: "no disk" }],
  ]);
});
