/**
 * The keys of a keeper with the real program: encrypted files, standard input, and a terminal.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { find, readLeftBehind } from "../support/canary.ts";
import { assertGolden, replaceAll } from "../support/golden.ts";
import { modeOf, readTree, Site } from "../support/site.ts";
import { missingForSmallDisk, withSmallDisk } from "../support/small_disk.ts";
import { answer, missingForTerminal, startAtTerminal } from "../support/terminal.ts";
import { decodeWif } from "../../flux/mod.ts";

const KEY = {
  address: "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM",
  wif: "Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7",
};
const UNCOMPRESSED = {
  address: "1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF",
  wif: "5JTeg79dTLzzHXoJPALMWuoGDM8QmLj4n5f6MeFjx8dzsirvjAh",
};
const TEST_NETWORK_WIF = "cMz1qqASMgvzhgyzQYxYTwNHc2Z45KScM7iDURe6dr4cukgC5p4F";
const ENROLMENT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const PASSPHRASE = "correct horse battery";
const FILES = ["--key-store", "file", "--state-dir", "state"];

const encoder = new TextEncoder();
const CANARIES = {
  wif: encoder.encode(KEY.wif),
  key: decodeWif(KEY.wif).secret.slice(),
  passphrase: encoder.encode(PASSPHRASE),
  enrolment: encoder.encode(ENROLMENT),
};

/** Plays commands one after the other and writes down what an operator sees. */
class Transcript {
  readonly #site: Site;
  #text = "";

  constructor(site: Site) {
    this.#site = site;
  }

  /** Runs a command with lines on standard input. */
  async run(words: string, ...lines: readonly string[]): Promise<string> {
    const input = lines.map((line) => `${line}\n`).join("");
    const args = [...words.split(" "), ...FILES];
    const { code, stdout, stderr } = await this.#site.run("keeper", args, { input });
    this.#text += `$ fluxvault-keeper ${words}\n${stdout}${stderr}(status ${code})\n\n`;
    return stdout;
  }

  /** What was seen, with words for what is another in each run. */
  toString(): string {
    return replaceAll(this.#text, [
      [/\b[KL][1-9A-HJ-NP-Za-km-z]{51}\b/g, "KEY"],
      [/\b1[1-9A-HJ-NP-Za-km-z]{25,33}\b/g, "ADDRESS"],
      [/(?<==)[A-Za-z0-9_-]{43}\b/g, "SECRET"],
      [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"],
      [/(?<=^(?:what +of|key +ADDRESS)) +/gm, "  "],
    ]);
  }
}

Deno.test("keeper: makes a key, shows it, gives it out and removes it", async () => {
  await using site = await Site.open();
  const transcript = new Transcript(site);
  const made = await transcript.run("keys create", PASSPHRASE);
  const address = /^address +(\S+)$/m.exec(made)?.[1] ?? "";
  assertEquals((await transcript.run("keys list")).includes(address), true);
  await transcript.run(`keys show ${address}`);
  const wif = (await transcript.run(`keys export ${address}`, PASSPHRASE)).trim();
  await transcript.run(`keys export ${address}`, "another passphrase");
  await transcript.run(`keys remove ${address}`);
  await transcript.run(`keys remove ${address} --yes`);
  await transcript.run("keys list");
  // The key that was given out is that of the address.
  assertMatch(await transcript.run(`keys add ${address}`, wif, PASSPHRASE), /^address +1/);
  await assertGolden("keys_create", `${transcript}`);
});

