import {
  addEnrolment,
  createEnrolment,
  exportEnrolment,
  removeEnrolment,
} from "../../../keeper/commands/enrolment_command.ts";
import { listKeys } from "../../../keeper/commands/keys_command.ts";
import { decodeEnrolmentSecret } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { ENROLMENT, KEY } from "../keys/key_fixtures.ts";
import { type KeysSite, withKeys } from "../keys/keys_site.ts";

const COMMANDS = {
  create: createEnrolment,
  add: addEnrolment,
  export: exportEnrolment,
  remove: removeEnrolment,
  list: listKeys,
};

function test(name: string, work: (site: KeysSite) => Promise<void>): void {
  Deno.test(name, () => withKeys(COMMANDS, work));
}

const LINE = `FLUXVAULT_ENROLL_SECRET=${ENROLMENT}\n`;

test("createEnrolment stores a new secret and shows the line for the app", async (site) => {
  const { code, stdout, stderr } = await site.run(["create", "demo"]);
  const secret = site.secrets.get("enrolment-demo") ?? "";
  assertEquals([code, stdout], [0, `FLUXVAULT_ENROLL_SECRET=${secret}\n`]);
  assert(decodeEnrolmentSecret(secret) !== null && !stderr.includes(secret));
  assertMatch(stderr, /enterprise app/);
  const json = JSON.parse((await site.run(["create", "other", "--json"])).stdout);
  assertEquals(json, {
    app: "other",
    variable: "FLUXVAULT_ENROLL_SECRET",
    secret: site.secrets.get("enrolment-other"),
  });
});

test("createEnrolment never replaces a secret", async (site) => {
  await site.run(["add", "demo"], [ENROLMENT]);
  const { code, stdout } = await site.run(["create", "demo"]);
  assertEquals([code, stdout, site.secrets.get("enrolment-demo")], [2, "", ENROLMENT]);
});

test("createEnrolment makes nothing that a person does not want to see", async (site) => {
  const { code, stdout } = await site.ask(["create", "demo"], ["no"]);
  assertEquals([code, stdout, site.secrets.size], [2, "", 0]);
});

test("addEnrolment stores a secret of standard input, and repeats it not", async (site) => {
  const { code, stdout, stderr } = await site.run(["add", "demo"], [ENROLMENT]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    "the enrolment secret of demo is now in the system's key store (Secret Service)\n",
  );
  assertEquals(site.secrets.get("enrolment-demo"), ENROLMENT);
  assertMatch((await site.run(["list"])).stdout, /^enrolment secret {2}demo {2}the system/m);
});

for (
  const [what, args, lines, says] of [
    ["a made-up secret", ["demo"], ["correct horse"], /43 characters of base64url/],
    ["nothing", ["demo"], [], /the enrolment secret is missing/],
    ["no app", [], [ENROLMENT], /the app is missing/],
    ["what names no app", ["de_mo"], [ENROLMENT], /no name of an app/],
    ["a secret behind the app", ["demo", ENROLMENT], [], /regard it as disclosed/],
    ["a secret for the app", [ENROLMENT], [ENROLMENT], /regard it as disclosed/],
    ["a key for the app", [KEY.wif], [ENROLMENT], /regard it as disclosed/],
  ] as const
) {
  test(`addEnrolment refuses ${what} with status 2, and repeats it not`, async (site) => {
    const { code, stdout, stderr } = await site.run(["add", ...args], lines);
    assertEquals([code, stdout, site.secrets.size], [2, "", 0]);
    assertMatch(stderr, says);
    for (const text of [ENROLMENT, "horse", "de_mo", KEY.wif]) {
      assert(!stderr.includes(text), stderr);
    }
  });
}

test("exportEnrolment writes the line, on a terminal only after it asked", async (site) => {
  await site.run(["add", "demo"], [ENROLMENT]);
  const { stdout, stderr } = await site.run(["export", "demo"]);
  assertEquals([stdout, stderr.includes(ENROLMENT)], [LINE, false]);
  assertEquals((await site.ask(["export", "demo"], ["no"])).stdout, "");
  assertEquals((await site.ask(["export", "demo"], ["yes"])).stdout, LINE);
});

