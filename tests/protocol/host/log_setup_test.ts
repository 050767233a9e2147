import { StorageError } from "../../../protocol/errors.ts";
import { type LogSettings, setUpLog } from "../../../protocol/host/log_setup.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryOutput } from "../../support/memory_output.ts";

const UNIX = Deno.build.os !== "windows";
const SETTINGS: LogSettings = {
  debug: false,
  json: false,
  quiet: false,
  logToFile: false,
  logfilePath: "./unused.log",
};

async function logged(settings: Partial<LogSettings>): Promise<string> {
  const stderr = new MemoryOutput();
  const { logger, close } = await setUpLog({ ...SETTINGS, ...settings }, { stderr });
  logger.debug("step", { n: 1 });
  logger.info("served", { n: 2 });
  logger.warn("odd {n}", { n: 3 });
  logger.error("failed", { n: 4 });
  await close();
  return stderr.text;
}

function levelsIn(text: string): string[] {
  return text.trimEnd().split("\n").map((line) => line.split(/ +/)[1] ?? "");
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("setUpLog logs information, warnings and errors on standard error", async () => {
  const text = await logged({});
  assertEquals(levelsIn(text), ["INFO", "WARN", "ERROR"]);
  assert(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO {2}served n=2\n/.test(text), text);
});

Deno.test("setUpLog takes a message as it is, braces too", async () => {
  assert((await logged({})).includes("WARN  odd {n} n=3\n"));
});

Deno.test("setUpLog logs every step with debug, and warnings and errors only with quiet", async () => {
  assertEquals(levelsIn(await logged({ debug: true })), ["DEBUG", "INFO", "WARN", "ERROR"]);
  assertEquals(levelsIn(await logged({ quiet: true })), ["WARN", "ERROR"]);
});

Deno.test("setUpLog writes lines of JSON", async () => {
  const lines = (await logged({ json: true })).trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).level), ["info", "warning", "error"]);
});

Deno.test("setUpLog appends to a file that only its owner may read", () =>
  withFolder(async (folder) => {
    const logfilePath = `${folder}/fluxvault.log`;
    await Deno.writeTextFile(logfilePath, "before\n", { mode: 0o644 });
    const onTerminal = await logged({ logToFile: true, logfilePath });
    assertEquals(await Deno.readTextFile(logfilePath), `before\n${onTerminal}`);
    if (UNIX) assertEquals(((await Deno.stat(logfilePath)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test(
  "setUpLog makes a missing file with mode 0600",
  { ignore: !UNIX },
  () =>
    withFolder(async (folder) => {
      const logfilePath = `${folder}/fluxvault.log`;
      await logged({ logToFile: true, logfilePath });
      assertEquals(((await Deno.stat(logfilePath)).mode ?? 0) & 0o777, 0o600);
    }),
);

Deno.test("setUpLog refuses a file in a folder that is not there", () =>
  withFolder(async (folder) => {
    const logfilePath = `${folder}/none/fluxvault.log`;
    await assertRejects(
      () => logged({ logToFile: true, logfilePath }),
      StorageError,
      "file-missing",
    );
  }));

Deno.test("setUpLog goes on with a full disk and says so once", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const stderr = new MemoryOutput();
  const settings = { ...SETTINGS, logToFile: true, logfilePath: "/dev/full" };
  const { logger, close } = await setUpLog(settings, { stderr });
  logger.info("first");
  await Deno.stat(".");
  logger.info("second");
  await close();
  assertEquals(stderr.text.match(/cannot be written/g)?.length, 1);
  assert(stderr.text.includes("disk-full"));
  assert(stderr.text.includes("first") && stderr.text.includes("second"));
});

Deno.test("setUpLog drops events after it was closed", async () => {
  const stderr = new MemoryOutput();
  const { logger, close } = await setUpLog(SETTINGS, { stderr });
  await close();
  logger.error("late");
  await close();
  assertEquals(stderr.text, "");
});

Deno.test("setUpLog writes an event whose values cannot be read", async () => {
  const stderr = new MemoryOutput();
  const { logger, close } = await setUpLog(SETTINGS, { stderr });
  logger.warn("odd", {
    get value(): never {
      throw new Error("gone");
    },
  });
  await close();
  assert(/ WARN {2}odd problem="its values cannot be written"\n/.test(stderr.text), stderr.text);
});
