import { DiskAgent, type DiskAgentOptions } from "../../agent/disk_agent.ts";
import { listen } from "../../agent/listener.ts";
import { createStatementSigner } from "../../keeper/statement_signer.ts";
import { generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import {
  deliverAsKeeper,
  handshakeAsKeeper,
  MemorySecretSource,
  PeerRejectedError,
  StorageError,
} from "../../protocol/mod.ts";
import { dialTcp } from "../../protocol/host/mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { keeperOptions } from "../support/session_pair.ts";
import { listTree, temporaryFolder } from "../support/temporary_folder.ts";

function optionsIn(path: string, options: Partial<DiskAgentOptions> = {}): DiskAgentOptions {
  return { workingFolder: `${path}/files`, stateFolder: `${path}/state`, ...options };
}

/** Delivers one file to an agent, over TCP. */
async function deliver(
  port: number,
  key: ReturnType<typeof generatePrivateKey> | null = null,
): Promise<readonly string[]> {
  using connection = await dialTcp({ host: "127.0.0.1", port });
  const signer = key === null ? {} : { signer: createStatementSigner(key) };
  const session = await handshakeAsKeeper(connection.duplex, keeperOptions(signer));
  const source = await MemorySecretSource.from({ "db.password": new Uint8Array([1]) });
  const report = await deliverAsKeeper(session, source, { revision: Date.now(), ...signer });
  return report.files.map(({ outcome }) => outcome);
}

Deno.test("DiskAgent puts files on disk, and is the same agent when it is opened again", async () => {
  await using folder = await temporaryFolder();
  const fingerprints: string[] = [];
  const outcomes: (readonly string[])[] = [];
  for (let i = 0; i < 2; i++) {
    await using agent = await DiskAgent.open(optionsIn(folder.path, { peers: ["127.0.0.1"] }));
    fingerprints.push(agent.fingerprint);
    const listener = listen({ hostname: "127.0.0.1", port: 0 });
    const served = agent.serve(listener);
    outcomes.push(await deliver(listener.address.port));
    await agent[Symbol.asyncDispose]();
    await served;
  }
  assertEquals(fingerprints[0], fingerprints[1]);
  assertEquals(outcomes, [["created"], ["unchanged"]]);
  assertEquals(await listTree(`${folder.path}/files`), ["db.password 600 \x01"]);
});

Deno.test("DiskAgent takes what a key signs that counts, and nothing else", async () => {
  await using folder = await temporaryFolder();
  const key = generatePrivateKey();
  const signers = [zelIdOfKey(key)];
  await using agent = await DiskAgent.open(optionsIn(folder.path, { signers }));
  const listener = listen({ hostname: "127.0.0.1", port: 0 });
  const served = agent.serve(listener);
  const { port } = listener.address;
  await assertRejects(() => deliver(port), PeerRejectedError, "statement-missing");
  const stranger = generatePrivateKey();
  await assertRejects(() => deliver(port, stranger), PeerRejectedError, "statement-invalid");
  assertEquals(await listTree(`${folder.path}/files`), []);
  assertEquals(await deliver(port, key), ["created"]);
  await agent[Symbol.asyncDispose]();
  await served;
});

Deno.test("DiskAgent has its folder of state alone until it is disposed of", async () => {
  await using folder = await temporaryFolder();
  const options = optionsIn(folder.path, { peers: ["127.0.0.1"] });
  const agent = await DiskAgent.open(options);
  await assertRejects(() => DiskAgent.open(options), StorageError, "locked");
  await agent[Symbol.asyncDispose]();
  await (await DiskAgent.open(options))[Symbol.asyncDispose]();
});

Deno.test("DiskAgent.open refuses what lets anybody in, or nobody, and repeats no key", async () => {
  await using folder = await temporaryFolder();
  const open = (options: Partial<DiskAgentOptions>) => () =>
    DiskAgent.open(optionsIn(folder.path, options));
  await assertRejects(open({}), TypeError);
  for (const options of [{ peers: [] }, { peers: ["192.0.2.1:8888"] }, { signers: [] }]) {
    await assertRejects(open(options), RangeError);
  }
  const wif = "Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7";
  const error = await assertRejects(open({ signers: [wif] }), RangeError);
  assertEquals(error.message, "item 1 of signers is no ZelID");
  const within = { peers: ["127.0.0.1"], stateFolder: `${folder.path}/files/state` };
  await assertRejects(open(within), RangeError);
  // The refusal kept nothing: the folder of state is free.
  const fine = { peers: ["127.0.0.1"], workingFolder: `${folder.path}/other` };
  await (await open({ ...within, ...fine })())[Symbol.asyncDispose]();
});
