/**
 * Keepers that sign, and everybody who cannot, at the real agent program.
 *
 * @module
 */
import { decodeEnrolmentSecret, verifyEnrolment } from "../../protocol/enrolment.ts";
import type { StatementSigner } from "../../protocol/statement.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";
import { jsonLines } from "../support/followed_process.ts";
import {
  folderArgs,
  outcomeOf,
  startPlainAgent,
  startSignedAgent,
  tryDelivery,
} from "../support/signed_agent.ts";
import { deliverSigned, openSignedSession, signerOf, signerOfWif } from "../support/signing.ts";
import { modeOf, readTree, Site } from "../support/site.ts";
import { WireTap } from "../support/wire_tap.ts";

const SIGNER = signerOf();
const STRANGER = signerOf();
const FILES = { "db.password": "one" };
const APP = ["--app-name", "shop", "--component-name", "web"];

const LISTS: Readonly<Record<string, readonly string[]>> = {
  "no list": [],
  "the right list": ["--whitelisted-addresses=127.0.0.1"],
  "a wrong list": ["--whitelisted-addresses=192.0.2.1"],
};
const KEEPERS: Readonly<Record<string, StatementSigner | null>> = {
  "signed right": SIGNER,
  "signed by another key": STRANGER,
  "unsigned": null,
};

/** What becomes of a keeper at an agent that is started so; `null` where it does not start. */
function expectedOutcome(
  list: string,
  keeper: string,
  { isSigned, verify }: { readonly isSigned: boolean; readonly verify: boolean | null },
): string | null {
  const hasList = list !== "no list";
  if (verify === true && !hasList) return null;
  if (!isSigned && (!hasList || verify === false)) return null;
  if ((verify ?? hasList) && list === "a wrong list") return "no answer";
  if (!isSigned || keeper === "signed right") return "delivered";
  return keeper === "unsigned" ? "statement-missing" : "statement-invalid";
}

for (const [list, listArgs] of Object.entries(LISTS)) {
  for (const isSigned of [false, true]) {
    for (const verify of [null, true, false]) {
      const how = `${list}, ${isSigned ? "a signature" : "no signature"} asked for, and ` +
        `--verify-source-address ${verify ?? "left out"}`;
      Deno.test(`agent: lets in whom it should with ${how}`, async () => {
        await using site = await Site.open();
        const args = [
          ...listArgs,
          ...(isSigned ? ["--signed-vault-connections", `--zelid=${SIGNER.address}`] : []),
          ...(verify === null ? [] : [`--verify-source-address=${verify}`]),
        ];
        const expected = Object.keys(KEEPERS).map((keeper) =>
          expectedOutcome(list, keeper, { isSigned, verify })
        );
        if (expected.includes(null)) {
          const end = await site.run("agent", [...folderArgs(site, {}), ...args]);
          assertEquals([end.code, end.stdout], [2, ""], end.stderr);
          return;
        }
        const agent = await startPlainAgent(site, { args });
        const outcomes = [];
        for (const signer of Object.values(KEEPERS)) {
          outcomes.push(await tryDelivery(agent, FILES, { signer }));
        }
        assertEquals(outcomes, expected);
        assertEquals(
          Object.keys(await readTree(agent.files)).length > 0,
          expected.includes("delivered"),
        );
      });
    }
  }
}

Deno.test("agent: accepts every address of --zelid, and no longer one that was taken out", async () => {
  await using site = await Site.open();
  const next = signerOfWif("5JTeg79dTLzzHXoJPALMWuoGDM8QmLj4n5f6MeFjx8dzsirvjAh");
  const both = await startSignedAgent(site, { zelids: [SIGNER.address, next.address] });
  assertEquals(await tryDelivery(both, FILES, { signer: SIGNER }), "delivered");
  assertEquals(await tryDelivery(both, FILES, { signer: next }), "delivered");
  await both.program.stop();
  const one = await startSignedAgent(site, { zelids: [next.address] });
  assertEquals(await tryDelivery(one, FILES, { signer: SIGNER }), "statement-invalid");
  assertEquals(await tryDelivery(one, FILES, { signer: next }), "delivered");
});

/** Signs another text than the one that belongs to the session. */
function bending(pattern: RegExp, replacement: string): StatementSigner {
  return {
    address: SIGNER.address,
    sign: (text) => {
      assertMatch(text, pattern);
      return SIGNER.sign(text.replace(pattern, replacement));
    },
  };
}

const BENT: Readonly<Record<string, StatementSigner>> = {
  "another agent": bending(/agent: [0-9a-f]{64}/, `agent: ${"ab".repeat(32)}`),
  "another app": bending(/app: shop/, "app: shop2"),
  "no app": bending(/app: shop/, "app: -"),
  "another component": bending(/component: web/, "component: db"),
  "another session": bending(/transcript: [0-9a-f]{64}/, `transcript: ${"ab".repeat(32)}`),
  "longer than it says": bending(/expires: \d+/, "expires: 9999999999"),
};

