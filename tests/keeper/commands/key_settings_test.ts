import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../../flux/mod.ts";
import {
  checkEnrolment,
  checkSigning,
  NO_KEYS,
  openKeys,
} from "../../../keeper/commands/key_settings.ts";
import { openKeyRing } from "../../../keeper/keys/system_key_ring.ts";
import { RUN_OPTIONS } from "../../../keeper/options.ts";
import type { ServeContext } from "../../../keeper/commands/run_context.ts";
import { parseWires } from "../../../keeper/contact/wire.ts";
import { fixedEnvironment, GLOBAL_OPTIONS, resolveSettings } from "../../../protocol/host/mod.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { declared } from "../../support/fake_fleet.ts";
import { QUIET_PARTS } from "../../support/command_parts.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { QUICK } from "../keys/key_fixtures.ts";

const KEY = generatePrivateKey();
const ADDRESS = zelIdOfKey(KEY);
const SIGNED = ["--sign-connections", "--zelid", ADDRESS];
/** Any 43 characters that end well. */
const SECRET = "b".repeat(42) + "A";

async function contextOf(
  args: readonly string[],
  { variables = {}, lines = [] }: {
    readonly variables?: Record<string, string>;
    readonly lines?: readonly string[];
  } = {},
): Promise<ServeContext> {
  const env = fixedEnvironment(variables);
  const resolved = await resolveSettings([...RUN_OPTIONS, ...GLOBAL_OPTIONS], { args, env });
  return {
    settings: resolved.values,
    resolved,
    operands: [],
    ...QUIET_PARTS,
    env,
    logger: new MemoryLogger(),
    signal: new AbortController().signal,
    stdin: new MemoryInput(lines),
    stdout: new MemoryOutput(),
    stderr: new MemoryOutput(),
  };
}

Deno.test("checkSigning takes both settings or none, also beside nodes of the original", async () => {
  for (const args of [[], SIGNED]) {
    const context = await contextOf(args);
    checkSigning(context, parseWires([]));
    checkSigning(context, parseWires(["192.0.2.7=original"]));
  }
});

Deno.test("checkSigning refuses one setting without the other, and what nobody would see signed", async () => {
  for (const args of [["--sign-connections"], ["--zelid", ADDRESS]]) {
    const context = await contextOf(args);
    assertThrows(() => checkSigning(context, parseWires([])), ConfigError, "config-invalid");
  }
  const context = await contextOf(SIGNED);
  const wires = parseWires(["original"]);
  assertThrows(() => checkSigning(context, wires), ConfigError, "config-invalid");
});

Deno.test("openKeys finds nothing where nothing is asked for, and none of an app without a secret", async () => {
  await using folder = await temporaryFolder();
  const context = await contextOf([]);
  for (const app of [null, "shop"]) {
    const keys = await openKeys(context, { app, stateFolder: folder.path });
    assertEquals([keys.signer, await keys.enrolmentSecret()], [null, null]);
  }
});

Deno.test("openKeys finds the key that signs and the secret of the app", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-enrolment`, SECRET, { mode: 0o600 });
  const variables = { CREDENTIALS_DIRECTORY: folder.path };
  const context = await contextOf(SIGNED, { variables, lines: [encodeWif(KEY)] });
  const keys = await openKeys(context, { app: "shop", stateFolder: folder.path });
  assertEquals(keys.signer?.address, ADDRESS);
  assertEquals((await keys.enrolmentSecret())?.length, 32);
  const appless = await openKeys(await contextOf([], { variables }), {
    app: null,
    stateFolder: folder.path,
  });
  assertEquals(await appless.enrolmentSecret(), null);
});

Deno.test("openKeys asks nobody for a passphrase any more once the keeper runs", async () => {
  await using folder = await temporaryFolder();
  const stateFolder = folder.path;
  const context = await contextOf([], { lines: ["correct horse"] });
  const keys = await openKeys(context, { app: "shop", stateFolder });
  const [stdin, stderr] = [new MemoryInput(["correct horse"]), new MemoryOutput()];
  const ring = openKeyRing({ ...context, stdin, stderr, stateFolder }, { cost: QUICK });
  await ring.save({ kind: "enrolment", name: "shop" }, SECRET, { choice: "file" });
  assertEquals(await keys.enrolmentSecret(), null);
  assert(context.stdin instanceof MemoryInput && context.logger instanceof MemoryLogger);
  assertEquals([context.stdin.prompts, context.logger.messages("warn").length], [[], 1]);
  // A keeper that is started now asks.
  assertEquals((await openKeys(context, { app: "shop", stateFolder })).signer, null);
  assertEquals(context.stdin.prompts.length, 1);
});

Deno.test("openKeys fails where the key that has to sign is not there", async () => {
  await using folder = await temporaryFolder();
  const context = await contextOf(SIGNED);
  const wish = { app: null, stateFolder: folder.path };
  await assertRejects(() => openKeys(context, wish), ConfigError, "config-invalid");
});

const ENROLLED = declared(["a", "enrolled"]).all;

Deno.test("checkEnrolment refuses files for enrolled agents where there is no app", async () => {
  const context = await contextOf([]);
  const wish = { files: ENROLLED, app: null, keys: NO_KEYS };
  await assertRejects(() => checkEnrolment(context, wish), ConfigError, "config-invalid");
  await checkEnrolment(context, { ...wish, files: declared("a").all });
});

Deno.test("checkEnrolment warns of files for enrolled agents where nobody can enrol", async () => {
  const [known, unknown] = [await contextOf([]), await contextOf([])];
  const wish = { files: ENROLLED, app: "shop", keys: NO_KEYS };
  await checkEnrolment(unknown, wish);
  const enrolmentSecret = () => Promise.resolve(new Uint8Array(32));
  await checkEnrolment(known, { ...wish, keys: { signer: null, enrolmentSecret } });
  const warnings = [unknown, known].map(({ logger }) => {
    assert(logger instanceof MemoryLogger);
    return logger.messages("warn").length;
  });
  assertEquals(warnings, [1, 0]);
});