Deno.test("keeper: adds keys of both forms and refuses all else, and repeats none", async () => {
  await using site = await Site.open();
  const transcript = new Transcript(site);
  await transcript.run(`keys add ${KEY.address}`, KEY.wif, PASSPHRASE);
  await transcript.run(`keys add ${KEY.address}`, KEY.wif, PASSPHRASE);
  await transcript.run(`keys add ${UNCOMPRESSED.address}`, UNCOMPRESSED.wif, PASSPHRASE);
  const out = await transcript.run(`keys export ${UNCOMPRESSED.address}`, PASSPHRASE);
  assertEquals(out, `${UNCOMPRESSED.wif}\n`);
  const before = await readTree(site.path("state"));
  const other = "14BKBi3zwPG66UmbfKLRfT78Vs1bL4uiMv";
  await transcript.run(`keys add ${other}`, KEY.wif, PASSPHRASE);
  await transcript.run(`keys add ${other}`, TEST_NETWORK_WIF, PASSPHRASE);
  await transcript.run(`keys add ${other}`, "mistyped", PASSPHRASE);
  await transcript.run(`keys add ${other}`);
  await transcript.run("keys add mvqryuK7RoNQA6M7xsNKhuPv6T23pYgDQ3", KEY.wif, PASSPHRASE);
  await transcript.run("keys add");
  await transcript.run("keys");
  assertEquals(await readTree(site.path("state")), before);
  await assertGolden("keys_add", `${transcript}`.replaceAll(UNCOMPRESSED.wif, "KEY"));
});

const DISCLOSURES: Readonly<Record<string, readonly string[]>> = {
  "a key": [KEY.wif],
  "a key behind its address": [KEY.address, KEY.wif],
  "an uncompressed key": [UNCOMPRESSED.wif],
  "a key of the test network": [TEST_NETWORK_WIF],
  "an enrolment secret": [ENROLMENT],
};

for (const [name, words] of Object.entries(DISCLOSURES)) {
  Deno.test(`keeper: calls ${name} on the command line disclosed, and repeats it not`, async () => {
    await using site = await Site.open();
    const end = await site.run("keeper", ["keys", "add", ...words, ...FILES], { input: "x\n" });
    assertEquals([end.code, end.stdout], [2, ""]);
    assertMatch(end.stderr, /regard it as\s+disclosed/);
    for (const word of words) {
      if (word !== KEY.address) assert(!end.stderr.includes(word), end.stderr);
    }
  });
}

for (const secret of [ENROLMENT, KEY.wif]) {
  const what = secret === ENROLMENT ? "an enrolment secret" : "a key";
  Deno.test(`keeper: calls ${what} in the place of an app disclosed, and repeats it not`, async () => {
    await using site = await Site.open();
    for (const word of ["create", "add", "export", "remove"]) {
      const args = ["enrolment", word, secret, ...FILES];
      const end = await site.run("keeper", args, { input: `${PASSPHRASE}\n` });
      assertEquals([end.code, end.stdout], [2, ""]);
      assertMatch(end.stderr, /regard it as\s+disclosed/);
      assert(!end.stderr.includes(secret), end.stderr);
    }
    assertEquals(find(await readLeftBehind(site, /^$/), CANARIES), []);
  });
}

Deno.test("keeper: makes, takes and gives out enrolment secrets", async () => {
  await using site = await Site.open();
  const transcript = new Transcript(site);
  await transcript.run("enrolment create vaultdemo", PASSPHRASE);
  await transcript.run("enrolment create vaultdemo", PASSPHRASE);
  await transcript.run("enrolment create vaultdemo --replace", PASSPHRASE);
  await transcript.run("enrolment add other", ENROLMENT, PASSPHRASE);
  assertEquals(
    await transcript.run("enrolment export other", PASSPHRASE),
    `FLUXVAULT_ENROLL_SECRET=${ENROLMENT}\n`,
  );
  await transcript.run("enrolment add third", "correct horse", PASSPHRASE);
  await transcript.run("enrolment remove other --yes");
  await transcript.run("enrolment remove other --yes");
  await transcript.run("keys list");
  await assertGolden("keys_enrolment", `${transcript}`);
});