Deno.test("agent: refuses what a keeper signed for anything but this session", async () => {
  await using site = await Site.open();
  const agent = await startSignedAgent(site, { zelids: [SIGNER.address], args: APP });
  for (const [what, signer] of Object.entries(BENT)) {
    assertEquals(await tryDelivery(agent, FILES, { signer }), "statement-invalid", what);
  }
  const yesterday = { now: () => Date.now() - 86_400_000 };
  const late = await tryDelivery(agent, FILES, { signer: SIGNER, handshake: yesterday });
  assertEquals(late, "statement-expired");
  assertEquals(await readTree(agent.files), {});
  assertEquals(await tryDelivery(agent, FILES, { signer: SIGNER }), "delivered");
});

Deno.test("agent: refuses a statement that another agent passes on from its own session", async () => {
  await using site = await Site.open();
  const zelids = [SIGNER.address];
  // The attack: an agent of the same app that the keeper lets in, and that dials this one itself.
  const rogue = await startSignedAgent(site, { name: "rogue", zelids, args: APP });
  const agent = await startSignedAgent(site, { zelids, args: APP });
  const issuedMs = Date.now();
  const signatures: string[] = [];
  const recording = {
    address: SIGNER.address,
    sign: async (text: string) => {
      const signature = await SIGNER.sign(text);
      signatures.push(signature);
      return signature;
    },
  };
  const handshake = { now: () => issuedMs };
  await (await openSignedSession(rogue, { signer: recording, handshake })).close();
  const relaying = { ...recording, sign: () => Promise.resolve(signatures[0] ?? "") };
  const relayed = openSignedSession(agent, { signer: relaying, handshake });
  assertEquals(await outcomeOf(relayed), "statement-invalid");
});

Deno.test("agent: opens no session to who plays a recorded keeper again", async () => {
  await using site = await Site.open();
  const agent = await startSignedAgent(site, { zelids: [SIGNER.address] });
  await using tap = new WireTap(agent);
  const [host = "", port] = tap.address.split(":");
  await deliverSigned({ host, port: Number(port) }, FILES, { signer: SIGNER });
  const recorded = tap.units.filter(({ from }) => from === "keeper").map(({ bytes }) => bytes);
  const [opening, statement] = recorded;
  assert(opening !== undefined && statement !== undefined);
  let replays = 0;
  await using replay = new WireTap(agent, {
    meddle: ({ from, index, bytes }) => {
      if (from === "agent") return [bytes];
      replays++;
      return [index === 0 ? opening : statement];
    },
  });
  const [replayHost = "", replayPort] = replay.address.split(":");
  const target = { host: replayHost, port: Number(replayPort) };
  const outcome = await outcomeOf(openSignedSession(target, { signer: SIGNER }));
  assert(outcome !== "delivered" && replays > 0, outcome);
  // All that the agent says of its own is its opening line, and at most its STARTAES.
  assert(replay.units.filter(({ from }) => from === "agent").length <= 2);
  assertEquals(await tryDelivery(agent, FILES, { signer: SIGNER }), "delivered");
});

const SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("agent: proves that it knows the enrolment secret, and shows it to nobody", async () => {
  await using site = await Site.open();
  const variables = { FLUXVAULT_ENROLL_SECRET: SECRET };
  const args = [...APP, "--debug"];
  const agent = await startSignedAgent(site, { zelids: [SIGNER.address], args, variables });
  const session = await openSignedSession(agent, { signer: SIGNER });
  const { claim, transcript } = session.origin;
  const secret = decodeEnrolmentSecret(SECRET);
  assert(secret !== null && claim.enrolment !== null);
  const { app, component, identity: { publicKey } } = claim;
  const claimed = { transcript, publicKey, app, component };
  assertEquals(await verifyEnrolment(secret, claim.enrolment, claimed), true);
  assertEquals([app, component, claim.node], ["shop", "web", null]);
  await session.close();
  const { stdout, stderr } = await agent.program.stop();
  const shown = await site.run("agent", ["--show-config"], { variables });
  assertMatch(shown.stdout, /enroll-secret +<hidden>/);
  assert(!`${stdout}${stderr}${shown.stdout}${shown.stderr}`.includes(SECRET.slice(4, 20)));
});

/** Starts an API for each owner, and returns what tells an agent to ask them. */
function apisOf(...owners: string[]): [FakeFluxApi[], string[]] {
  const apis = owners.map((owner) => {
    const api = FakeFluxApi.start();
    api.setOwner("shop", owner);
    return api;
  });
  return [apis, [...APP, `--flux-api=${apis.map(({ url }) => url).join(",")}`]];
}

