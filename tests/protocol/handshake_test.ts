import fc from "fast-check";
import { encodeHex, encodeUtf8, randomBytes } from "../../protocol/bytes.ts";
import { encodeKeeperAnswer } from "../../protocol/confirmation.ts";
import { type Duplex, duplexPair } from "../../protocol/duplex.ts";
import { verifyEnrolment } from "../../protocol/enrolment.ts";
import {
  ConnectionError,
  FluxVaultError,
  PeerRejectedError,
  ProtocolError,
  type RejectionCode,
} from "../../protocol/errors.ts";
import { handshakeAsAgent, handshakeAsKeeper } from "../../protocol/handshake.ts";
import type {
  AgentHandshakeOptions,
  KeeperHandshakeOptions,
} from "../../protocol/handshake_options.ts";
import { MAX_FIRST_LINE_BYTES } from "../../protocol/limits.ts";
import type { KeeperProof } from "../../protocol/statement.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  cutIntoBytes,
  deafDuplex,
  flipBit,
  recordWrites,
  streamOf,
  tamperWrites,
} from "../support/duplex_cuts.ts";
import { agentAgainst, FramePeer, keeperAgainst } from "../support/frame_peer.ts";
import {
  agentOptions,
  fixedIdentity,
  fixedRsaKeyPair,
  keeperOptions,
  openSessionPair,
} from "../support/session_pair.ts";

const SOON_MS = 15;
const SIGNATURE = "A".repeat(86) + "A=";
const ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT";

class Reason extends Error {}

type AgentExtras = Partial<AgentHandshakeOptions>;
type KeeperExtras = Partial<KeeperHandshakeOptions>;

Deno.test("handshakeAsAgent and handshakeAsKeeper agree on how the session began", async () => {
  const app = "wordpress";
  const component = "db";
  await using pair = await openSessionPair({ agent: { app, component }, keeper: { app } });
  const { agent, keeper } = pair;
  assertEquals(keeper.origin.claim, agent.origin.claim);
  assertEquals([keeper.origin.claim.app, keeper.origin.claim.component], [app, component]);
  assertEquals(keeper.origin.transcript, agent.origin.transcript);
  assertEquals(keeper.origin.agentDigestHex, agent.origin.agentDigestHex);
  assertEquals(keeper.origin.readiness, { software: "test/1", wants: ["files"] });
  const context = randomBytes(4);
  const exported = await keeper.origin.exporter("x", context);
  assertEquals(exported, await agent.origin.exporter("x", context));
  assert(encodeHex(exported) !== encodeHex(await agent.origin.exporter("y", context)));
});

Deno.test("handshakeAsAgent and handshakeAsKeeper agree when every byte comes alone", async () => {
  await using pair = await openSessionPair({
    wire: ([agent, keeper]) => [cutIntoBytes(agent), cutIntoBytes(keeper)],
  });
  assertEquals(pair.keeper.origin.transcript, pair.agent.origin.transcript);
});

Deno.test("handshakeAsAgent sends a first line of its own each time, under 1,400 bytes", async () => {
  const lines: string[] = [];
  for (let i = 0; i < 2; i++) {
    const writes: Uint8Array[] = [];
    await using _pair = await openSessionPair({
      agent: { app: "canary-app" },
      wire: ([agent, keeper]) => [recordWrites(agent, writes), keeper],
    });
    const line = new TextDecoder().decode(writes[0]);
    assert(line.length < MAX_FIRST_LINE_BYTES && line.endsWith("}\n"));
    assert(!line.includes("canary"));
    lines.push(line);
  }
  assert(lines[0] !== lines[1]);
});

Deno.test("handshakeAsAgent proves that it knows the enrolment secret", async () => {
  const enrolmentSecret = randomBytes(32);
  await using pair = await openSessionPair({ agent: { app: "a", enrolmentSecret } });
  const { claim, transcript } = pair.keeper.origin;
  const { publicKey } = claim.identity;
  const statement = { transcript, publicKey, app: "a", component: null };
  assert(claim.enrolment);
  assert(await verifyEnrolment(enrolmentSecret, claim.enrolment, statement));
});

Deno.test("handshakeAsKeeper signs its own words, and handshakeAsAgent checks them against its own", async () => {
  const texts: string[] = [];
  await using pair = await openSessionPair({
    agent: {
      app: "a",
      component: "b",
      now: () => 1_000_000,
      verifyStatement: (text, signature) => {
        texts.push(text);
        return Promise.resolve(signature === SIGNATURE);
      },
    },
    keeper: {
      app: "a",
      component: "b",
      now: () => 1_000_000,
      signer: {
        address: ADDRESS,
        sign: (text) => {
          texts.push(text);
          return Promise.resolve(SIGNATURE);
        },
      },
    },
  });
  assertEquals(texts[0], texts[1]);
  assertEquals(pair.agent.origin.keeper?.address, ADDRESS);
});

