/**
 * Whom the keeper gives its secrets to, and whom the agent lets speak, with the real programs.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jsonLines } from "../support/followed_process.ts";
import { hasManyLoopbacks, type KeeperRun, readTree, Site } from "../support/site.ts";
import { readToEnd } from "../support/tcp_peer.ts";
import { WireTap } from "../support/wire_tap.ts";

const APP = ["--app-name", "vaultdemo"];

function outcomeAt(run: KeeperRun, address: string): unknown[] {
  const { outcome, code, reason, trust } = run.agents.get(address) ?? {};
  return [outcome, code ?? reason ?? trust];
}

Deno.test("keeper: gives a pending agent nothing, and everything once it is approved", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent({ args: APP });
  const args = ["--trust", "approve", ...APP];
  const met = await site.deliver({ agents: [agent.address], args });
  assertEquals([met.code, ...outcomeAt(met, agent.address)], [1, "pending", "new"]);
  assertEquals(await readTree(agent.files), {});
  assertEquals(met.agents.get(agent.address)?.fingerprint, agent.fingerprint);

  const state = ["--state-dir", site.path("keeper-state"), "--json"];
  const listed = await site.run("keeper", ["agents", "list", ...state]);
  const [pending] = jsonLines(listed.stdout);
  assertEquals([pending?.state, pending?.address], ["pending", agent.address]);
  const approval = await site.run("keeper", ["agents", "approve", agent.fingerprint, ...state]);
  assertEquals([approval.code, jsonLines(approval.stdout)[0]?.deed], [0, "approved"]);
  const served = await site.deliver({ agents: [agent.address], args });
  assertEquals([served.code, ...outcomeAt(served, agent.address)], [0, "delivered", "approved"]);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));

  const forgotten = await site.run("keeper", ["agents", "forget", agent.fingerprint, ...state]);
  assertEquals(forgotten.code, 0);
  const stranger = await site.deliver({ agents: [agent.address], args: ["--trust", "pinned"] });
  assertEquals([stranger.code, ...outcomeAt(stranger, agent.address)], [1, "rejected", "rejected"]);
});

Deno.test("keeper: tells a person the exact command that approves a pending agent", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  const run = await site.run("keeper", [
    ...["--run-once", "--trust", "approve", "--agent-ips", agent.address],
    ...["--vault-dir", "vault", "--managed-files", "db.password", "--state-dir", "it's here"],
  ]);
  assertEquals(run.code, 1);
  const command = /^\s*fluxvault-keeper (agents approve .*)$/m.exec(run.stdout)?.[1] ?? "";
  assert(command.includes(agent.fingerprint), run.stdout);
  // The line is given to a shell, whose words are what the keeper then gets.
  const shell = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\n' ${command}`],
    stdout: "piped",
  }).output();
  const words = new TextDecoder().decode(shell.stdout).trimEnd().split("\n");
  assertEquals((await site.run("keeper", words)).code, 0);
  const second = await site.deliver({ agents: [agent.address], state: "it's here" });
  assertEquals(second.code, 0);
});

Deno.test("keeper: trusts at first use, and refuses another key at a known address", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  const first = await site.deliver({ agents: [agent.address] });
  assertEquals([first.code, ...outcomeAt(first, agent.address)], [0, "delivered", "first-use"]);
  await agent.program.stop();

  // The attack: another agent sits down where the first one was.
  const rogue = await site.startAgent({ name: "rogue", port: agent.port });
  assert(rogue.fingerprint !== agent.fingerprint);
  for (const trust of ["first-use", "approve", "pinned"]) {
    const args = ["--trust", trust];
    const run = await site.deliver({ agents: [rogue.address], args });
    assertEquals([run.code, ...outcomeAt(run, rogue.address)], [1, "rejected", "identity-changed"]);
  }
  assertEquals(await readTree(rogue.files), {});
});

Deno.test("keeper: has no place for more first-use agents than it was told", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const one = await site.startAgent({ name: "one" });
  const two = await site.startAgent({ name: "two" });
  const args = ["--trust", "first-use", "--first-use-limit", "1"];
  await site.deliver({ agents: [one.address], args });
  const run = await site.deliver({ agents: [one.address, two.address], args });
  assertEquals([run.code, ...outcomeAt(run, two.address)], [1, "pending", "places-taken"]);
  assertEquals(run.agents.get(one.address)?.wanted, true);
  assertEquals(await readTree(two.files), {});
});

Deno.test("keeper: never gives the files of its app to an agent of another", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const other = await site.startAgent({ name: "other", args: ["--app-name", "someoneelse"] });
  for (const trust of ["first-use", "approve"]) {
    const args = ["--trust", trust, ...APP];
    const run = await site.deliver({ agents: [other.address], args });
    assertEquals([run.code, ...outcomeAt(run, other.address)], [1, "rejected", "app-mismatch"]);
  }
  await other.program.stop();
  // The attack: the operator approved this key for its own app, and the agent now claims ours.
  const state = ["--state-dir", site.path("keeper-state")];
  const approve = ["agents", "approve", other.fingerprint, "--app-name", "someoneelse", ...state];
  const approval = await site.run("keeper", approve);
  assertEquals(approval.code, 0, approval.stderr);
  const liar = await site.startAgent({ name: "other", port: other.port, args: APP });
  assertEquals(liar.fingerprint, other.fingerprint);
  const run = await site.deliver({ agents: [liar.address], args: APP });
  assertEquals([run.code, ...outcomeAt(run, liar.address)], [1, "rejected", "identity-mismatch"]);
  assertEquals(await readTree(liar.files), {});
});

Deno.test("keeper: refuses a relay of an agent's session at the relay's address only", {
  ignore: !hasManyLoopbacks(),
}, async () => {
  await using site = await Site.open({ "db.password": "1" });
  const agent = await site.startAgent();
  await site.deliver({ agents: [agent.address] });
  await site.store({ "db.password": "2" });
  await using relay = new WireTap(agent, { hostname: "127.0.0.2" });
  // Both are dialled at once, the relay first: it waits until the address on record was heard.
  const run = await site.deliver({ agents: [relay.address, agent.address] });
  assertEquals(run.agents.get(agent.address)?.outcome, "delivered");
  const relayed = outcomeAt(run, relay.address);
  assertEquals([run.code, ...relayed], [1, "rejected", "relay-suspected"]);
  assertEquals(await readTree(agent.files), await readTree(site.path("vault")));
});

Deno.test("agent: gives a stranger no byte, and the keeper's address its opening line", async () => {
  await using site = await Site.open({ "db.password": "1" });
  const guarded = await site.startAgent({ whitelist: "192.0.2.1,2001:db8::/32" });
  for (let i = 0; i < 3; i++) {
    using stranger = await Deno.connect({ hostname: guarded.host, port: guarded.port });
    assertEquals((await readToEnd(stranger)).length, 0);
  }
  const run = await site.deliver({ agents: [guarded.address] });
  assertEquals(run.code, 1);
  assertEquals(run.agents.get(guarded.address)?.outcome, "failed");
  await guarded.program.waitForLog(/not allowed/);
  assertMatch(guarded.program.stderr, /127\.0\.0\.1/);

  const named = await site.startAgent({ name: "named", whitelist: "192.0.2.1,localhost" });
  assertEquals((await site.deliver({ agents: [named.address] })).code, 0);
});
