import { findSigner, type SignerSearchContext } from "../../../keeper/keys/keeper_key.ts";
import { KeyRing } from "../../../keeper/keys/key_ring.ts";
import { recoverSigner } from "../../../flux/mod.ts";
import {
  composeKeeperStatement,
  ConfigError,
  type StatementSigner,
  StorageError,
} from "../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { KEY, MemoryKeyIndex, MemoryKeyStore, UNCOMPRESSED_KEY } from "./key_fixtures.ts";

const NAME = { kind: "keeper-key", name: KEY.address } as const;

function search(options: {
  readonly zelid?: string;
  readonly stdin?: MemoryInput;
  readonly variables?: Record<string, string>;
} = {}) {
  const { zelid = KEY.address, stdin = new MemoryInput(), variables } = options;
  const stderr = new MemoryOutput();
  const logger = new MemoryLogger();
  const index = new MemoryKeyIndex();
  const system = new MemoryKeyStore("system");
  const file = new MemoryKeyStore("file");
  const ring = new KeyRing({ index, system, file, note: (text) => stderr.write(text) });
  const context: SignerSearchContext = {
    zelid,
    keyStore: "auto",
    stateFolder: "/nowhere",
    env: fixedEnvironment(variables),
    stdin,
    stderr,
    logger,
    signal: new AbortController().signal,
  };
  return { context, ring, system, stderr, logger, stdin };
}

function person(...lines: readonly string[]): MemoryInput {
  return new MemoryInput(lines, { isTerminal: true });
}

async function assertSigns(signer: StatementSigner, address: string): Promise<void> {
  const text = composeKeeperStatement({
    app: "demo",
    component: "web",
    agentDigestHex: "0".repeat(64),
    transcript: new Uint8Array(32),
    issued: 1,
  });
  assertEquals(signer.address, address);
  assertEquals(await recoverSigner(text, await signer.sign(text)), address);
}

for (const name of [KEY.address, "fluxvault-key"]) {
  Deno.test(`findSigner takes the credential ${name} before a stored key`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/${name}`, `${KEY.wif}\n`);
    const { context, ring, system } = search({
      variables: { CREDENTIALS_DIRECTORY: folder.path },
    });
    await ring.save(NAME, KEY.wif, { choice: "system" });
    system.read = () => Promise.reject(new StorageError("io-failed", "it was not to be asked"));
    await assertSigns(await findSigner(context, ring), KEY.address);
  });
}

Deno.test("findSigner refuses a credential of another address and says which", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-key`, UNCOMPRESSED_KEY.wif);
  const { context, ring } = search({ variables: { CREDENTIALS_DIRECTORY: folder.path } });
  const error = await assertRejects(() => findSigner(context, ring), ConfigError);
  assertEquals(error.source, "credential fluxvault-key");
});

Deno.test("findSigner takes a stored key and asks nobody", async () => {
  const { context, ring, stdin } = search({ stdin: person() });
  await ring.save(NAME, KEY.wif, { choice: "system" });
  await assertSigns(await findSigner(context, ring), KEY.address);
  assertEquals(stdin.prompts, []);
});

Deno.test("findSigner refuses a store that gives the key of another address", async () => {
  const { context, ring, system } = search();
  await ring.save(NAME, KEY.wif, { choice: "system" });
  system.secrets.set(`keeper-key-${KEY.address}`, UNCOMPRESSED_KEY.wif);
  const error = await assertRejects(() => findSigner(context, ring), ConfigError);
  assert(!`${error.stack} ${error.source}`.includes(UNCOMPRESSED_KEY.wif));
});

Deno.test("findSigner asks a person, who may have the key stored", async () => {
  const { context, ring, stderr, stdin } = search({ stdin: person(KEY.wif, "") });
  await assertSigns(await findSigner(context, ring), KEY.address);
  const [asked, offered] = stdin.prompts;
  assert(asked?.startsWith("(hidden) Private key of "), asked);
  assert(offered?.startsWith("Would you like to store it"), offered);
  assert(stderr.text.includes(`in the system store as keeper-key-${KEY.address}`), stderr.text);
  assertEquals((await ring.find(NAME))?.store, "system");
});

Deno.test("findSigner stores nothing where the person says no", async () => {
  const { context, ring } = search({ stdin: person(KEY.wif, "no") });
  await assertSigns(await findSigner(context, ring), KEY.address);
  assertEquals(await ring.list(), []);
});

Deno.test("findSigner takes a line of standard input where nobody can be asked", async () => {
  const { address, wif } = UNCOMPRESSED_KEY;
  const { context, ring, stderr } = search({ zelid: address, stdin: new MemoryInput([wif]) });
  await assertSigns(await findSigner(context, ring), address);
  assertEquals([await ring.list(), stderr.text], [[], ""]);
});

Deno.test("findSigner says all the ways to give a key where there is none", async () => {
  const { context, ring } = search();
  const error = await assertRejects(() => findSigner(context, ring), ConfigError);
  assertEquals(error.setting, "--zelid");
  for (const way of [`keys add ${KEY.address}`, "$CREDENTIALS_DIRECTORY", "standard input"]) {
    assert(error.hint?.includes(way), error.hint);
  }
});

Deno.test("findSigner refuses what is no address before it asks for a key", async () => {
  const { context, ring, stdin } = search({ zelid: KEY.wif, stdin: person(KEY.wif) });
  const error = await assertRejects(() => findSigner(context, ring), ConfigError);
  assertEquals([error.setting, stdin.prompts], ["--zelid", []]);
  assert(!`${error.stack} ${error.hint}`.includes(KEY.wif));
});

Deno.test("findSigner logs no key", async () => {
  const { context, ring, logger } = search({ stdin: new MemoryInput([KEY.wif]) });
  await findSigner(context, ring);
  await ring.save(NAME, KEY.wif, { choice: "system" });
  await findSigner(context, ring);
  assertEquals(logger.events.length, 2);
  assert(!JSON.stringify(logger.events).includes(KEY.wif));
});