Deno.test("agent: finds out who owns its app, and believes no other answer later", async () => {
  await using site = await Site.open();
  const [[one, two], args] = apisOf(SIGNER.address, SIGNER.address);
  assert(one !== undefined && two !== undefined);
  await using _one = one;
  await using _two = two;
  const agent = await startSignedAgent(site, { args });
  assertEquals(await tryDelivery(agent, FILES, { signer: STRANGER }), "statement-invalid");
  assertEquals(await tryDelivery(agent, FILES, { signer: SIGNER }), "delivered");
  assertEquals(await modeOf(`${agent.state}/owner.json`), 0o600);
  await agent.program.stop();

  // The attack: whoever answers for the network now names himself.
  one.setOwner("shop", STRANGER.address);
  two.setOwner("shop", STRANGER.address);
  const asked = one.requests.length + two.requests.length;
  const again = await startSignedAgent(site, { args });
  assertEquals(await tryDelivery(again, FILES, { signer: STRANGER }), "statement-invalid");
  assertEquals(await tryDelivery(again, FILES, { signer: SIGNER }), "delivered");
  assertEquals(one.requests.length + two.requests.length, asked);
});

Deno.test("agent: trusts nobody while the answers contradict each other", async () => {
  await using site = await Site.open();
  const [[one, two], args] = apisOf(SIGNER.address, STRANGER.address);
  await using _one = one;
  await using _two = two;
  const agent = await startSignedAgent(site, { args });
  await agent.program.waitForLog(/owner-disputed/);
  for (const signer of [SIGNER, STRANGER]) {
    assertEquals(await tryDelivery(agent, FILES, { signer }), "owner-unknown");
  }
  await agent.program.waitForLog(/came to no session.*owner-unknown/);
  const names = Object.keys(await readTree(agent.state));
  assert(!names.includes("owner.json"), names.join());
});

Deno.test("agent: lets its keeper in once the network can be asked", async () => {
  await using site = await Site.open();
  const [[api], args] = apisOf(SIGNER.address);
  assert(api !== undefined);
  await using _api = api;
  api.answerAlways({ status: 503 });
  const agent = await startSignedAgent(site, { args });
  await agent.program.waitForLog(/asking again/);
  assertEquals(await tryDelivery(agent, FILES, { signer: SIGNER }), "owner-unknown");
  api.answerAlways(null);
  await agent.program.waitForLog(/found out who owns the app/);
  assertEquals(await tryDelivery(agent, FILES, { signer: SIGNER }), "delivered");
});

for (const owner of [`0x${"ab".repeat(20)}`, "a name that somebody liked"]) {
  Deno.test(`agent: stops where the owner of its app is ${owner.slice(0, 12)}, and says what to do`, async () => {
    await using site = await Site.open();
    const [[api], args] = apisOf(owner);
    await using _api = api;
    const asked = ["--signed-vault-connections", ...args];
    const end = await site.run("agent", [...folderArgs(site, {}), ...asked]);
    assertEquals(end.code, 2, end.stderr);
    assertMatch(end.stderr, /has no key that can sign[^]*fluxvault-keeper keys create[^]*--zelid/);
  });
}

Deno.test("agent: does not start where nothing says whose signature counts", async () => {
  await using site = await Site.open();
  const args = [...folderArgs(site, {}), "--signed-vault-connections"];
  const nameless = await site.run("agent", args);
  assertEquals([nameless.code, nameless.stdout], [2, ""]);
  assertMatch(nameless.stderr, /--zelid is missing, and no app is named/);
  const foreign = await site.run("agent", [...args, "--app-name", "fluxshop"]);
  assertEquals([foreign.code, foreign.stdout], [2, ""]);
  assertMatch(foreign.stderr, /--app-name cannot be .*fluxshop.* on the Flux network/);
});

Deno.test("agent: warns where its state is copied to every node of the app", async () => {
  await using site = await Site.open();
  const [[api], args] = apisOf(SIGNER.address);
  assert(api !== undefined);
  await using _api = api;
  const component = { name: "web", ports: [1], containerPorts: [1], containerData: "" };
  api.setSpecification("shop", {
    version: 8,
    name: "shop",
    instances: 3,
    compose: [{ ...component, containerData: `g:${site.path("agent")}` }],
  });
  const agent = await startSignedAgent(site, { args });
  await agent.program.waitForLog(/the state folder lies in a volume that .* replicates/);
});

Deno.test("agent: tells that its keeper turns it away, and accuses that keeper of nothing", async () => {
  await using site = await Site.open(FILES);
  const agent = await site.startAgent({ args: APP });
  const args = ["--trust", "approve", "--app-name", "shop"];
  for (let i = 0; i < 3; i++) {
    const run = await site.deliver({ agents: [agent.address], args });
    assertEquals(run.code, 1, run.stdout + run.stderr);
  }
  const { stderr } = await agent.program.stop();
  const told = jsonLines(stderr).filter(({ message }) => /turned this agent away/.test(message));
  assertEquals(told.map(({ level, message, count }) => [level, message, count]), [
    ["info", "the keeper turned this agent away: agent-pending", 1],
    ["info", "the keeper turned this agent away: agent-pending", 2],
  ]);
  assert(!/came to no session/.test(stderr), stderr);
});
