import { asOperator, readSerial, writeOut } from "../../../../keeper/commands/ca/authority_desk.ts";
import { AuthorityError } from "../../../../keeper/authority/mod.ts";
import { ConfigError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../support/assert.ts";
import { MemoryOutput } from "../../../support/memory_output.ts";
import { KEY } from "../../keys/key_fixtures.ts";
import { PASSPHRASE, withAuthority } from "./ca_site.ts";

Deno.test("asOperator makes a mistake of the operator out of what he can change", async () => {
  const mistake = await assertRejects(
    () => asOperator(() => Promise.reject(new AuthorityError("name-refused", "no", { hint: "h" }))),
    ConfigError,
  );
  assertEquals([mistake.message, mistake.hint], ["no", "h"]);
  const other = new AuthorityError("authority-expired", "over");
  assertEquals(await asOperator(() => Promise.reject(other)).catch((error) => error), other);
  assertEquals(await asOperator(() => Promise.resolve(7)), 7);
});

Deno.test("readSerial takes a serial number as programs write it", () => {
  const serial = "0a".repeat(16);
  assertEquals(readSerial({ operands: [] }), null);
  assertEquals(readSerial({ operands: [serial] }), serial);
  assertEquals(
    readSerial({ operands: [serial.toUpperCase().match(/../g)?.join(":") ?? ""] }),
    serial,
  );
});

Deno.test("readSerial refuses anything else, and repeats none of it", () => {
  for (
    const operands of [["x"], ["0a".repeat(15)], ["0a".repeat(16), "0b".repeat(16)], [KEY.wif]]
  ) {
    const error = assertThrows(() => readSerial({ operands }), ConfigError);
    assert(!operands.some((operand) => error.message.includes(operand)) || operands[0] === "x");
  }
});

Deno.test("writeOut writes to standard output where no file is named", async () => {
  const stdout = new MemoryOutput();
  await writeOut({ stdout }, "text", undefined);
  assertEquals(stdout.text, "text");
});

Deno.test("ca init makes an authority once, with its secret among the stored ones", () =>
  withAuthority(async ({ run, folder }) => {
    const first = await run(["init"]);
    assertEquals([first.code, first.stderr], [0, ""]);
    assert(first.stdout.includes(`keys         P-256, encrypted, in the folder`), first.stdout);
    const second = await run(["init", "--key-type", "Ed25519"]);
    assertEquals([second.code, second.stdout], [0, first.stdout]);
    assert(second.stderr.includes("nothing was changed"), second.stderr);
    const keys = JSON.parse(await Deno.readTextFile(`${folder}/state/keys.json`));
    assertEquals(keys.keys.map(({ kind }: { kind: string }) => kind), ["authority"]);
  }));

Deno.test("ca init keeps its secret in the key store of the system where it is told to", () =>
  withAuthority(async ({ run, secrets, folder }) => {
    assertEquals((await run(["init", "--key-store", "system"])).code, 0);
    assertEquals(secrets.size, 1);
    const all = await readAll(`${folder}/state`);
    for (const secret of secrets.values()) assert(!all.includes(secret));
  }));

Deno.test("ca refuses a wrong passphrase, and loses nothing", () =>
  withAuthority(async ({ run, issue, folder }) => {
    const serial = await issue("--app-name", "demo");
    const before = await readAll(`${folder}/state/authority`);
    await Deno.writeTextFile(`${folder}/credentials/fluxvault-passphrase`, "another horse");
    const { code, stderr } = await run(["renew", serial]);
    assertEquals(code, 2);
    assert(stderr.includes("the passphrase does not open"), stderr);
    assertEquals(await readAll(`${folder}/state/authority`), before);
    await Deno.writeTextFile(`${folder}/credentials/fluxvault-passphrase`, PASSPHRASE);
    assertEquals((await run(["renew", serial])).code, 0);
  }));

Deno.test("ca says which file is damaged", () =>
  withAuthority(async ({ run, issue, folder }) => {
    await issue("--app-name", "demo");
    const path = `${folder}/state/authority/apps/app-demo.json`;
    await Deno.writeTextFile(path, "{");
    const { code, stderr } = await run(["list"]);
    assertEquals(code, 1);
    assert(stderr.includes(path) && stderr.includes("backup"), stderr);
  }));

Deno.test("ca shows no secret and no private key in anything that it writes", () =>
  withAuthority(async ({ run, issue, folder, secrets }) => {
    await run(["init", "--key-store", "system"]);
    const serial = await issue("--app-name", "demo", "--component", "db");
    const written = [];
    for (
      const args of [
        ["show"],
        ["show", "--json"],
        ["list", "--json"],
        ["renew", serial, "--debug"],
        ["export"],
        ["export", "--what", "chain", serial],
        ["export", "--what", "chain", "--app-name", "demo"],
        ["export", "--what", "revocations", "--app-name", "demo"],
        ["revoke", serial],
      ]
    ) {
      const { code, stdout, stderr } = await run(args);
      assertEquals(code, 0, stderr);
      written.push(stdout, stderr);
    }
    const all = `${written.join("")}${await readAll(`${folder}/state`)}`;
    assert(secrets.size === 1 && !all.includes("PRIVATE KEY"));
    for (const secret of secrets.values()) assert(!all.includes(secret));
  }));

async function readAll(folder: string): Promise<string> {
  let text = "";
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    text += isDirectory ? await readAll(path) : await Deno.readTextFile(path);
  }
  return text;
}