Deno.test("handshakeAsKeeper signs under the names that its policy knows the agent by", async () => {
  const texts: string[] = [];
  const note = (text: string) => {
    texts.push(text);
    return Promise.resolve(SIGNATURE);
  };
  await using _pair = await openSessionPair({
    agent: {
      app: "Wordpress",
      component: "web",
      verifyStatement: async (text) => (await note(text)) === SIGNATURE,
    },
    keeper: {
      app: "wordpress",
      policy: ({ claim: { app, component } }) => ({ app, component }),
      signer: { address: ADDRESS, sign: note },
    },
  });
  assertEquals(texts[0], texts[1]);
  assert(texts[0]?.includes("app: Wordpress\ncomponent: web\n"));
});

Deno.test("handshakeAsAgent says on which node it runs, where it knows", async () => {
  const node = { id: `${"0f".repeat(32)}1`, ip: "203.0.113.10", country: "DE" };
  await using known = await openSessionPair({ agent: { node } });
  assertEquals(known.keeper.origin.claim.node, node);
  await using unknown = await openSessionPair();
  assertEquals(unknown.keeper.origin.claim.node, null);
});

const STATEMENTS: readonly (readonly [
  what: string,
  code: RejectionCode,
  change: ((proof: KeeperProof) => KeeperProof) | null,
])[] = [
  ["no statement", "statement-missing", null],
  ["one of 301 s ago", "statement-expired", (p) => ({ ...p, issued: 699, expires: 999 })],
  ["one of 301 s ahead", "statement-expired", (p) => ({ ...p, issued: 1_301, expires: 1_601 })],
  ["one that lives longer", "statement-expired", (p) => ({ ...p, expires: p.expires + 1 })],
  ["one by somebody else", "statement-invalid", (p) => p],
];

for (const [what, code, change] of STATEMENTS) {
  Deno.test(`handshakeAsAgent turns a keeper with ${what} away: ${code}`, async () => {
    const honest = { address: ADDRESS, issued: 1_000, expires: 1_300, signature: SIGNATURE };
    const [error, told] = await agentAgainst(
      (peer) => peer.sendMessage(encodeKeeperAnswer(change?.(honest) ?? null)),
      { now: () => 1_000_000, verifyStatement: () => Promise.resolve(false) },
    );
    assert(error instanceof PeerRejectedError);
    assertEquals([error.code, error.by, told], [code, "us", code]);
  });
}

for (const code of ["agent-pending", "identity-changed", "app-mismatch"] as const) {
  Deno.test(`handshakeAsKeeper turns an agent away by its policy, and the agent learns ${code}`, async () => {
    const [near, far] = duplexPair();
    const results = await Promise.all([
      handshakeAsAgent(near, await agentOptions()).catch((error) => error),
      handshakeAsKeeper(far, keeperOptions({ policy: () => Promise.resolve(code) }))
        .catch((error) => error),
    ]);
    for (const [i, by] of (["peer", "us"] as const).entries()) {
      assert(results[i] instanceof PeerRejectedError);
      assertEquals([results[i].code, results[i].by], [code, by]);
    }
  });
}

Deno.test("handshakeAsKeeper shows its policy nothing before the proof of identity holds", async () => {
  let asked = 0;
  const policy = () => {
    asked++;
    return null;
  };
  const [error, told] = await keeperAgainst(async (peer) => {
    const claim = await peer.claim();
    const identity = claim["Identity"] as Record<string, string>;
    const signature = encodeHex(flipBit(randomBytes(64), 0));
    await peer.sendMessage({ ...claim, Identity: { ...identity, Signature: signature } });
  }, { policy });
  assert(error instanceof PeerRejectedError);
  assertEquals([error.code, told, asked], ["identity-invalid", "identity-invalid", 0]);
});

Deno.test("handshakeAsKeeper and handshakeAsAgent fail for any flipped bit of any write", async () => {
  // Which write of which end is hit is drawn; the vectors flip every bit.
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(4), async (bit, target) => {
      const [agentEnd, keeperEnd] = duplexPair();
      const forge = (end: Duplex, hit: number) =>
        tamperWrites(end, (bytes, index) => {
          return [index === hit ? flipBit(bytes, bit % (bytes.length * 8)) : bytes];
        });
      const times = { handshakeTimeoutMs: 60, openingTimeoutMs: 60, frameTimeoutMs: 30 };
      const results = await Promise.all([
        handshakeAsAgent(
          target < 3 ? forge(agentEnd, target) : agentEnd,
          await agentOptions(times),
        ).catch((error) => error),
        handshakeAsKeeper(
          target < 3 ? keeperEnd : forge(keeperEnd, target - 3),
          keeperOptions(times),
        ).catch((error) => error),
      ]);
      // The agent's READY is its last word: the keeper alone can tell that it was forged.
      const judges = target === 2 ? [results[1]] : results;
      for (const error of judges) assert(error instanceof FluxVaultError, String(error));
      for (const result of results) if (!(result instanceof Error)) await result.close();
    }),
    { numRuns: 60 },
  );
});

