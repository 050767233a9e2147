import {
  addKey,
  createKey,
  exportKey,
  listKeys,
  removeKey,
  showKey,
} from "../../../keeper/commands/keys_command.ts";
import { decodeWif, zelIdOfKey } from "../../../flux/mod.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { ENROLMENT, KEY, TEST_NETWORK_KEY, UNCOMPRESSED_KEY } from "../keys/key_fixtures.ts";
import { type KeysSite, withKeys } from "../keys/keys_site.ts";

const COMMANDS = {
  create: createKey,
  add: addKey,
  list: listKeys,
  show: showKey,
  remove: removeKey,
  export: exportKey,
};

function test(name: string, work: (site: KeysSite) => Promise<void>): void {
  Deno.test(name, () => withKeys(COMMANDS, work));
}

const LINES = [
  `address    ${KEY.address}`,
  "stored in  the system's key store (Secret Service)",
  "since      2030-01-01T00:00:00.000Z",
  `agents     --signed-vault-connections --zelid ${KEY.address}`,
  `keeper     --sign-connections --zelid ${KEY.address}`,
  "",
];

test("createKey stores a new key and says who has to know its address", async ({ run, secrets }) => {
  const { code, stdout, stderr } = await run(["create"]);
  const [[id, wif] = ["", ""]] = secrets;
  const address = zelIdOfKey(decodeWif(wif));
  assertEquals([code, stderr, id], [0, "", `keeper-key-${address}`]);
  assertEquals(stdout.split("\n"), LINES.map((line) => line.replace(KEY.address, address)));
});

test("addKey stores a key of standard input, and shows what createKey does", async (site) => {
  const { code, stdout } = await site.run(["add", KEY.address], [KEY.wif]);
  assertEquals([code, stdout.split("\n")], [0, LINES]);
  assertEquals(site.secrets.get(`keeper-key-${KEY.address}`), KEY.wif);
});

test("addKey keeps the form of an uncompressed key", async ({ run, secrets }) => {
  const { address, wif } = UNCOMPRESSED_KEY;
  assertEquals((await run(["add", address], [wif])).code, 0);
  assertEquals(secrets.get(`keeper-key-${address}`), wif);
});

test("addKey stores in an encrypted file where it is told to, with its passphrase behind the key", async (site) => {
  const args = ["--key-store", "file"];
  const { code, stdout } = await site.run(
    ["add", KEY.address, ...args],
    [KEY.wif, "correct horse"],
  );
  assertEquals([code, site.secrets.size], [0, 0]);
  assertMatch(stdout, /^stored in {2}the encrypted file .*\.json$/m);
  const shown = await site.run(["export", KEY.address], ["correct horse"]);
  assertEquals(shown.stdout, `${KEY.wif}\n`);
});

for (
  const [what, args, lines, says] of [
    ["nothing", [KEY.address], [], /the private key is missing/],
    ["another address", [KEY.address], [UNCOMPRESSED_KEY.wif], /is not that of 1GKugr/],
    ["the test network", [KEY.address], [TEST_NETWORK_KEY.wif], /is for a test network/],
    ["an address of the test network", [TEST_NETWORK_KEY.address], [KEY.wif], /of a test network/],
    ["no address", [], [KEY.wif], /the address is missing/],
    ["two addresses", [KEY.address, UNCOMPRESSED_KEY.address], [KEY.wif], /too many arguments/],
    ["a key as the argument", [KEY.wif], [KEY.wif], /regard it as disclosed/],
    ["a key as a further argument", [KEY.address, KEY.wif], [KEY.wif], /regard it as disclosed/],
    ["a key of the test network as the argument", [TEST_NETWORK_KEY.wif], [], /disclosed/],
    ["an enrolment secret as the argument", [ENROLMENT], [KEY.wif], /regard it as disclosed/],
  ] as const
) {
  test(`addKey refuses ${what} with status 2, and repeats no key`, async ({ run, secrets }) => {
    const { code, stdout, stderr } = await run(["add", ...args], lines);
    assertEquals([code, stdout, secrets.size], [2, "", 0]);
    assertMatch(stderr, says);
    assertMatch(stderr, /^hint: /m);
    for (const { wif } of [KEY, UNCOMPRESSED_KEY, TEST_NETWORK_KEY]) assert(!stderr.includes(wif));
    assert(!stderr.includes(ENROLMENT));
  });
}

