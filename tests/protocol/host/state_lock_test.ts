import { StorageError } from "../../../protocol/errors.ts";
import { lockFile, lockFolder } from "../../../protocol/host/state_lock.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("lockFolder refuses a second holder and says which folder and process it is", () =>
  withFolder(async (folder) => {
    using _lock = await lockFolder(folder);
    const error = await assertRejects(() => lockFolder(folder), StorageError, "locked");
    assert(error.message.includes(folder));
    assert(error.message.includes(`process ${Deno.pid}`));
    assert(error.hint !== undefined);
  }));

Deno.test("lockFolder gives the lock to the next one after its holder's scope ended", () =>
  withFolder(async (folder) => {
    {
      using _lock = await lockFolder(folder);
    }
    using _next = await lockFolder(folder);
  }));

Deno.test("lockFolder reports a folder that is not there as file-missing", () =>
  withFolder(async (folder) => {
    await assertRejects(() => lockFolder(`${folder}/none`), StorageError, "file-missing");
  }));

Deno.test("lockFile locks one file and leaves others free", () =>
  withFolder(async (folder) => {
    using _a = await lockFile(`${folder}/a.lock`);
    using _b = await lockFile(`${folder}/b.lock`);
    await assertRejects(() => lockFile(`${folder}/a.lock`), StorageError, "locked");
  }));

Deno.test("lockFile makes a file that only its owner may read", {
  ignore: Deno.build.os === "windows",
}, () =>
  withFolder(async (folder) => {
    using lock = await lockFile(`${folder}/a.lock`);
    assertEquals(((await Deno.stat(lock.path)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("lockFile waits for a holder that lets go in time", () =>
  withFolder(async (folder) => {
    const holder = await lockFile(`${folder}/a.lock`);
    const waiting = lockFile(`${folder}/a.lock`, { waitMs: 60_000 });
    // By the end of this one's wait the other has been refused at least once.
    await assertRejects(() => lockFile(holder.path, { waitMs: 1 }), StorageError, "locked");
    holder.release();
    using _lock = await waiting;
  }));

Deno.test("lockFile gives up at the end of its wait", () =>
  withFolder(async (folder) => {
    using _holder = await lockFile(`${folder}/a.lock`);
    await assertRejects(
      () => lockFile(`${folder}/a.lock`, { waitMs: 1 }),
      StorageError,
      "locked",
    );
  }));

Deno.test("lockFile ends its wait with the reason of the signal", () =>
  withFolder(async (folder) => {
    using _holder = await lockFile(`${folder}/a.lock`);
    const stop = new AbortController();
    const waiting = lockFile(`${folder}/a.lock`, { waitMs: 60_000, signal: stop.signal });
    stop.abort(new RangeError("enough"));
    await assertRejects(() => waiting, RangeError);
  }));

Deno.test("StateLock.release may be called twice", () =>
  withFolder(async (folder) => {
    const lock = await lockFolder(folder);
    lock.release();
    lock.release();
  }));

Deno.test("lockFolder is freed by the system when its holder is killed", () =>
  withFolder(async (folder) => {
    const module = new URL("../../../protocol/host/state_lock.ts", import.meta.url).href;
    const source = `const { lockFolder } = await import(${JSON.stringify(module)});` +
      `globalThis.lock = await lockFolder(${JSON.stringify(folder)});` +
      `console.log("held"); setInterval(() => {}, 1000);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", source],
      cwd: new URL("../../..", import.meta.url),
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assertEquals(new TextDecoder().decode(value).trim(), "held");
    await assertRejects(() => lockFolder(folder), StorageError, "locked");
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    using _lock = await lockFolder(folder);
  }));
