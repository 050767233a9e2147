import { generatePrivateKey, zelIdOfKey } from "../../../flux/mod.ts";
import { NO_KEYS } from "../../../keeper/commands/key_desk.ts";
import { checkEnrolment, checkSigning, signerIn } from "../../../keeper/commands/key_settings.ts";
import { parseWires } from "../../../keeper/contact/wire.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { declared } from "../../support/fake_fleet.ts";
import { runContext } from "../../support/run_context.ts";

const ADDRESS = zelIdOfKey(generatePrivateKey());
const SIGNED = ["--sign-connections", "--zelid", ADDRESS];
Deno.test("checkSigning takes both settings or none, also beside nodes of the original", async () => {
  for (const args of [[], SIGNED]) {
    const context = await runContext(args);
    checkSigning(context, parseWires([]));
    checkSigning(context, parseWires(["192.0.2.7=original"]));
  }
});

Deno.test("checkSigning refuses one setting without the other, and what nobody would see signed", async () => {
  for (const args of [["--sign-connections"], ["--zelid", ADDRESS]]) {
    const context = await runContext(args);
    assertThrows(() => checkSigning(context, parseWires([])), ConfigError, "config-invalid");
  }
  const context = await runContext(SIGNED);
  const wires = parseWires(["original"]);
  assertThrows(() => checkSigning(context, wires), ConfigError, "config-invalid");
});

const ENROLLED = declared(["a", "enrolled"]).all;

Deno.test("checkEnrolment refuses files for enrolled agents where there is no app", async () => {
  const context = await runContext([]);
  const wish = { files: ENROLLED, app: null, keys: NO_KEYS };
  await assertRejects(() => checkEnrolment(context, wish), ConfigError, "config-invalid");
  await checkEnrolment(context, { ...wish, files: declared("a").all });
});

Deno.test("checkEnrolment warns of files for enrolled agents where nobody can enrol", async () => {
  const [known, unknown] = [await runContext([]), await runContext([])];
  const wish = { files: ENROLLED, app: "shop", keys: NO_KEYS };
  await checkEnrolment(unknown, wish);
  const enrolmentSecret = () => Promise.resolve(new Uint8Array(32));
  await checkEnrolment(known, { ...wish, keys: { signer: null, enrolmentSecret } });
  const warnings = [unknown, known].map(({ logger }) => {
    return logger.messages("warn").length;
  });
  assertEquals(warnings, [1, 0]);
});

Deno.test("signerIn names the address whose key signs, where something is to be signed", async () => {
  assertEquals(signerIn(await runContext(SIGNED)), ADDRESS);
  assertEquals(signerIn(await runContext([])), null);
});