Deno.test("keeper: leaves no trace of a key but in its encrypted file, for its owner alone", async () => {
  await using site = await Site.open();
  const loud = ["--debug", "--json", "--log-to-file", "--logfile-path", "keeper.log"];
  const input = `${KEY.wif}\n${PASSPHRASE}\n`;
  const run = async (words: string, text: string) =>
    await site.run("keeper", [...words.split(" "), ...FILES, ...loud], { input: text });
  const ends = [
    await run(`keys add ${KEY.address}`, input),
    await run("enrolment add demo", `${ENROLMENT}\n${PASSPHRASE}\n`),
    await run(`keys show ${KEY.address}`, ""),
    await run(`keys export ${KEY.address}`, "not the passphrase\n"),
    await run(`keys add ${UNCOMPRESSED.address}`, input),
    await run("keys list", ""),
  ];
  assertEquals(ends.map(({ code }) => code), [0, 0, 0, 2, 2, 0]);
  const places = await readLeftBehind(site, /^$/);
  assert(places.has(`state/keys/keeper-key-${KEY.address}.json`) && places.has("keeper.log"));
  ends.forEach(({ stdout, stderr }, i) => places.set(`output ${i}`, stdout + stderr));
  assertEquals(find(places, CANARIES), []);
  for (const path of ["state/keys.json", `state/keys/keeper-key-${KEY.address}.json`]) {
    assertEquals(await modeOf(site.path(path)), 0o600);
  }
  assertEquals(await modeOf(site.path("state/keys")), 0o700);
  // The search finds what is there.
  const { stdout } = await run(`keys export ${KEY.address}`, `${PASSPHRASE}\n`);
  assertEquals(find(new Map([["export", stdout]]), CANARIES), ["wif in export"]);
});

Deno.test("keeper: takes the passphrase of a service from its credentials", async () => {
  await using site = await Site.open();
  await Deno.mkdir(site.path("credentials"));
  await Deno.writeTextFile(site.path("credentials/fluxvault-passphrase"), `${PASSPHRASE}\n`);
  const variables = { CREDENTIALS_DIRECTORY: site.path("credentials") };
  const add = ["keys", "add", KEY.address, ...FILES];
  assertEquals((await site.run("keeper", add, { variables, input: KEY.wif })).code, 0);
  const args = ["keys", "export", KEY.address, ...FILES];
  assertEquals((await site.run("keeper", args, { variables })).stdout, `${KEY.wif}\n`);
  assertEquals((await site.run("keeper", args)).code, 2);
});

const missing = missingForTerminal();

/** Tests at a terminal; skipped where `missing` is not on this machine. */
function testAtTerminal(name: string, work: (site: Site) => Promise<void>): void {
  const reason = missing === null ? "" : ` (skipped: ${missing} is missing)`;
  Deno.test({
    name: `${name}${reason}`,
    ignore: missing !== null,
    async fn() {
      await using site = await Site.open();
      await work(site);
    },
  });
}

testAtTerminal("keeper: shows nothing of a key or passphrase that is typed", async (site) => {
  await using program = startAtTerminal(site, ["keys", "add", KEY.address, ...FILES]);
  await answer(program, "(it is not shown): ", `x\x7f${KEY.wif}\r`);
  await answer(program, "New passphrase: ", `wrong\x15${PASSPHRASE}\r`);
  await answer(program, "The same again: ", `${PASSPHRASE}\r`);
  const { stdout } = await program.end;
  assertMatch(stdout, /You are about to enter a private key/);
  assertMatch(stdout, /status=0\r\n/);
  assertMatch(stdout, / echo /);
  for (const text of [KEY.wif, PASSPHRASE, "wrong"]) assert(!stdout.includes(text), stdout);
  // Another answer, which is no secret, is shown as it is typed, and the key is asked for no more.
  await using removal = startAtTerminal(site, ["keys", "remove", KEY.address, ...FILES]);
  await answer(removal, "[No] ", "yes\r");
  const end = await removal.end;
  assertMatch(end.stdout, /\[No\] yes\r\n/);
  assertMatch(end.stdout, /removed the key of 1GKugr/);
});

testAtTerminal("keeper: stops at Ctrl-C, and leaves the terminal as it was", async (site) => {
  await using program = startAtTerminal(site, ["keys", "add", KEY.address, ...FILES]);
  await answer(program, "(it is not shown): ", `${KEY.wif}\x03`);
  const { stdout } = await program.end;
  assertMatch(stdout, /status=130\r\n/);
  assertMatch(stdout, / icanon .* echo /s);
  assert(!stdout.includes(KEY.wif), stdout);
});

