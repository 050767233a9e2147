/**
 * What a session is made of: how it began, what carries it, and its times (spec, section 7).
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import type { AgentClaim, AgentReadiness } from "./confirmation.ts";
import type { FrameReader } from "./frame_reader.ts";
import type { FrameWriter } from "./frame_writer.ts";
import type { Exporter } from "./key_schedule.ts";
import type { Link } from "./link.ts";
import type { KeeperProof } from "./statement.ts";

/** The times of a session, in milliseconds. */
export interface SessionOptions {
  /** After how long without sending a ping is sent. @default {PING_AFTER_MS} */
  readonly pingAfterMs?: number;
  /** How long the session lives without a complete authentic frame. @default {IDLE_TIMEOUT_MS} */
  readonly idleTimeoutMs?: number;
  /** When a frame is due after its first byte. @default {FRAME_TIMEOUT_MS} */
  readonly frameTimeoutMs?: number;
  /** How long the peer is given to take its leave. @default {FAREWELL_TIMEOUT_MS} */
  readonly farewellTimeoutMs?: number;
}

/** What a session knows of how it began. */
export interface SessionOrigin {
  /** The transcript of the handshake; 32 bytes. */
  readonly transcript: Bytes;
  /** Derives values that only the two ends know. */
  readonly exporter: Exporter;
  /** What the agent said of itself. */
  readonly claim: AgentClaim;
  /** The SHA-256 of the agent's raw identity key in hex. */
  readonly agentDigestHex: string;
  /** What the agent said when it was content; its own words, for the log. */
  readonly readiness: AgentReadiness;
  /** The keeper's proof, checked if the agent asked for one, or `null`. */
  readonly keeper: KeeperProof | null;
}

/** What a session is made of; the handshake makes it. */
export interface SessionParts {
  /** Which end this is. */
  readonly role: "agent" | "keeper";
  /** The transport. */
  readonly link: Link;
  /** Opens the peer's frames. */
  readonly reader: FrameReader;
  /** Seals this end's frames. */
  readonly writer: FrameWriter;
  /** How it began. */
  readonly origin: SessionOrigin;
}
