import { LeaseWatch } from "../../../agent/disk/lease_watch.ts";
import { LEASE_RETRY_MS, MAX_LEASE_PAUSE_MS } from "../../../agent/limits.ts";
import { PeerRejectedError } from "../../../protocol/errors.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

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
