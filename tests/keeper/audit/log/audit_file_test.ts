import { fileURLToPath } from "node:url";
import { AuditFile } from "../../../../keeper/audit/log/audit_file.ts";
import { AuditError, verifyAudit } from "../../../../keeper/audit/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../../support/assert.ts";
import { MemoryLogger } from "../../../support/memory_logger.ts";
import { modeOf } from "../../../support/site.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { eventsOf } from "../audit_fixtures.ts";

const APPENDER = fileURLToPath(new URL("./append_events.ts", import.meta.url));

async function linesOf(path: string): Promise<string[]> {
  return (await Deno.readTextFile(path)).split("\n").slice(0, -1);
}

async function verdictOf(path: string) {
  return await verifyAudit((await Deno.open(path)).readable);
}

Deno.test("AuditFile makes the file and its folder for their owner alone, and only adds to it", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/state/audit.jsonl`;
  const log = new AuditFile(path, { now: () => Date.UTC(2030, 0, 1) });
  await log.append([{ event: "a" }]);
  const before = await Deno.readTextFile(path);
  await log.append([{ event: "b" }, { event: "c" }]);
  await new AuditFile(path).append([{ event: "d" }]);
  assert((await Deno.readTextFile(path)).startsWith(before));
  assertEquals(eventsOf(await linesOf(path)).map(({ event }) => event), ["a", "b", "c", "d"]);
  assertEquals([await modeOf(path), await modeOf(`${folder.path}/state`)], [0o600, 0o700]);
  const verdict = await verdictOf(path);
  assertEquals([verdict.fault, verdict.end.seq], [null, 4]);
});

Deno.test("AuditFile writes what comes together in one go, before any of it may happen", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  const log = new AuditFile(path);
  const appended = Array.from({ length: 1_000 }, (_, n) => log.append([{ event: `e${n}` }]));
  await appended[0];
  assertEquals((await linesOf(path)).length, 1_000);
  await Promise.all(appended);
});

Deno.test("AuditFile takes a file from others that an older umask gave to them", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  await Deno.writeTextFile(path, "");
  await Deno.chmod(path, 0o644);
  await new AuditFile(path).append([{ event: "a" }]);
  assertEquals(await modeOf(path), 0o600);
});

Deno.test("AuditFile makes one chain with another process that writes to the same file", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  const start = (name: string) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-A", APPENDER, path, name, "40"],
      stderr: "piped",
    }).output();
  const ends = await Promise.all([start("one"), start("two")]);
  for (const { code, stderr } of ends) assertEquals(code, 0, new TextDecoder().decode(stderr));
  const verdict = await verdictOf(path);
  assertEquals([verdict.fault, verdict.end.seq], [null, 80]);
  const events = eventsOf(await linesOf(path));
  for (const name of ["one", "two"]) {
    const numbers = events.filter((event) => event["name"] === name).map(({ number }) => number);
    assertEquals(numbers, Array.from({ length: 40 }, (_, number) => number));
  }
});

Deno.test("AuditFile goes on behind a write that was cut off, names it, and changes nothing of it", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  await new AuditFile(path).append([{ event: "a" }, { event: "b" }]);
  const whole = await Deno.readTextFile(path);
  const second = whole.indexOf("\n") + 1;
  for (const cut of [second + 1, second + 30, whole.length - 2]) {
    await Deno.writeTextFile(path, whole.slice(0, cut));
    await new AuditFile(path).append([{ event: "c" }]);
    assert((await Deno.readTextFile(path)).startsWith(`${whole.slice(0, cut)}\n`));
    const verdict = await verdictOf(path);
    assertEquals([verdict.fault, verdict.torn, verdict.end.seq], [null, [2], 3]);
  }
});

Deno.test("AuditFile ends a line of which the end alone is missing", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  await new AuditFile(path).append([{ event: "a" }, { event: "b" }]);
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).slice(0, -1));
  await new AuditFile(path).append([{ event: "c" }]);
  const verdict = await verdictOf(path);
  assertEquals([verdict.fault, verdict.torn, verdict.end.seq], [null, [], 3]);
});

Deno.test("AuditFile notices what another wrote since, in this process too", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  const [one, two] = [new AuditFile(path), new AuditFile(path)];
  for (const log of [one, two, one, two, two, one]) await log.append([{ event: "a" }]);
  const verdict = await verdictOf(path);
  assertEquals([verdict.fault, verdict.end.seq], [null, 6]);
});

Deno.test("AuditFile rejects, and says so once, while its last line is damaged", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  const logger = new MemoryLogger();
  const log = new AuditFile(path, { logger });
  await log.append([{ event: "a" }]);
  const good = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, `${good}garbage\n`);
  for (let i = 0; i < 2; i++) {
    const error = await assertRejects(
      () => log.append([{ event: "b" }]),
      AuditError,
      "audit-failed",
    );
    assertEquals(log.failure, error);
  }
  assertEquals(await Deno.readTextFile(path), `${good}garbage\n`);
  await Deno.writeTextFile(path, good);
  await log.append([{ event: "c" }]);
  assertEquals([log.failure, (await verdictOf(path)).end.seq], [null, 2]);
  assertEquals(logger.events.map(({ level, message }) => `${level} ${message}`), [
    "error The audit log cannot be written, so nothing is given to any agent.",
    "info The audit log can be written again.",
  ]);
});

Deno.test("AuditFile refuses a file that is no audit log, and adds nothing to it", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/notes.txt`;
  await Deno.writeTextFile(path, "Buy milk\n");
  await assertRejects(() => new AuditFile(path).append([{ event: "a" }]), AuditError);
  assertEquals(await Deno.readTextFile(path), "Buy milk\n");
  await Deno.mkdir(`${folder.path}/log`);
  const inFolder = () => new AuditFile(`${folder.path}/log`).append([{ event: "a" }]);
  await assertRejects(inFolder, AuditError);
});

