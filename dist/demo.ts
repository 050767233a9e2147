/**
 * The demo: the real programs, a stand-in for the Flux API, and a story in ten steps.
 *
 * Everything runs on this machine's loopback addresses, in a folder of its own that is removed at the
 * end. The exit status is 0 only if everything that the story claims was seen to happen.
 *
 * @module
 */
import { createNodeHasher } from "../protocol/host/mod.ts";
import { FakeFluxApi } from "../tests/support/fake_flux_api.ts";
import { DemoStage } from "./demo_stage.ts";

const APP = "vaultdemo";
const MANAGED = "db.password,api.token,tls/server.key,geo.dat";
const GEO_BYTES = 4 * 1024 * 1024;

function randomFile(bytes: number): Uint8Array<ArrayBuffer> {
  const contents = new Uint8Array(bytes);
  for (let offset = 0; offset < bytes; offset += 65_536) {
    crypto.getRandomValues(contents.subarray(offset, Math.min(offset + 65_536, bytes)));
  }
  return contents;
}

async function fingerprint(path: string): Promise<string> {
  const hasher = await createNodeHasher();
  hasher.update(await Deno.readFile(path));
  return Array.from(hasher.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function isSame(stage: DemoStage, agent: number, file: string): Promise<boolean> {
  try {
    const there = await fingerprint(stage.path(`agent-${agent}/files/${file}`));
    return there === await fingerprint(stage.path(`vault/${file}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  for await (const _ of Deno.readDir(folder)) return false;
  return true;
}

async function play(stage: DemoStage, api: FakeFluxApi): Promise<void> {
  const files = ["db.password", "api.token", "tls/server.key", "geo.dat"];

  stage.step("A vault with four secrets: a password, a token, a binary key and 4 MiB of data.");
  await Deno.mkdir(stage.path("vault/tls"), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(stage.path("vault/db.password"), "correct horse battery staple\n");
  await Deno.writeTextFile(stage.path("vault/api.token"), crypto.randomUUID());
  await Deno.writeFile(stage.path("vault/tls/server.key"), randomFile(2_048));
  await Deno.writeFile(stage.path("vault/geo.dat"), randomFile(GEO_BYTES));

  stage.step("Three agents start, as they would in three containers on strangers' machines.");
  const agents = [await stage.startAgent(1), await stage.startAgent(2), await stage.startAgent(3)];
  api.setLocations(APP, agents.map(({ host }) => host));

  stage.step(
    "The keeper asks the Flux API where the app runs, and meets three agents it has never " +
      "seen. They get nothing: anybody can get into that list.",
  );
  const keeper = stage.keeperArguments({ app: APP, api: api.url, managed: MANAGED });
  const meeting = await stage.run("keeper", ["--run-once", ...keeper, "--trust", "approve"]);
  stage.claim(meeting.code === 1, "the keeper says that it has not done its job yet (status 1)");
  const nothing = await Promise.all(agents.map(({ index }) => isEmpty(stage.filesOf(index))));
  stage.claim(nothing.every(Boolean), "no agent has been given anything");

  stage.step(
    "The operator compares the fingerprints with those that the agents said, and approves them.",
  );
  for (const agent of agents) {
    const approval = await stage.run("keeper", [
      ...["agents", "approve", agent.fingerprint, "--state-dir", stage.path("keeper-state")],
    ]);
    stage.claim(approval.code === 0, `agent ${agent.index} is approved`);
  }

  stage.step("The first delivery.");
  const first = await stage.run("keeper", ["--run-once", ...keeper, "--trust", "pinned"]);
  stage.claim(first.code === 0, "every agent ended as declared (status 0)");
  for (const { index } of agents) {
    const same = await Promise.all(files.map((file) => isSame(stage, index, file)));
    stage.claim(same.every(Boolean), `agent ${index} holds all four files, byte for byte`);
  }

  stage.step("The second pass has nothing to do.");
  const written = await stage.newestChange();
  const second = await stage.run("keeper", ["--run-once", ...keeper, "--trust", "pinned"]);
  stage.claim(second.code === 0, "every agent is as declared (status 0)");
  stage.claim(await stage.newestChange() === written, "no file was written again");

  stage.step("The password changes in the vault; an agent's copy of the token is damaged.");
  await Deno.writeTextFile(stage.path("vault/db.password"), "Tr0ub4dor&3\n");
  await Deno.writeTextFile(stage.path("agent-2/files/api.token"), "damaged");
  const third = await stage.run("keeper", ["--run-once", ...keeper, "--trust", "pinned"]);
  stage.claim(third.code === 0, "every agent ended as declared (status 0)");
  for (const { index } of agents) {
    stage.claim(await isSame(stage, index, "db.password"), `agent ${index} has the new password`);
  }
  stage.claim(await isSame(stage, 2, "api.token"), "agent 2's token is whole again");

  stage.step("A stranger's node puts itself into the app's location list, hoping to be served.");
  const rogue = await stage.startAgent(4);
  api.setLocations(APP, [...agents, rogue].map(({ host }) => host));
  stage.addAgentTo(keeper, rogue);
  const fourth = await stage.run("keeper", ["--run-once", ...keeper, "--trust", "approve"]);
  stage.claim(fourth.code === 1, "the keeper reports an agent that waits for approval (status 1)");
  stage.claim(await isEmpty(stage.filesOf(4)), "the stranger's node was given nothing");

  stage.step("A stranger's client knocks at an agent that expects its keeper from elsewhere.");
  const guarded = await stage.startAgent(5, { whitelist: "192.0.2.1" });
  const heard = await stage.knock(guarded);
  stage.claim(heard === 0, "it was hung up on without a single byte");

  stage.step(
    "An agent that any address may dial takes files only from the keeper that signs with the " +
      "right key. The key is kept in a file under a passphrase.",
  );
  await playSigned(stage);
}

async function playSigned(stage: DemoStage): Promise<void> {
  const state = ["--state-dir", stage.path("signing-keeper-state")];
  const passphrase = crypto.randomUUID();
  const create = ["keys", "create", "--key-store", "file", "--json", ...state];
  const made = await stage.run("keeper", create, passphrase);
  const address = /"name":"(\w+)"/.exec(made.stdout)?.[1] ?? "";
  stage.claim(made.code === 0 && address !== "", "the keeper has a key of its own");
  const agent = await stage.startAgent(6, { signer: address });
  const keeper = [
    ...["--run-once", "--agent-ips", `${agent.host}:${agent.port}`, ...state],
    ...["--vault-dir", stage.path("vault"), "--managed-files", "db.password"],
  ];
  const unsigned = await stage.run("keeper", keeper);
  stage.claim(unsigned.code === 1, "a keeper that does not sign is turned away");
  stage.claim(await isEmpty(stage.filesOf(6)), "the agent took nothing from it");
  const signing = [...keeper, "--sign-connections", "--zelid", address];
  const signed = await stage.run("keeper", signing, passphrase);
  stage.claim(signed.code === 0, "the keeper that signs is let in");
  stage.claim(await isSame(stage, 6, "db.password"), "the agent holds the password");
}

const stage = await DemoStage.open();
try {
  await using api = await FakeFluxApi.start();
  await play(stage, api);
} catch (error) {
  stage.claim(
    false,
    `the story came to its end: ${error instanceof Error ? error.message : error}`,
  );
} finally {
  await stage.close();
}
Deno.exit(stage.hasFailed ? 1 : 0);
