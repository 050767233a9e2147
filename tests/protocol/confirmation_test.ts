import { encodeHex, encodeUtf8, randomBytes } from "../../protocol/bytes.ts";
import {
  type AgentClaim,
  decodeAgentClaim,
  decodeKeeperAnswer,
  decodeReadiness,
  encodeAgentClaim,
  encodeFailure,
  encodeKeeperAnswer,
  encodeReadiness,
  failureCode,
  throwIfFailed,
} from "../../protocol/confirmation.ts";
import { FluxVaultError, PeerRejectedError, ProtocolError } from "../../protocol/errors.ts";
import { encodePingFrame } from "../../protocol/frame.ts";
import { MessageFields } from "../../protocol/message_fields.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { agentAgainst, keeperAgainst, type Play } from "../support/frame_peer.ts";

function fieldsOf(value: unknown): MessageFields {
  return MessageFields.parse(encodeUtf8(JSON.stringify(value)), "a message");
}

const CLAIM: AgentClaim = {
  app: "wordpress",
  component: null,
  instance: randomBytes(16),
  identity: { publicKey: randomBytes(32), signature: randomBytes(64) },
  enrolment: null,
  node: null,
};
const PROOF = {
  address: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
  issued: 1_000,
  expires: 1_300,
  signature: "A".repeat(86) + "A=",
};

Deno.test("decodeAgentClaim reads what encodeAgentClaim writes", () => {
  const claims: readonly AgentClaim[] = [
    CLAIM,
    { ...CLAIM, enrolment: randomBytes(32), component: "db" },
    { ...CLAIM, node: { id: `${"a0".repeat(32)}12`, ip: "203.0.113.10:16137", country: null } },
    { ...CLAIM, node: { id: `${"a0".repeat(32)}0`, ip: "203.0.113.10", country: "DE" } },
  ];
  for (const claim of claims) {
    assertEquals(decodeAgentClaim(fieldsOf(encodeAgentClaim(claim))), claim);
  }
});

Deno.test("decodeAgentClaim takes an absent name as none", () => {
  const { App: _app, Component: _component, ...rest } = encodeAgentClaim(CLAIM);
  const claim = decodeAgentClaim(fieldsOf(rest));
  assertEquals([claim.app, claim.component], [null, null]);
});

const HEX_32 = encodeHex(randomBytes(32));
const BAD_CLAIMS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["another State", { State: "READY" }],
  ["another Text", { Text: "test" }],
  ["a name with a dot", { App: "a.b" }],
  ["a name that is a hyphen", { App: "-" }],
  ["a name of 64 characters", { Component: "a".repeat(64) }],
  ["a name that is a number", { App: 1 }],
  ["an instance of 15 bytes", { Instance: "00".repeat(15) }],
  ["an instance in upper case", { Instance: "AA".repeat(16) }],
  ["no identity", { Identity: undefined }],
  ["an identity that is a list", { Identity: [] }],
  ["a key of 31 bytes", { Identity: { Key: HEX_32.slice(2), Signature: HEX_32.repeat(2) } }],
  ["a signature of 63 bytes", { Identity: { Key: HEX_32, Signature: HEX_32.slice(1).repeat(2) } }],
  ["an enrolment of 33 bytes", { Enrolment: HEX_32 + "00" }],
  ["a node without an address", { Node: { Id: `${HEX_32}0` } }],
  ["a node by name", { Node: { Id: `${HEX_32}0`, Ip: "example.org" } }],
  ["a node without an output", { Node: { Id: HEX_32, Ip: "203.0.113.1" } }],
  ["a node in a country of words", {
    Node: { Id: `${HEX_32}0`, Ip: "203.0.113.1", Country: "x\n" },
  }],
];

for (const [what, change] of BAD_CLAIMS) {
  Deno.test(`decodeAgentClaim refuses ${what}`, () => {
    const fields = fieldsOf({ ...encodeAgentClaim(CLAIM), ...change });
    assertThrows(() => decodeAgentClaim(fields), ProtocolError, "message-malformed");
  });
}

Deno.test("decodeKeeperAnswer reads what encodeKeeperAnswer writes", () => {
  for (const proof of [null, PROOF]) {
    assertEquals(decodeKeeperAnswer(fieldsOf(encodeKeeperAnswer(proof))), proof);
  }
});

const BAD_ANSWERS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["another Text", { Text: "Test" }],
  ["times that are text", { Keeper: { ...keeperMembers(), Issued: "1000" } }],
  ["times before 1970", { Keeper: { ...keeperMembers(), Issued: -1 } }],
  ["an address with a zero", { Keeper: { ...keeperMembers(), Address: "0".repeat(30) } }],
  ["a signature that is not canonical", {
    Keeper: { ...keeperMembers(), Signature: "A".repeat(86) + "B=" },
  }],
  ["a Keeper that is true", { Keeper: true }],
];

function keeperMembers(): Record<string, unknown> {
  return encodeKeeperAnswer(PROOF)["Keeper"] as Record<string, unknown>;
}

for (const [what, change] of BAD_ANSWERS) {
  Deno.test(`decodeKeeperAnswer refuses ${what}`, () => {
    const fields = fieldsOf({ ...encodeKeeperAnswer(null), ...change });
    assertThrows(() => decodeKeeperAnswer(fields), ProtocolError, "message-malformed");
  });
}

