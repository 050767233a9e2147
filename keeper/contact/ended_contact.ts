/**
 * What follows from how a contact ended: whether another one does, and what the schedule notes.
 *
 * @module
 */
import { type EncodedManifest, encodeHex } from "../../protocol/mod.ts";
import type { GivenManifest, WaitingKey } from "../fleet/schedule.ts";
import { type ContactReport, countWithheld, isAgentWaiting } from "../report/report.ts";
import type { ContactTask } from "./contact_task.ts";

/** Tells whether an agent turned out to be of a component that is not meant. */
export function isLeftAlone({ outcome }: ContactReport, { isMeant }: ContactTask): boolean {
  return isMeant !== undefined && outcome.kind === "rejected" && outcome.by === "us" &&
    outcome.code === "component-mismatch";
}

/** Tells whether an agent has seen a later manifest than it was offered. */
export function isStale({ outcome }: ContactReport): boolean {
  return outcome.kind === "rejected" && outcome.by === "peer" && outcome.code === "manifest-stale";
}

/** Tells whether a contact came to an end that one side wanted. */
export function hasCome({ outcome }: ContactReport): boolean {
  return outcome.kind !== "failed" && outcome.kind !== "unreachable";
}

/** Tells whether some file was no longer what its manifest said. */
export function hasChanges({ outcome }: ContactReport): boolean {
  return outcome.kind === "delivered" &&
    outcome.files.some((file) => file.outcome === "changed");
}

/** Returns what an agent was given, where its contact came to its end. */
export function givenBy(
  { outcome, component, trust }: ContactReport,
  manifest: EncodedManifest | null,
): GivenManifest | null {
  if (outcome.kind !== "delivered" || trust === null || manifest === null) return null;
  return { component, level: trust, digest: encodeHex(manifest.digest) };
}

/** Returns the key about which the operator has to decide before the agent gets all. */
export function waitingKeyOf(report: ContactReport): WaitingKey | null {
  const { fingerprint, trust } = report;
  const isLacking = isAgentWaiting(report) || countWithheld(report) > 0;
  if (fingerprint === null || !isLacking) return null;
  return { fingerprint, ground: trust === "address" ? null : trust };
}