test("addKey refuses a key that is there before it asks for it", async ({ run }) => {
  await run(["add", KEY.address], [KEY.wif]);
  const { code, stderr } = await run(["add", KEY.address], []);
  assertEquals(code, 2);
  assertMatch(stderr, /is already in the system's key store/);
});

test("listKeys shows what there is and where, and unlocks nothing", async ({ run }) => {
  assertMatch((await run(["list"])).stdout, /^No key is stored/);
  await run(["add", KEY.address], [KEY.wif]);
  const args = ["--key-store", "file"];
  await run(["add", UNCOMPRESSED_KEY.address, ...args], [UNCOMPRESSED_KEY.wif, "correct horse"]);
  assertEquals((await run(["list"])).stdout.split("\n"), [
    "what  of                                  stored in          since",
    "key   1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM  the system         2030-01-01T00:00:00.000Z",
    "key   1KoXq8mLxpNt3BSnNLq2HzKC39Ne2pVJtF  an encrypted file  2030-01-01T00:00:00.000Z",
    "",
  ]);
  assertEquals((await run(["list", "--json"])).stdout.split("\n")[0], JSON.stringify(JSON_ENTRY));
});

const JSON_ENTRY = {
  kind: "keeper-key",
  name: KEY.address,
  store: "system",
  created: "2030-01-01T00:00:00.000Z",
};

test("showKey shows all but the key", async ({ run }) => {
  await run(["add", KEY.address], [KEY.wif]);
  assertEquals((await run(["show", KEY.address])).stdout.split("\n"), LINES);
  const json = await run(["show", KEY.address, "--json"]);
  assertEquals(JSON.parse(json.stdout), JSON_ENTRY);
});

test("showKey, exportKey and removeKey say how to store a key that is not", async ({ run }) => {
  for (const word of ["show", "export", "remove"]) {
    const { code, stderr } = await run([word, KEY.address]);
    assertEquals(code, 2);
    assertMatch(stderr, new RegExp(`keys add ${KEY.address}`));
  }
});

test("exportKey writes the key to a pipe, and says what it is beside it", async ({ run }) => {
  await run(["add", KEY.address], [KEY.wif]);
  const { code, stdout, stderr } = await run(["export", KEY.address]);
  assertEquals([code, stdout], [0, `${KEY.wif}\n`]);
  assertMatch(stderr, /private key of 1GKugr/);
  assert(!stderr.includes(KEY.wif));
  const json = await run(["export", KEY.address, "--json"]);
  assertEquals(JSON.parse(json.stdout), { address: KEY.address, wif: KEY.wif });
});

test("exportKey shows the key on a terminal only after it asked", async ({ run, ask }) => {
  await run(["add", KEY.address], [KEY.wif]);
  const no = await ask(["export", KEY.address], [""]);
  assertEquals([no.code, no.stdout], [2, ""]);
  assertEquals((await ask(["export", KEY.address], ["yes"])).stdout, `${KEY.wif}\n`);
  assertEquals((await ask(["export", KEY.address, "--yes"], [])).stdout, `${KEY.wif}\n`);
});

test("exportKey refuses a store that gives another key, and shows neither", async (site) => {
  await site.run(["add", KEY.address], [KEY.wif]);
  site.secrets.set(`keeper-key-${KEY.address}`, UNCOMPRESSED_KEY.wif);
  const { code, stdout, stderr } = await site.run(["export", KEY.address]);
  assertEquals([code, stdout], [2, ""]);
  assert(!stderr.includes(UNCOMPRESSED_KEY.wif));
});

test("removeKey removes a key with --yes, and without a person not otherwise", async (site) => {
  await site.run(["add", KEY.address], [KEY.wif]);
  assertEquals([(await site.run(["remove", KEY.address])).code, site.secrets.size], [2, 1]);
  const { code, stdout } = await site.run(["remove", KEY.address, "--yes"]);
  assertEquals([code, site.secrets.size], [0, 0]);
  assertMatch(stdout, /^removed the key of 1GKugr\w+ from the system's key store/);
  assertMatch((await site.run(["list"])).stdout, /^No key is stored/);
});

test("removeKey asks a person", async (site) => {
  await site.run(["add", KEY.address], [KEY.wif]);
  assertEquals([(await site.ask(["remove", KEY.address], ["no"])).code, site.secrets.size], [1, 1]);
  const json = await site.ask(["remove", KEY.address, "--json"], ["yes"]);
  assertEquals(JSON.parse(json.stdout), { deed: "removed", ...JSON_ENTRY });
  assertEquals(site.secrets.size, 0);
});