Deno.test("decodeReadiness reads what encodeReadiness writes", () => {
  const readiness = { software: "fluxvault-agent/0.1.0", wants: ["files", "a-later-kind"] };
  assertEquals(decodeReadiness(fieldsOf(encodeReadiness(readiness))), readiness);
});

Deno.test("decodeReadiness refuses words that could deceive a log, and too many of them", () => {
  for (
    const change of [
      { Software: "" },
      { Software: "a b" },
      { Software: "a\u001b[31m" },
      { Software: "x".repeat(65) },
      { Wants: "files" },
      { Wants: ["Files"] },
      { Wants: Array(17).fill("files") },
    ]
  ) {
    const fields = fieldsOf({ State: "READY", Software: "a/1", Wants: [], ...change });
    assertThrows(() => decodeReadiness(fields), ProtocolError, "message-malformed");
  }
});

Deno.test("throwIfFailed turns FAILED into a rejection, known code or not", () => {
  for (const [code, expected] of [["busy", "busy"], ["open-failed", "rejected"]] as const) {
    const run = () => throwIfFailed(fieldsOf(encodeFailure(code)), "the agent");
    const error = assertThrows(run, PeerRejectedError, expected);
    assertEquals(error.by, "peer");
    assert(error.message.includes(code));
  }
  throwIfFailed(fieldsOf({ State: "READY" }), "the agent");
});

Deno.test("throwIfFailed refuses a code that is more than a word", () => {
  for (const code of ["", "Busy", "a b", "a\n", "x".repeat(65), 7]) {
    const fields = fieldsOf({ State: "FAILED", Code: code });
    const run = () => throwIfFailed(fields, "the keeper");
    assertThrows(run, ProtocolError, "message-malformed");
  }
});

Deno.test("failureCode tells the peer only what it may learn", () => {
  assertEquals(failureCode(new ProtocolError("frame-malformed", "")), "frame-malformed");
  assertEquals(failureCode(new ProtocolError("open-failed", "")), null);
  assertEquals(failureCode(new PeerRejectedError("busy", "", { by: "us" })), "busy");
  assertEquals(failureCode(new PeerRejectedError("busy", "", { by: "peer" })), null);
  assertEquals(failureCode(new TypeError("a bug")), null);
});

const AGENT_PLAYS: Readonly<Record<string, readonly [code: string, told: boolean, play: Play]>> = {
  "garbage": [
    "open-failed",
    false,
    (p) => p.link.write(new Uint8Array([0, 0, 0, 17, ...randomBytes(17)])),
  ],
  "a frame that is too long": [
    "frame-too-large",
    false,
    (p) => p.link.write(new Uint8Array([0, 0, 16, 18])),
  ],
  "a frame that is too short": [
    "frame-malformed",
    false,
    (p) => p.link.write(new Uint8Array([0, 0, 0, 16])),
  ],
  "a ping": [
    "message-unexpected",
    false,
    (p) => p.send(encodePingFrame(new Uint8Array(8), "ping")),
  ],
  "a claim without an identity": ["message-malformed", true, async (p) => {
    await p.sendMessage({ ...await p.claim(), Identity: null });
  }],
  "READY at once": ["message-malformed", true, (p) => p.sendMessage({ State: "READY" })],
  "no READY": ["message-malformed", true, async (p) => {
    await p.sendMessage(await p.claim());
    await p.readMessage();
    await p.sendMessage(await p.claim());
  }],
  "an end": ["truncated", false, (p) => p.link.closeWriting()],
  "FAILED for READY": ["busy", false, async (p) => {
    await p.sendMessage(await p.claim());
    await p.readMessage();
    await p.sendMessage({ State: "FAILED", Code: "busy" });
  }],
};

for (const [what, [code, isTold, play]] of Object.entries(AGENT_PLAYS)) {
  Deno.test(`handshakeAsKeeper meets an agent that sends ${what} with ${code}`, async () => {
    const [error, told] = await keeperAgainst(play);
    assert(error instanceof FluxVaultError);
    assertEquals([error.code, told], [code, isTold ? code : null]);
  });
}

const KEEPER_PLAYS: Readonly<Record<string, readonly [code: string, told: boolean, play: Play]>> = {
  "garbage": [
    "open-failed",
    false,
    (p) => p.link.write(new Uint8Array([0, 0, 0, 17, ...randomBytes(17)])),
  ],
  "a frame that is too long": [
    "frame-too-large",
    true,
    (p) => p.link.write(new Uint8Array([0, 0, 16, 18])),
  ],
  "a pong": ["message-unexpected", true, (p) => p.send(encodePingFrame(new Uint8Array(8), "pong"))],
  "an unknown kind": ["frame-malformed", true, (p) => p.send(Uint8Array.of(0))],
  "work before its answer": [
    "message-malformed",
    true,
    (p) => p.sendMessage({ State: "MANIFEST" }),
  ],
  "an end": ["truncated", false, (p) => p.link.closeWriting()],
  "a refusal": [
    "agent-pending",
    false,
    (p) => p.sendMessage({ State: "FAILED", Code: "agent-pending" }),
  ],
};

for (const [what, [code, isTold, play]] of Object.entries(KEEPER_PLAYS)) {
  Deno.test(`handshakeAsAgent meets a keeper that sends ${what} with ${code}`, async () => {
    const [error, told] = await agentAgainst(play);
    assert(error instanceof FluxVaultError);
    assertEquals([error.code, told], [code, isTold ? code : null]);
  });
}
