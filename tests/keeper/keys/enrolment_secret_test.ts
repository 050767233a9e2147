import {
  checkApp,
  findEnrolmentSecret,
  generateEnrolmentSecret,
  readEnrolmentSecret,
} from "../../../keeper/keys/enrolment_secret.ts";
import { KeyRing } from "../../../keeper/keys/key_ring.ts";
import { ConfigError, decodeEnrolmentSecret } from "../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { ENROLMENT, MemoryKeyIndex, MemoryKeyStore } from "./key_fixtures.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);

function search(variables: Record<string, string> = {}) {
  const stderr = new MemoryOutput();
  const ring = new KeyRing({
    index: new MemoryKeyIndex(),
    system: new MemoryKeyStore("system"),
    file: new MemoryKeyStore("file"),
    note: (text) => stderr.write(text),
  });
  const context = {
    app: "demo",
    keyStore: "auto",
    stateFolder: "/nowhere",
    env: fixedEnvironment(variables),
    stdin: new MemoryInput(["never taken"]),
    stderr,
    logger: new MemoryLogger(),
    signal: new AbortController().signal,
  } as const;
  return { context, ring };
}

Deno.test("findEnrolmentSecret is null where there is none, and asks nobody", async () => {
  const { context, ring } = search();
  await ring.save({ kind: "enrolment", name: "other" }, ENROLMENT, { choice: "system" });
  assertEquals(await findEnrolmentSecret(context, ring), null);
  assertEquals(context.stdin.prompts, []);
});

Deno.test("findEnrolmentSecret takes a stored secret", async () => {
  const { context, ring } = search();
  await ring.save({ kind: "enrolment", name: "demo" }, ENROLMENT, { choice: "file" });
  assertEquals(await findEnrolmentSecret(context, ring), SECRET);
  assert(!JSON.stringify(context.logger.events).includes(ENROLMENT));
});

Deno.test("findEnrolmentSecret takes a credential before a stored secret", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-enrolment`, `${ENROLMENT}\n`);
  const { context, ring } = search({ CREDENTIALS_DIRECTORY: folder.path });
  const other = generateEnrolmentSecret();
  await ring.save({ kind: "enrolment", name: "demo" }, other, { choice: "file" });
  assertEquals(await findEnrolmentSecret(context, ring), SECRET);
});

Deno.test("findEnrolmentSecret refuses a credential that a person made up", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-enrolment`, "correct horse");
  const { context, ring } = search({ CREDENTIALS_DIRECTORY: folder.path });
  const error = await assertRejects(() => findEnrolmentSecret(context, ring), ConfigError);
  assertEquals(error.source, "credential fluxvault-enrolment");
  assert(!error.message.includes("horse"));
});

Deno.test("generateEnrolmentSecret makes another secret each time, one that can be read", () => {
  const [one, other] = [generateEnrolmentSecret(), generateEnrolmentSecret()];
  assert(one !== other && one.length === 43);
  assertEquals(readEnrolmentSecret(one), decodeEnrolmentSecret(one) ?? new Uint8Array());
});

Deno.test("readEnrolmentSecret refuses anything else without repeating it", () => {
  for (const text of ["hunter2", `${ENROLMENT}A`, `${ENROLMENT.slice(0, -1)}!`]) {
    const error = assertThrows(() => readEnrolmentSecret(text), ConfigError);
    assert(!error.message.includes(text) && error.hint?.includes("enrolment create"));
  }
});

Deno.test("checkApp takes the name of an app and repeats nothing else", () => {
  assertEquals(checkApp("my-app"), "my-app");
  for (const text of ["", "-a", "hunter_2", "../x"]) {
    const error = assertThrows(() => checkApp(text), ConfigError);
    assert(text === "" || !error.message.includes(text));
  }
});
