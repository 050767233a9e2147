import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../../flux/mod.ts";
import { type KeeperKeys, KeyDesk } from "../../../keeper/commands/key_desk.ts";
import { openKeyRing } from "../../../keeper/keys/system_key_ring.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { runContext } from "../../support/run_context.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { QUICK } from "../keys/key_fixtures.ts";

const KEY = generatePrivateKey();
const ADDRESS = zelIdOfKey(KEY);
/** Any 43 characters that end well. */
const SECRET = "b".repeat(42) + "A";

Deno.test("KeyDesk finds nothing where nothing is asked for, and none of an app without a secret", async () => {
  await using folder = await temporaryFolder();
  const desk = new KeyDesk(await runContext([]), folder.path);
  for (const app of [null, "shop"]) {
    const keys = await desk.open({ app, signWith: null });
    assertEquals([keys.signer, await keys.enrolmentSecret()], [null, null]);
  }
});

Deno.test("KeyDesk finds the key that signs and the secret of the app", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-enrolment`, SECRET, { mode: 0o600 });
  const variables = { CREDENTIALS_DIRECTORY: folder.path };
  const context = await runContext([], { variables, lines: [encodeWif(KEY)] });
  const desk = new KeyDesk(context, folder.path);
  const keys = await desk.open({ app: "shop", signWith: ADDRESS });
  assertEquals(keys.signer?.address, ADDRESS);
  assertEquals((await keys.enrolmentSecret())?.length, 32);
  const appless = await desk.open({ app: null, signWith: null });
  assertEquals(await appless.enrolmentSecret(), null);
});

Deno.test("KeyDesk asks for a key once, for whichever apps it is, and in turn", async () => {
  await using folder = await temporaryFolder();
  const context = await runContext([], { lines: [encodeWif(KEY)] });
  const desk = new KeyDesk(context, folder.path);
  const opened = await Promise.all(
    ["shop", "web"].map((app) => desk.open({ app, signWith: ADDRESS })),
  );
  assertEquals(opened.map(({ signer }) => signer?.address), [ADDRESS, ADDRESS]);
  assertEquals(context.stdin.prompts.length, 1);
});

Deno.test("KeyDesk.prepare finds keys once, and says what is wrong when they are opened", async () => {
  await using folder = await temporaryFolder();
  const context = await runContext([]);
  const desk = new KeyDesk(context, folder.path);
  const wish = { app: "shop", signWith: ADDRESS };
  await desk.prepare(wish);
  assertEquals(context.stdin.prompts.length, 1);
  await assertRejects(() => desk.open(wish), ConfigError, "config-invalid");
  assertEquals(context.stdin.prompts.length, 1);
  desk.end();
  await assertRejects(() => desk.open(wish), ConfigError, "config-invalid");
  assertEquals(context.stdin.prompts.length, 1);
});

Deno.test("KeyDesk asks nobody for a passphrase any more once it was told to", async () => {
  await using folder = await temporaryFolder();
  const stateFolder = folder.path;
  const context = await runContext([], { lines: ["correct horse"] });
  const open = async (isOver: boolean): Promise<KeeperKeys> => {
    const desk = new KeyDesk(context, stateFolder);
    const keys = await desk.open({ app: "shop", signWith: null });
    if (isOver) desk.end();
    return keys;
  };
  const keys = await open(true);
  const [stdin, stderr] = [new MemoryInput(["correct horse"]), new MemoryOutput()];
  const ring = openKeyRing({ ...context, stdin, stderr, stateFolder }, { cost: QUICK });
  await ring.save({ kind: "enrolment", name: "shop" }, SECRET, { choice: "file" });
  assertEquals(await keys.enrolmentSecret(), null);
  assertEquals([context.stdin.prompts, context.logger.messages("warn").length], [[], 1]);
  // A keeper that is started now asks.
  assert((await open(false)).signer === null);
  assertEquals(context.stdin.prompts.length, 1);
});
