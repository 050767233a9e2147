/**
 * The real keeper with a real keyring, which `deno task test:keyring` unlocks before.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { find, readLeftBehind } from "../support/canary.ts";
import { jsonLines, type ProcessEnd } from "../support/followed_process.ts";
import { startSignedAgent } from "../support/signed_agent.ts";
import { readTree, Site } from "../support/site.ts";
import { decodeWif, zelIdOfKey } from "../../flux/mod.ts";

const KEY = {
  address: "1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF",
  wif: "5JTeg79dTLzzHXoJPALMWuoGDM8QmLj4n5f6MeFjx8dzsirvjAh",
};
const ENROLMENT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const PASSPHRASE = "correct horse battery";

/** Asks the keyring itself. */
async function lookUp(id: string): Promise<string> {
  const args = ["lookup", "application", "fluxvault", "id", id];
  const { stdout } = await new Deno.Command("secret-tool", { args, stdin: "null" }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Locks the keyring, so that only a person at a screen could unlock it. */
async function lock(): Promise<void> {
  const service = "org.freedesktop.secrets";
  const { success } = await new Deno.Command("dbus-send", {
    args: [
      ...["--session", "--print-reply", `--dest=${service}`, "/org/freedesktop/secrets"],
      "org.freedesktop.Secret.Service.Lock",
      "array:objpath:/org/freedesktop/secrets/collection/login",
    ],
    stdout: "null",
  }).output();
  assert(success, "the keyring cannot be locked");
}

/** Runs keeper commands and remembers all that they wrote. */
class KeyringSite implements AsyncDisposable {
  readonly site: Site;
  /** What each command wrote. */
  readonly outputs = new Map<string, string>();

  constructor(site: Site) {
    this.site = site;
  }

  async run(words: string, ...lines: readonly string[]): Promise<ProcessEnd> {
    const input = lines.map((line) => `${line}\n`).join("");
    const args = [...words.split(" "), "--state-dir", "state", "--debug"];
    const end = await this.site.run("keeper", args, { input });
    this.outputs.set(words, end.stdout + end.stderr);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }
}

async function open(): Promise<KeyringSite> {
  return new KeyringSite(await Site.open());
}

Deno.test("keyring: keeps a key from its making to its end", async () => {
  await using keyring = await open();
  const made = await keyring.run("keys create --json --key-store system");
  assertEquals(made.code, 0, made.stderr);
  const [{ name: address = "", store = "" } = {}] = jsonLines(made.stdout);
  assertEquals(store, "system");
  const wif = await lookUp(`keeper-key-${address}`);
  assertEquals(zelIdOfKey(decodeWif(wif)), address);
  assertMatch(
    (await keyring.run("keys list")).stdout,
    new RegExp(`^key +${address} +the system`, "m"),
  );
  assertMatch((await keyring.run(`keys show ${address}`)).stdout, /\(Secret Service\)/);
  const places = await readLeftBehind(keyring.site, /^$/);
  for (const [words, output] of keyring.outputs) places.set(words, output);
  const canaries = { wif: new TextEncoder().encode(wif), key: decodeWif(wif).secret.slice() };
  assert(places.has("state/keys.json") && places.size >= 4);
  assertEquals(find(places, canaries), []);
  assertEquals((await keyring.run(`keys export ${address}`)).stdout, `${wif}\n`);
  assertEquals((await keyring.run(`keys remove ${address} --yes`)).code, 0);
  assertEquals(await lookUp(`keeper-key-${address}`), "");
});

Deno.test("keyring: takes a key by itself where it works, uncompressed ones too", async () => {
  await using keyring = await open();
  const added = await keyring.run(`keys add ${KEY.address}`, KEY.wif);
  assertEquals(added.code, 0, added.stderr);
  assertMatch(added.stdout, /^stored in {2}the system's key store \(Secret Service\)$/m);
  assertEquals(await lookUp(`keeper-key-${KEY.address}`), KEY.wif);
  // Another keeper of this user has the same key, and takes it over.
  await using other = await open();
  assertEquals((await other.run(`keys add ${KEY.address}`, KEY.wif)).code, 0);
  assertEquals((await keyring.run(`keys remove ${KEY.address} --yes`)).code, 0);
  const lost = await other.run(`keys export ${KEY.address}`);
  assertEquals([lost.code, lost.stdout], [1, ""]);
  assertMatch(lost.stderr, /is no longer in the system's key store/);
});

Deno.test("keyring: keeps enrolment secrets, and never puts one in another's place", async () => {
  await using keyring = await open();
  await keyring.run("enrolment create vaultdemo --key-store system");
  const secret = await lookUp("enrolment-vaultdemo");
  const { stdout } = await keyring.run("enrolment export vaultdemo");
  assertEquals(stdout, `FLUXVAULT_ENROLL_SECRET=${secret}\n`);
  await using other = await open();
  const refused = await other.run("enrolment add vaultdemo", ENROLMENT);
  assertEquals([refused.code, await lookUp("enrolment-vaultdemo")], [2, secret]);
  assertEquals((await keyring.run("enrolment remove vaultdemo --yes")).code, 0);
  assertEquals(await lookUp("enrolment-vaultdemo"), "");
});

Deno.test("keyring: gives a keeper that runs the key that it signs with", async () => {
  await using keyring = await open();
  const { site } = keyring;
  await site.store({ "db.password": "1" });
  const made = await keyring.run("keys create --json --key-store system");
  const [{ name: address = "" } = {}] = jsonLines(made.stdout);
  const agent = await startSignedAgent(site, { zelids: [address] });
  const serve = `--run-once --agent-ips ${agent.address} --vault-dir vault ` +
    "--managed-files db.password";
  const unsigned = await keyring.run(serve);
  assertEquals([unsigned.code, await readTree(agent.files)], [1, {}]);
  const signed = await keyring.run(`${serve} --sign-connections --zelid ${address}`);
  assertEquals(signed.code, 0, signed.stderr);
  assertMatch(signed.stderr, /signs with a stored key/);
  assertEquals(Object.keys(await readTree(agent.files)), ["db.password"]);
  const wif = await lookUp(`keeper-key-${address}`);
  assert(wif !== "" && !`${signed.stdout}${signed.stderr}`.includes(wif));
  assertEquals((await keyring.run(`keys remove ${address} --yes`)).code, 0);
});

// The last one, since nobody unlocks the keyring again.
Deno.test("keyring: loses nothing where it is locked, and an encrypted file takes its place", async () => {
  await using keyring = await open();
  await keyring.run("enrolment add vaultdemo", ENROLMENT);
  await lock();
  for (const words of ["enrolment export vaultdemo", "enrolment remove vaultdemo --yes"]) {
    const end = await keyring.run(words);
    assertEquals([end.code, end.stdout], [1, ""], end.stderr);
    assertMatch(end.stderr, /the store is locked/);
  }
  assertMatch((await keyring.run("keys list")).stdout, /^enrolment secret +vaultdemo +the system/m);
  const refused = await keyring.run(`keys add ${KEY.address} --key-store system`, KEY.wif);
  assertEquals([refused.code, refused.stdout], [1, ""]);
  const added = await keyring.run(`keys add ${KEY.address}`, KEY.wif, PASSPHRASE);
  assertEquals(added.code, 0, added.stderr);
  assertMatch(added.stderr, /locked collection\. An encrypted file takes its place/);
  assertMatch(added.stdout, /^stored in {2}the encrypted file /m);
});
