/**
 * Connecting to a sub-agent over TCP.
 *
 * @module
 */
import { dialTcp } from "../../protocol/host/mod.ts";
import { RELAY_DIAL_TIMEOUT_MS } from "../limits.ts";
import type { DialSubAgent } from "./relay_desk.ts";

/** Connects to the address from which a sub-agent has registered, and to no other. */
export const dialSubAgent: DialSubAgent = async ({ address, port }, { signal }) => {
  return await dialTcp({ host: address, port, signal, timeoutMs: RELAY_DIAL_TIMEOUT_MS });
};
