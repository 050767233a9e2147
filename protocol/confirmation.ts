/**
 * The four messages that end the handshake: STARTAES from each side, READY, FAILED (spec, section 6).
 *
 * @module
 */
import { APP_NAME } from "./app_name.ts";
import { type Bytes, encodeHex } from "./bytes.ts";
import { ENROLMENT_PROOF_BYTES } from "./enrolment.ts";
import { PeerRejectedError, ProtocolError, type RejectionCode } from "./errors.ts";
import { IDENTITY_KEY_BYTES, IDENTITY_SIGNATURE_BYTES, type IdentityProof } from "./identity.ts";
import { MAX_WANTS } from "./limits.ts";
import type { MessageFields } from "./message_fields.ts";
import { type KeeperProof, STATEMENT_SIGNATURE } from "./statement.ts";

/** The length of the random name of an agent's process, in bytes. */
export const INSTANCE_BYTES = 16;

const SOFTWARE = /^[\x21-\x7e]{1,64}$/;
const WANT = /^[a-z][a-z-]{0,31}$/;
const ADDRESS = /^[1-9A-HJ-NP-Za-km-z]{25,34}$/;
const CODE = /^[a-z][a-z-]{0,63}$/;
const NODE_ID = /^[0-9a-f]{64}\d{1,4}$/;
const NODE_IP = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/;
const COUNTRY = /^[A-Z]{2}$/;

/**
 * The Flux node on which an agent says that it runs. Nobody has signed this: it is for people to look
 * at, and decides nothing.
 */
export interface NodeEvidence {
  /** The transaction of the node's collateral in hex, and the number of the output. */
  readonly id: string;
  /** The address of the node, IPv4, with or without a port. */
  readonly ip: string;
  /** The country as two capital letters, or `null`. */
  readonly country: string | null;
}

/** What an agent says of itself under the session's keys. */
export interface AgentClaim {
  /** The app that it says it belongs to, or `null`. */
  readonly app: string | null;
  /** The component that it says it is, or `null`. */
  readonly component: string | null;
  /** Names the agent's process: 16 random bytes, new at each start. */
  readonly instance: Bytes;
  /** Proves who it is. */
  readonly identity: IdentityProof;
  /** Proves that it knows the enrolment secret, or `null`; 32 bytes. */
  readonly enrolment: Bytes | null;
  /** Where it says that it runs, or `null`. */
  readonly node: NodeEvidence | null;
}

/** What an agent says when it is content with the keeper. */
export interface AgentReadiness {
  /** Its name and version, for the log. */
  readonly software: string;
  /** What it is there for: `files`; `calls` where it can be called; further words of its own. */
  readonly wants: readonly string[];
}

const REJECTION_CODES: ReadonlySet<string> = new Set<RejectionCode>([
  "agent-pending",
  "app-mismatch",
  "busy",
  "clone-suspected",
  "component-mismatch",
  "enrolment-invalid",
  "identity-changed",
  "identity-invalid",
  "identity-mismatch",
  "manifest-stale",
  "owner-unknown",
  "relay-suspected",
  "shutting-down",
  "statement-expired",
  "statement-invalid",
  "statement-missing",
]);

/** Writes the agent's STARTAES. */
export function encodeAgentClaim(claim: AgentClaim): Record<string, unknown> {
  return {
    State: "STARTAES",
    Text: "Test",
    App: claim.app,
    Component: claim.component,
    Instance: encodeHex(claim.instance),
    Identity: {
      Key: encodeHex(claim.identity.publicKey),
      Signature: encodeHex(claim.identity.signature),
    },
    ...(claim.enrolment === null ? {} : { Enrolment: encodeHex(claim.enrolment) }),
    ...(claim.node === null ? {} : { Node: encodeNode(claim.node) }),
  };
}

function encodeNode({ id, ip, country }: NodeEvidence): Record<string, unknown> {
  return { Id: id, Ip: ip, Country: country };
}