test("removeEnrolment removes a secret with --yes", async (site) => {
  await site.run(["add", "demo"], [ENROLMENT]);
  assertEquals([(await site.run(["remove", "demo"])).code, site.secrets.size], [2, 1]);
  assertEquals([(await site.run(["remove", "demo", "--yes"])).code, site.secrets.size], [0, 0]);
  assertEquals((await site.run(["export", "demo"])).code, 2);
});

test("createEnrolment, exportEnrolment and removeEnrolment repeat no secret", async (site) => {
  for (const word of ["create", "export", "remove"]) {
    for (const secret of [ENROLMENT, KEY.wif]) {
      const { code, stdout, stderr } = await site.run([word, secret, "--yes"]);
      assertEquals([code, stdout, site.secrets.size], [2, "", 0]);
      assertMatch(stderr, /regard it as disclosed/);
      assert(!stderr.includes(secret), stderr);
    }
  }
});

test("createEnrolment makes one secret of an app however it is written", async (site) => {
  const made = await site.run(["create", "Demo"]);
  assertEquals((await site.run(["create", "demo"])).code, 2);
  assertEquals([...site.secrets.keys()], ["enrolment-Demo"]);
  assertEquals((await site.run(["export", "DEMO"])).stdout, made.stdout);
  assertEquals([(await site.run(["remove", "demo", "--yes"])).code, site.secrets.size], [0, 0]);
});

test("createEnrolment replaces a secret with --replace, and says what is left to do", async (site) => {
  await site.run(["add", "demo"], [ENROLMENT]);
  const { code, stdout, stderr } = await site.run(["create", "demo", "--replace"]);
  const secret = site.secrets.get("enrolment-demo") ?? "";
  assertEquals([code, stdout], [0, `FLUXVAULT_ENROLL_SECRET=${secret}\n`]);
  assert(secret !== ENROLMENT && !stderr.includes(secret) && !stderr.includes(ENROLMENT), stderr);
  assertMatch(stderr, /enrolment-invalid[^]*agents list/);
  const first = await site.run(["create", "other", "--replace"]);
  assertEquals([first.code, first.stderr.includes("enrolment-invalid")], [0, false]);
});

test("addEnrolment replaces a secret with --replace alone", async (site) => {
  await site.run(["create", "demo"]);
  const refused = await site.run(["add", "demo"], [ENROLMENT]);
  assertMatch(refused.stderr, /add --replace/);
  const { code, stderr } = await site.run(["add", "demo", "--replace"], [ENROLMENT]);
  assertEquals([code, site.secrets.get("enrolment-demo")], [0, ENROLMENT]);
  assertMatch(stderr, /enrolment-invalid/);
});

test("removeEnrolment removes a secret that the list of keys does not have", async (site) => {
  await site.run(["add", "demo", "--key-store", "file"], [ENROLMENT, "correct horse"]);
  await Deno.remove(`${site.folder}/keys.json`);
  const again = ["create", "demo", "--key-store", "file"];
  const refused = await site.run(again, ["correct horse"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /not in the list of keys[^]*enrolment remove demo/);
  const { code, stdout, stderr } = await site.run(["remove", "demo", "--yes"]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /removed the enrolment secret of demo from the encrypted file/);
  assertMatch(stderr, /not in the list of keys/);
  assertEquals((await site.run(again, ["correct horse"])).code, 0);
});

test("removeEnrolment removes from the system's store what nobody lists only where it is named", async (site) => {
  site.secrets.set("enrolment-demo", ENROLMENT);
  assertEquals([(await site.run(["remove", "demo", "--yes"])).code, site.secrets.size], [2, 1]);
  const named = await site.run(["remove", "demo", "--yes", "--json", "--key-store", "system"]);
  assertEquals([named.code, site.secrets.size], [0, 0]);
  assertEquals(JSON.parse(named.stdout), {
    ...{ deed: "removed", kind: "enrolment", name: "demo" },
    ...{ store: "system", created: null },
  });
});