/** What somebody does to a log, and what is said of it. */
const TAKEN_AWAY: Readonly<Record<string, readonly [(path: string) => Promise<void>, RegExp]>> = {
  "is removed": [(path) => Deno.remove(path), /it is gone since this program wrote to it/],
  "is exchanged for an empty one": [
    async (path) => {
      await Deno.rename(path, `${path}.old`);
      await Deno.writeTextFile(path, "");
    },
    /another file took the place/,
  ],
  "is exchanged for a copy": [
    async (path) => {
      await Deno.copyFile(path, `${path}.copy`);
      await Deno.rename(`${path}.copy`, path);
    },
    /another file took the place/,
  ],
  "is emptied": [(path) => Deno.truncate(path), /it is shorter than it was written/],
  "lost its last line": [
    async (path) => {
      const [first = ""] = await linesOf(path);
      await Deno.truncate(path, first.length + 1);
    },
    /it is shorter than it was written/,
  ],
};

for (const [what, [take, says]] of Object.entries(TAKEN_AWAY)) {
  Deno.test(`AuditFile writes no more to a log that ${what} while it is written to`, async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/audit.jsonl`;
    const logger = new MemoryLogger();
    const log = new AuditFile(path, { logger });
    await log.append([{ event: "a" }]);
    await log.append([{ event: "b" }]);
    await take(path);
    const left = await Deno.readTextFile(path).catch(() => null);
    for (let i = 0; i < 2; i++) {
      const error = await assertRejects(() => log.append([{ event: "c" }]), AuditError);
      assertMatch(error.message, says);
    }
    assertEquals(await Deno.readTextFile(path).catch(() => null), left);
    assertEquals(logger.messages("error").length, 1);
    // The next process takes what is there.
    await new AuditFile(path).append([{ event: "d" }]);
    assertEquals((await verdictOf(path)).fault, null);
  });
}

Deno.test("AuditFile goes on with a log that was put back", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/audit.jsonl`;
  const log = new AuditFile(path);
  await log.append([{ event: "a" }]);
  await Deno.rename(path, `${path}.aside`);
  await assertRejects(() => log.append([{ event: "b" }]), AuditError);
  await Deno.rename(`${path}.aside`, path);
  await log.append([{ event: "c" }]);
  const verdict = await verdictOf(path);
  assertEquals([verdict.fault, verdict.end.seq], [null, 2]);
});

async function mountSmall(path: string): Promise<boolean> {
  await Deno.mkdir(path);
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const command = new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", "size=8k", "tmpfs", path],
    stderr: "null",
  });
  return (await command.output()).success;
}

Deno.test("AuditFile rejects while the disk is full, and goes on when there is room", async (test) => {
  await using folder = await temporaryFolder();
  const small = `${folder.path}/small`;
  const isMounted = await mountSmall(small);
  await test.step({
    name: "on a small file system",
    ignore: !isMounted,
    fn: async () => {
      try {
        const path = `${small}/audit.jsonl`;
        const log = new AuditFile(path);
        let written = 0;
        const fill = async () => {
          for (;; written++) await log.append([{ event: "fill", text: "x".repeat(700) }]);
        };
        const error = await assertRejects(fill, AuditError, "audit-failed");
        assert(error.message.includes("no space"), error.message);
        assert(written > 0);
        await assertRejects(() => log.append([{ event: "again" }]), AuditError);
        await new Deno.Command("mount", { args: ["-o", "remount,size=64k", small] }).output();
        await log.append([{ event: "resumed" }]);
        const verdict = await verdictOf(path);
        assertEquals(verdict.fault, null);
        const events = eventsOf((await linesOf(path)).filter((line) => line.endsWith("}")));
        assertEquals(events.filter(({ event }) => event === "fill").length, written);
        assertEquals(events.filter(({ event }) => event === "again").length, 0);
        assertEquals(events.at(-1)?.["event"], "resumed");
      } finally {
        await new Deno.Command("umount", { args: [small] }).output();
      }
    },
  });
});
