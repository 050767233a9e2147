import { openKeyRing, systemKeyStore } from "../../../keeper/keys/system_key_ring.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { ENROLMENT, KEY, NO_COMMANDS, NOW_MS, QUICK } from "./key_fixtures.ts";

Deno.test("systemKeyStore knows the store of each system", () => {
  const names = (["linux", "freebsd", "darwin", "windows"] as const)
    .map((os) => systemKeyStore(os, NO_COMMANDS).where("a"));
  assertEquals(names, [
    "the system's key store (Secret Service)",
    "the system's key store (Secret Service)",
    "the system's key store (keychain)",
    "the system's key store (credential locker)",
  ]);
});

Deno.test("openKeyRing asks for one passphrase for all files, and makes nothing before", async () => {
  await using folder = await temporaryFolder();
  const stdin = new MemoryInput(["correct horse"]);
  const context = {
    stateFolder: `${folder.path}/state`,
    env: fixedEnvironment(),
    stdin,
    stderr: new MemoryOutput(),
    signal: new AbortController().signal,
  };
  const ring = openKeyRing(context, { run: NO_COMMANDS, cost: QUICK, now: () => NOW_MS });
  assertEquals([await ring.list(), stdin.prompts.length], [[], 0]);
  assertEquals(Array.from(Deno.readDirSync(folder.path)), []);
  const names = [{ kind: "keeper-key", name: KEY.address }, {
    kind: "enrolment",
    name: "demo",
  }] as const;
  const key = await ring.save(names[0], KEY.wif, { choice: "auto" });
  const enrolment = await ring.save(names[1], ENROLMENT, { choice: "auto" });
  assertEquals([await ring.read(key), await ring.read(enrolment)], [KEY.wif, ENROLMENT]);
  assertEquals([key.store, key.createdMs, stdin.prompts.length], ["file", NOW_MS, 1]);
});
