import { findSentFile, receiveFile } from "../../../../keeper/commands/calls/call_files.ts";
import type { Action } from "../../../../protocol/calls/action.ts";
import { CallError } from "../../../../protocol/calls/call_error.ts";
import { ConfigError, StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { openCallDesks } from "../../../support/call_desks.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

const BYTES = new Uint8Array(200_000).map((_, i) => i % 251);

const send: Action = {
  name: "send",
  async run({ openOutput }, input) {
    const output = await openOutput();
    await output.write(BYTES);
    if (input === "fail") throw new CallError("no-more", "there is no more");
  },
};

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

Deno.test("findSentFile reads a file anew for each agent", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/in`;
  await Deno.writeFile(path, BYTES);
  const file = await findSentFile(path);
  assertEquals(file.size, BYTES.length);
  for (let i = 0; i < 2; i++) {
    const bytes: number[] = [];
    for await (const piece of file.open()) bytes.push(...piece);
    assertEquals(bytes.length, BYTES.length);
  }
});

Deno.test("findSentFile refuses what cannot be read", async () => {
  await using folder = await temporaryFolder();
  await assertRejects(() => findSentFile(folder.path), ConfigError);
  await assertRejects(() => findSentFile(`${folder.path}/none`), ConfigError);
});

Deno.test("receiveFile puts what an action sends into a file that only its owner can read", async () => {
  await using folder = await temporaryFolder();
  await using desks = await openCallDesks({ agentCalls: { actions: [send] } });
  const path = `${folder.path}/out`;
  await Deno.writeTextFile(path, "before");
  const takeOutput = async (stream: Parameters<typeof receiveFile>[1]) => {
    assertEquals(await receiveFile(path, stream), BYTES.length);
  };
  await desks.keeper.call("send", { takeOutput });
  assertEquals(await Deno.readFile(path), BYTES);
  assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  assertEquals(namesIn(folder.path), ["out"]);
});

Deno.test("receiveFile leaves what was there where the action gives up", async () => {
  await using folder = await temporaryFolder();
  await using desks = await openCallDesks({ agentCalls: { actions: [send] } });
  const path = `${folder.path}/out`;
  await Deno.writeTextFile(path, "before");
  let reading: Promise<number> = Promise.resolve(0);
  const takeOutput = async (stream: Parameters<typeof receiveFile>[1]) => {
    reading = receiveFile(path, stream);
    await reading;
  };
  await assertRejects(
    () => desks.keeper.call("send", { input: "fail", takeOutput }),
    CallError,
    "no-more",
  );
  await reading.catch(() => {});
  assertEquals([await Deno.readTextFile(path), namesIn(folder.path)], ["before", ["out"]]);
});

Deno.test("receiveFile says that it cannot write", async () => {
  await using folder = await temporaryFolder();
  await using desks = await openCallDesks({ agentCalls: { actions: [send] } });
  const takeOutput = async (stream: Parameters<typeof receiveFile>[1]) => {
    await receiveFile(`${folder.path}/none/out`, stream);
  };
  await assertRejects(() => desks.keeper.call("send", { takeOutput }), StorageError);
});
