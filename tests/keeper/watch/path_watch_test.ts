import { join } from "node:path";
import { WATCH_CHECK_MS, WATCH_POLL_MS, WATCH_QUIET_MS } from "../../../keeper/limits.ts";
import {
  type OpenWatcher,
  type WatchedPath,
  type WatchOptions,
  watchPaths,
} from "../../../keeper/watch/path_watch.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** A watch that runs, on the real clock unless another is given. */
class RunningWatch implements AsyncDisposable {
  readonly logger = new MemoryLogger();
  readonly #controller = new AbortController();
  readonly #run: Promise<void>;
  #calls = 0;
  #wake: () => void = () => {};

  constructor(paths: readonly WatchedPath[], options: Partial<WatchOptions> = {}) {
    this.#run = watchPaths(paths, {
      onChange: () => {
        this.#calls++;
        this.#wake();
        return Promise.resolve();
      },
      signal: this.#controller.signal,
      logger: this.logger,
      ...options,
    });
  }

  /** Waits for a call that was not waited for yet. */
  async next(): Promise<void> {
    while (this.#calls === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#calls--;
  }

  get calls(): number {
    return this.#calls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#run;
  }
}

async function vaultIn(folder: TemporaryFolder): Promise<string> {
  const vault = join(folder.path, "vault");
  await Deno.mkdir(join(vault, "sub"), { recursive: true });
  return vault;
}

Deno.test("watchPaths calls soon after anything changes below a folder, new folders among it", async () => {
  await using folder = await temporaryFolder();
  const vault = await vaultIn(folder);
  await using watch = new RunningWatch([{ path: vault, isFile: false }]);
  // The first look is for what happened before anybody watched.
  await watch.next();
  const changes = [
    () => Deno.writeTextFile(join(vault, "sub/a"), "1"),
    () => Deno.chmod(join(vault, "sub/a"), 0o700),
    () => Deno.rename(join(vault, "sub/a"), join(vault, "b")),
    () => Deno.mkdir(join(vault, "new/deep"), { recursive: true }),
    () => Deno.writeTextFile(join(vault, "new/deep/c"), "2"),
    () => Deno.remove(join(vault, "new"), { recursive: true }),
  ];
  for (const change of changes) {
    await change();
    await watch.next();
  }
  assertEquals(watch.logger.messages("warn"), []);
});

Deno.test("watchPaths follows a link in the place of the folder", async () => {
  await using folder = await temporaryFolder();
  const vault = await vaultIn(folder);
  await Deno.symlink(vault, join(folder.path, "link"));
  await using watch = new RunningWatch([{ path: join(folder.path, "link"), isFile: false }]);
  await watch.next();
  await Deno.writeTextFile(join(vault, "a"), "1");
  await watch.next();
});

/** A system that tells of what a test wants, on a clock that stands still. */
class FakeSystem {
  readonly clock = new FakeClock();
  /** Why no watcher can be opened, or `null`. */
  failure: Error | null = null;
  readonly opened: { readonly paths: string[]; readonly recursive: boolean }[] = [];
  readonly #feeds = new Set<
    ReadableStreamDefaultController<Pick<Deno.FsEvent, "kind" | "paths">>
  >();

  readonly openWatcher: OpenWatcher = (paths, { recursive }) => {
    if (this.failure !== null) throw this.failure;
    this.opened.push({ paths, recursive });
    let feed: ReadableStreamDefaultController<Pick<Deno.FsEvent, "kind" | "paths">> | null = null;
    const stream = new ReadableStream<Pick<Deno.FsEvent, "kind" | "paths">>({
      start: (controller) => {
        feed = controller;
        this.#feeds.add(controller);
      },
    });
    return Object.assign(stream, {
      close: () => {
        if (feed !== null && this.#feeds.delete(feed)) feed.close();
      },
    });
  };

  get isWatching(): boolean {
    return this.#feeds.size > 0;
  }

  say(kind: Deno.FsEvent["kind"], ...paths: string[]): void {
    for (const feed of this.#feeds) feed.enqueue({ kind, paths });
  }

  break(error: Error): void {
    for (const feed of this.#feeds) feed.error(error);
    this.#feeds.clear();
  }

  watch(...paths: readonly WatchedPath[]): RunningWatch {
    const { openWatcher, clock } = this;
    return new RunningWatch(paths, { openWatcher, delay: clock.delay, now: clock.now });
  }

  /** Lets it be quiet for as long as it has to be. */
  async settle(): Promise<void> {
    await this.clock.untilDelayIs(WATCH_QUIET_MS);
    this.clock.advance(WATCH_QUIET_MS);
  }
}

Deno.test("watchPaths takes no look for a change, and nothing beside a file for the file", async () => {
  await using folder = await temporaryFolder();
  const system = new FakeSystem();
  await using watch = system.watch(
    { path: join(folder.path, "loadout.yaml"), isFile: true },
    { path: join(folder.path, "vault"), isFile: false },
  );
  await system.settle();
  await watch.next();
  assertEquals(system.opened, [
    { paths: [join(folder.path, "vault")], recursive: true },
    { paths: [folder.path], recursive: false },
  ]);
  system.say("access", join(folder.path, "vault/a"));
  system.say("modify", join(folder.path, "other.yaml"));
  system.say("modify", join(folder.path, "vaulted/a"));
  system.say("create", join(folder.path, "loadout.yaml"));
  await system.settle();
  await watch.next();
  system.say("rename", join(folder.path, "x"), join(folder.path, "vault/y"));
  await system.settle();
  await watch.next();
  assertEquals(watch.calls, 0);
});

Deno.test("watchPaths looks every ten seconds where the system cannot watch, and says so once", async () => {
  await using folder = await temporaryFolder();
  const system = new FakeSystem();
  system.failure = new Error("too many watches");
  await using watch = system.watch({ path: folder.path, isFile: false });
  for (let i = 0; i < 3; i++) {
    await system.settle();
    await watch.next();
    await system.clock.untilDelayIs(WATCH_POLL_MS - WATCH_QUIET_MS);
    system.clock.advance(WATCH_POLL_MS);
  }
  assertEquals(watch.logger.messages("warn").length, 1);
  system.failure = null;
  await system.settle();
  await watch.next();
  assert(system.isWatching);
});

Deno.test("watchPaths goes on behind an event that it cannot be told of", async () => {
  await using folder = await temporaryFolder();
  const system = new FakeSystem();
  await using watch = system.watch({ path: folder.path, isFile: false });
  await system.settle();
  await watch.next();
  system.break(new TypeError("path contains invalid UTF-8 characters"));
  await system.clock.untilDelayIs(WATCH_CHECK_MS);
  assert(!system.isWatching);
  system.clock.advance(WATCH_CHECK_MS);
  await system.settle();
  await watch.next();
  assert(system.isWatching);
  assertEquals(watch.logger.messages("warn"), []);
});

Deno.test("watchPaths watches anew where another folder takes the place of the one that it watches", async () => {
  await using folder = await temporaryFolder();
  const vault = await vaultIn(folder);
  const system = new FakeSystem();
  await using watch = system.watch({ path: vault, isFile: false });
  await system.settle();
  await watch.next();
  await Deno.rename(vault, join(folder.path, "before"));
  await Deno.mkdir(vault);
  await system.clock.untilDelayIs(WATCH_CHECK_MS - WATCH_QUIET_MS);
  system.clock.advance(WATCH_CHECK_MS);
  await system.settle();
  await watch.next();
  assertEquals(system.opened.length, 2);
});