testAtTerminal("keeper: leaves no key on the disk where it is killed half-way", async (site) => {
  await using program = startAtTerminal(site, ["keys", "add", KEY.address, ...FILES]);
  await answer(program, "(it is not shown): ", `${KEY.wif}\r`);
  await program.waitFor(() => program.stdout.includes("New passphrase: ") || undefined);
  const pid = Number(await Deno.readTextFile(site.path("state/keys.lock")));
  assert(Number.isSafeInteger(pid) && pid > 1);
  Deno.kill(pid, "SIGKILL");
  assertMatch((await program.end).stdout, /status=137\r\n/);
  assertEquals(find(await readLeftBehind(site, /^$/), CANARIES), []);
  const again = await site.run("keeper", ["keys", "add", KEY.address, ...FILES], {
    input: `${KEY.wif}\n${PASSPHRASE}\n`,
  });
  assertEquals(again.code, 0, again.stderr);
});

Deno.test({
  name: "keeper: reads no list of keys that others can write",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using site = await Site.open();
    const input = `${KEY.wif}\n${PASSPHRASE}\n`;
    await site.run("keeper", ["keys", "add", KEY.address, ...FILES], { input });
    await Deno.chmod(site.path("state/keys.json"), 0o620);
    const { code, stdout, stderr } = await site.run("keeper", ["keys", "list", ...FILES]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /chmod 600 state\/keys\.json/);
  },
});

const noSmallDisk = await missingForSmallDisk();

Deno.test({
  name: `keeper: leaves no secret behind that it cannot list${
    noSmallDisk === null ? "" : ` (skipped: ${noSmallDisk})`
  }`,
  ignore: noSmallDisk !== null,
  async fn() {
    await using site = await Site.open();
    await withSmallDisk(site.path("state"), 16, async () => {
      // What is left is enough for the lock and the secret, and not for the list.
      await Deno.writeFile(site.path("state/ballast"), new Uint8Array(8_192));
      const create = ["enrolment", "create", "half", ...FILES];
      const input = `${PASSPHRASE}\n`;
      const full = await site.run("keeper", create, { input });
      assertEquals([full.code, full.stdout], [1, ""], full.stderr);
      assertMatch(full.stderr, /keys\.json/);
      assertEquals(await readTree(site.path("state/keys")), {});
      await Deno.remove(site.path("state/ballast"));
      assertEquals((await site.run("keeper", create, { input })).code, 0);
    });
  },
});

Deno.test("keeper: removes a secret that a kill left in its store and in no list", async () => {
  await using site = await Site.open();
  const run = (...words: readonly string[]) =>
    site.run("keeper", ["enrolment", ...words, ...FILES], { input: `${PASSPHRASE}\n` });
  assertEquals((await run("create", "half")).code, 0);
  await Deno.remove(site.path("state/keys.json"));
  const again = await run("create", "half");
  assertEquals([again.code, again.stdout], [2, ""]);
  assertMatch(again.stderr, /hint: It is not in the list of keys[^]*enrolment remove half/);
  const removed = await run("remove", "half", "--yes");
  assertEquals(removed.code, 0, removed.stderr);
  assertEquals((await run("create", "half")).code, 0);
});

for (const secret of [ENROLMENT, KEY.wif]) {
  const what = secret === ENROLMENT ? "an enrolment secret" : "a key";
  Deno.test(`keeper: calls ${what} that is to name the app that it serves disclosed`, async () => {
    await using site = await Site.open({ a: "1" });
    const args = ["run", "--run-once", "--managed-files", "a", "--app-name", secret];
    const end = await site.run("keeper", [...args, "--state-dir", "state"]);
    assertEquals([end.code, end.stdout], [2, ""]);
    assertMatch(end.stderr, /regard it as\s+disclosed/);
    assert(!end.stderr.includes(secret), end.stderr);
  });
}