function decodeNode(fields: MessageFields | null): NodeEvidence | null {
  return fields === null ? null : {
    id: fields.text("Id", NODE_ID),
    ip: fields.text("Ip", NODE_IP),
    country: fields.optionalText("Country", COUNTRY),
  };
}

/**
 * Reads the agent's STARTAES.
 *
 * @throws {PeerRejectedError} if the agent turned this keeper away.
 * @throws {ProtocolError} `message-malformed`.
 */
export function decodeAgentClaim(fields: MessageFields): AgentClaim {
  throwIfFailed(fields, "the agent");
  fields.text("State", /^STARTAES$/);
  fields.text("Text", /^Test$/);
  const identity = fields.object("Identity");
  return {
    app: fields.optionalText("App", APP_NAME),
    component: fields.optionalText("Component", APP_NAME),
    instance: fields.hex("Instance", INSTANCE_BYTES),
    identity: {
      publicKey: identity.hex("Key", IDENTITY_KEY_BYTES),
      signature: identity.hex("Signature", IDENTITY_SIGNATURE_BYTES),
    },
    enrolment: fields.optionalHex("Enrolment", ENROLMENT_PROOF_BYTES),
    node: decodeNode(fields.optionalObject("Node")),
  };
}

/** Writes the keeper's STARTAES. */
export function encodeKeeperAnswer(proof: KeeperProof | null): Record<string, unknown> {
  if (proof === null) return { State: "STARTAES", Text: "Passed" };
  const { address, issued, expires, signature } = proof;
  return {
    State: "STARTAES",
    Text: "Passed",
    Keeper: { Address: address, Issued: issued, Expires: expires, Signature: signature },
  };
}

/**
 * Reads the keeper's STARTAES.
 *
 * @returns The keeper's proof, or `null` where it gave none.
 * @throws {PeerRejectedError} if the keeper turned this agent away.
 * @throws {ProtocolError} `message-malformed`.
 */
export function decodeKeeperAnswer(fields: MessageFields): KeeperProof | null {
  throwIfFailed(fields, "the keeper");
  fields.text("State", /^STARTAES$/);
  fields.text("Text", /^Passed$/);
  const keeper = fields.optionalObject("Keeper");
  if (keeper === null) return null;
  return {
    address: keeper.text("Address", ADDRESS),
    issued: keeper.integer("Issued"),
    expires: keeper.integer("Expires"),
    signature: keeper.text("Signature", STATEMENT_SIGNATURE),
  };
}

/** Writes READY. */
export function encodeReadiness(readiness: AgentReadiness): Record<string, unknown> {
  return { State: "READY", Software: readiness.software, Wants: readiness.wants };
}

/**
 * Reads READY.
 *
 * @throws {PeerRejectedError} if the agent turned this keeper away.
 * @throws {ProtocolError} `message-malformed`.
 */
export function decodeReadiness(fields: MessageFields): AgentReadiness {
  throwIfFailed(fields, "the agent");
  fields.text("State", /^READY$/);
  return {
    software: fields.text("Software", SOFTWARE),
    wants: fields.texts("Wants", { pattern: WANT, max: MAX_WANTS }),
  };
}

/** Writes FAILED: a code, never words. */
export function encodeFailure(code: string): Record<string, unknown> {
  return { State: "FAILED", Code: code };
}

/**
 * Turns a FAILED of the peer into an error.
 *
 * @throws {PeerRejectedError} if the message is FAILED; a code that this version does not know is
 * `rejected`.
 */
export function throwIfFailed(fields: MessageFields, who: "the agent" | "the keeper"): void {
  if (fields.raw("State") !== "FAILED") return;
  const code = fields.text("Code", CODE);
  const known = REJECTION_CODES.has(code) ? code as RejectionCode : "rejected";
  throw new PeerRejectedError(known, `${who} ended the session: ${code}`, { by: "peer" });
}

/** Returns the code by which a peer is told why a session ends, or `null` if it is told nothing. */
export function failureCode(error: unknown): string | null {
  if (error instanceof PeerRejectedError && error.by === "us") return error.code;
  if (error instanceof ProtocolError && error.code !== "open-failed") return error.code;
  return null;
}