Deno.test("handshakeAsAgent gives up on a keeper that says nothing, reading or not", async () => {
  const silent = { readable: new ReadableStream(), writable: new WritableStream() };
  for (
    const [duplex, times] of [
      [silent, { openingTimeoutMs: SOON_MS }],
      [duplexPair()[0], { handshakeTimeoutMs: SOON_MS }],
    ] as const
  ) {
    const options = await agentOptions(times);
    await assertRejects(() => handshakeAsAgent(duplex, options), ConnectionError, "timed-out");
  }
});

Deno.test("handshakeAsKeeper gives up on an agent that stops after nothing or line 1", async () => {
  const options = keeperOptions({ openingTimeoutMs: SOON_MS });
  await assertRejects(
    () => handshakeAsKeeper(duplexPair()[0], options),
    ConnectionError,
    "timed-out",
  );
  const [near, far] = duplexPair();
  const ours = handshakeAsKeeper(near, keeperOptions({ handshakeTimeoutMs: SOON_MS }))
    .catch((error) => error);
  await FramePeer.openAsAgent(far);
  const error = await ours;
  assert(error instanceof ConnectionError);
  assertEquals(error.code, "timed-out");
});

/** Is told that a role waits for what never comes. */
let onWait: () => void = () => {};
const never = () => {
  onWait();
  return new Promise<never>(() => {});
};

/** What each role may wait for beside the transport. */
const AGENT_WAITS: Readonly<Record<string, AgentExtras>> = {
  "its key": { keys: { lease: never } },
  "its unwrap": {
    keys: {
      async lease() {
        const { publicKeyPem } = await fixedRsaKeyPair();
        const unwraps = { unwrap: never, unwrapOriginal: never };
        return { publicKeyPem, wrappedBytes: 256, ...unwraps, retire() {}, release() {} };
      },
    },
  },
  "its signature": { identity: { publicKey: randomBytes(32), sign: never } },
  "its verifier": { verifyStatement: never, now: () => 1_000_000 },
};
const KEEPER_WAITS: Readonly<Record<string, KeeperExtras>> = {
  "its policy": { policy: never },
  "its signer": { signer: { address: ADDRESS, sign: never } },
};

for (const role of ["agent", "keeper"] as const) {
  for (const [what, waits] of Object.entries(role === "agent" ? AGENT_WAITS : KEEPER_WAITS)) {
    Deno.test(`handshake as the ${role} can be aborted while it waits for ${what}`, async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const [near, far] = duplexPair();
      const signer = { address: ADDRESS, sign: () => Promise.resolve(SIGNATURE) };
      const agent = { ...role === "agent" ? { ...waits as AgentExtras, signal } : {} };
      const keeper = role === "keeper"
        ? { ...waits as KeeperExtras, signal }
        : { signer, now: () => 1_000_000 };
      // By then nothing else is under way, however slow the machine.
      onWait = () => void setTimeout(() => controller.abort(new Reason()), SOON_MS);
      const ends = [
        handshakeAsAgent(near, await agentOptions(agent)),
        handshakeAsKeeper(far, keeperOptions(keeper)),
      ] as const;
      const settled = Promise.allSettled(ends);
      await assertRejects(() => ends[role === "agent" ? 0 : 1], Reason);
      await settled;
    });
  }
}

Deno.test("handshakeAsAgent gives a key back that comes after it was aborted", async () => {
  const { promise, resolve } = Promise.withResolvers<never>();
  const options = await agentOptions({
    keys: { lease: () => promise },
    signal: AbortSignal.abort(new Reason()),
  });
  await assertRejects(() => handshakeAsAgent(duplexPair()[0], options), Reason);
  const released = Promise.withResolvers<void>();
  resolve({ release: released.resolve } as never);
  await released.promise;
});

Deno.test("handshakeAsAgent passes on why there is no key", async () => {
  const options = await agentOptions({ keys: { lease: () => Promise.reject(new Reason()) } });
  await assertRejects(() => handshakeAsAgent(duplexPair()[0], options), Reason);
});

Deno.test("handshakeAsAgent retires its key when it is complete, and not for a stranger", async () => {
  const events: string[] = [];
  const { keys } = await agentOptions();
  const watched = {
    async lease() {
      const lease = await keys.lease();
      return {
        ...lease,
        retire: () => events.push("retire"),
        release: () => events.push("release"),
      };
    },
  };
  const stranger = deafDuplex(streamOf(encodeUtf8("GET / HTTP/1.1\r\n\r\n")));
  const options = await agentOptions({ keys: watched, identity: await fixedIdentity() });
  await assertRejects(() => handshakeAsAgent(stranger, options), ProtocolError);
  assertEquals(events, ["release"]);
  await using _pair = await openSessionPair({ agent: { keys: watched } });
  assertEquals(events, ["release", "retire", "release"]);
});
