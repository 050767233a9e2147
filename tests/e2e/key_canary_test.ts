/**
 * A canary for keys: the keeper's private key, its passphrase and an enrolment secret, carried through
 * all that handles them with everything turned on that writes. Nothing that either program leaves
 * behind may hold them in any spelling, the encrypted files included.
 *
 * @module
 */
import { base64urlnopad } from "@scure/base";
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { encodeUtf8, randomBytes } from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { find, readLeftBehind } from "../support/canary.ts";
import { startPlainAgent } from "../support/signed_agent.ts";
import { Site } from "../support/site.ts";

const KEY = generatePrivateKey();
const WIF = encodeWif(KEY);
const ADDRESS = zelIdOfKey(KEY);
const OTHER_WIF = encodeWif(generatePrivateKey());
const SECRET = randomBytes(32);
const SECRET_TEXT = base64urlnopad.encode(SECRET);
const PASSPHRASE = "canary-passphrase-9f";

const CANARIES = {
  wif: encodeUtf8(WIF),
  key: new Uint8Array(KEY.secret),
  other: encodeUtf8(OTHER_WIF),
  enrolment: SECRET,
  "enrolment text": encodeUtf8(SECRET_TEXT),
  passphrase: encodeUtf8(PASSPHRASE),
};

Deno.test("agent and keeper: leave no trace of a key or its passphrase, whatever goes wrong", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const outputs = new Map<string, string>();
  const loud = ["--debug", "--json", "--log-to-file", "--logfile-path", site.path("keeper.log")];
  const folders = ["--state-dir", site.path("keeper-state"), "--key-store", "file"];
  const keep = async (name: string, args: readonly string[], input = "") => {
    const end = await site.run("keeper", [...args, ...folders, ...loud], { input });
    outputs.set(`${name} stdout`, end.stdout);
    outputs.set(`${name} stderr`, end.stderr);
    return end;
  };
  // What goes well, and a mistake with each of them.
  const added = await keep("add", ["keys", "add", ADDRESS], `${WIF}\n${PASSPHRASE}\n`);
  assertEquals(added.code, 0, added.stderr);
  await keep("add another", ["keys", "add", ADDRESS], `${OTHER_WIF}\n${PASSPHRASE}\n`);
  await keep("add a bent one", ["keys", "add", ADDRESS], `${WIF}x\n${PASSPHRASE}\n`);
  await keep("add as an argument", ["keys", "add", WIF]);
  await keep("show", ["keys", "show", ADDRESS]);
  await keep("list", ["keys", "list"]);
  await keep("export in vain", ["keys", "export", ADDRESS], `${PASSPHRASE}x\n`);
  const enrolled = await keep(
    "enrol",
    ["enrolment", "add", "shop"],
    `${SECRET_TEXT}\n${PASSPHRASE}\n`,
  );
  assertEquals(enrolled.code, 0, enrolled.stderr);
  await keep("enrol a bent one", ["enrolment", "add", "other"], `${SECRET_TEXT}x\n${PASSPHRASE}\n`);

  const args = ["--debug", "--log-to-file", "--logfile-path", site.path("agent.log")];
  const agent = await startPlainAgent(site, {
    args: [...args, "--app-name", "shop", "--signed-vault-connections", "--zelid", ADDRESS],
    variables: { FLUXVAULT_ENROLL_SECRET: SECRET_TEXT },
  });
  const run = ["--run-once", "--app-name", "shop", "--agent-ips", agent.address];
  const files = ["--vault-dir", site.path("vault"), "--managed-files", "db.password"];
  const signing = ["--sign-connections", "--zelid", ADDRESS];
  const served = await keep("run", [...run, ...files, ...signing], `${PASSPHRASE}\n`);
  assertEquals(served.code, 0, served.stderr);
  await keep("run unsigned", [...run, ...files], `${PASSPHRASE}\n`);
  await keep("run with another key", [...run, ...files, ...signing], `${PASSPHRASE}x\n`);
  // In the place of something else, in a loadout and on the command line.
  for (const [i, secret] of [WIF, OTHER_WIF, SECRET_TEXT].entries()) {
    const loadout = site.path(`loadout-${i}.yaml`);
    for (const [j, text] of misplaced(secret).entries()) {
      await Deno.writeTextFile(loadout, text);
      for (
        const words of [["config", "check"], ["config", "show"], ["plan"], ["run", "--run-once"]]
      ) {
        const end = await keep(`loadout ${i} ${j} ${words.join(" ")}`, [
          ...words,
          "--loadout",
          loadout,
        ]);
        assertEquals(end.code, 2, end.stderr);
      }
    }
    await Deno.remove(loadout);
  }
  const places = ["--loadout", "--wire", "--only", "--audit-log", "--zelid", `--${WIF}`];
  for (const place of places) {
    await keep(`${place.slice(0, 9)} on the command line`, ["plan", place, WIF]);
  }
  await keep("settings", [...run, ...files, ...signing, "--show-config"]);
  const shown = await site.run("agent", ["--show-config"], {
    variables: { FLUXVAULT_ENROLL_SECRET: SECRET_TEXT, FLUXVAULT_ZELID: OTHER_WIF },
  });
  outputs.set("agent settings", `${shown.stdout}${shown.stderr}`);
  const refused = await site.run("agent", [], {
    variables: { FLUXVAULT_ENROLL_SECRET: `${SECRET_TEXT}x`, FLUXVAULT_ZELID: OTHER_WIF },
  });
  assertEquals(refused.code, 2);
  outputs.set("agent with a bent secret", `${refused.stdout}${refused.stderr}`);
  await agent.program.stop();
  outputs.set("agent stdout", agent.program.stdout);
  outputs.set("agent stderr", agent.program.stderr);

  const left = await readLeftBehind(site, /^$/);
  const names = [...left.keys()];
  for (const name of ["agent.log", "keeper.log", "agent/state/manifest"]) {
    assert(names.includes(name), `${name} is not among ${names}`);
  }
  assert(names.some((name) => name.startsWith("keeper-state/keys/")), names.join());
  for (const [name, text] of outputs) left.set(name, text);
  assertEquals(find(left, CANARIES), []);
});

/** Loadouts that hold a secret where it has no business. */
function misplaced(secret: string): string[] {
  const app = (inner: string) => `version: 1\napps:\n  shop: { agents: [a], ${inner} }\n`;
  return [
    app(`sign_with: ${secret}, groups: { all: { state_directives: [{ source: a }] } }`),
    app(`hooks: { h: { run: [${secret}] } }`),
    app(`groups: { all: { state_directives: [{ source: ${secret}, target: ${secret} }] } }`),
    secret,
  ];
}

Deno.test("canary: is found where a key is given out on purpose", async () => {
  await using site = await Site.open();
  const folders = ["--state-dir", site.path("keeper-state"), "--key-store", "file"];
  const input = `${WIF}\n${PASSPHRASE}\n`;
  await site.run("keeper", ["keys", "add", ADDRESS, ...folders], { input });
  const end = await site.run("keeper", ["keys", "export", ADDRESS, ...folders], {
    input: `${PASSPHRASE}\n`,
  });
  const found = find(new Map([["export", end.stdout], ["notes", end.stderr]]), CANARIES);
  assertEquals(found, ["wif in export"]);
});
