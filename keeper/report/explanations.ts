/**
 * What the codes of a report mean, and what an operator can do about each.
 *
 * @module
 */
import type { RejectionCode } from "../../protocol/mod.ts";
import type { AgentOutcome } from "./report.ts";
import type { PendingReason } from "../trust/mod.ts";

/** Why the keeper turns an agent away. */
const REFUSED: Readonly<Partial<Record<RejectionCode, string>>> = {
  "app-mismatch":
    "it says that it belongs to another app, or only one of you names an app, which " +
    "a keeper that signs needs of both: check --app-name at both ends, and the port",
  "clone-suspected":
    "its key answers from two processes, and both are held until one of them was " +
    "silent for two polling intervals: find out who copied its state folder, and end one",
  "component-mismatch":
    "it says that it is another component than its primary lists it as: check " +
    "--component-name there, and whether the primary is to be trusted",
  "enrolment-invalid":
    "its proof of enrolment does not fit the secret that this keeper has: give " +
    "both the same secret; if yours are the same, somebody is guessing",
  "identity-changed": "it shows another key than the one on record: if its container was made " +
    "anew, approve the new key",
  "identity-invalid":
    "its proof of identity is not valid: somebody may be on the path; check the " +
    "address and the network",
  "identity-mismatch": "its key is known for another app or component: if that has changed, have " +
    "it forgotten (agents forget)",
  "rejected": "its key is not known, and --trust pinned lets nobody new in: approve it by its " +
    "whole fingerprint, with the --app-name of this keeper, if it has one",
  "relay-suspected": "its process is served at another address: one of both passes on what the " +
    "agent says, and can read none of it; find out who runs them, it needs no approval",
};

/** Why an agent turns the keeper away. */
const REFUSES: Readonly<Partial<Record<RejectionCode, string>>> = {
  "address-refused": "it does not allow this address: add it to its --whitelisted-addresses",
  "app-mismatch": "it belongs to another app: check --app-name at both ends",
  "busy": "another delivery is under way there, and it is tried again: see that no other keeper " +
    "serves it",
  "component-mismatch": "it is another component than this keeper means: check --component-name " +
    "there",
  "enrolment-invalid": "it does not accept the enrolment: give both the same secret",
  "identity-changed": "it takes this keeper for another one: check its --zelid",
  "identity-invalid": "it does not accept the proof of identity: somebody may be on the path",
  "manifest-stale":
    "it has seen a later manifest of this signer, and a higher number did not help: another keeper " +
    "signs for it, or a clock is wrong; serve it with one keeper alone",
  "owner-unknown":
    "it does not know yet who owns the app, and asks the Flux API: wait, or name the " +
    "signer with --zelid there",
  "rejected": "it ended the session for a reason that this version does not know: see its log",
  "shutting-down": "it is about to end, and is tried again",
  "statement-expired": "by its clock the keeper's statement is not of now: set both clocks right",
  "statement-invalid": "it does not trust the address that this keeper signs with, or knows the " +
    "app or component by another name: check --zelid and --app-name there",
  "statement-missing":
    "it wants a keeper that signs its connections: give this keeper a key, and " +
    "--sign-connections",
};

/** Why a session did not come about, or broke. */
const FAILURES: Readonly<Record<string, string>> = {
  "calls-unknown": "it takes no calls: it is of an earlier version, or speaks the original's wire",
  "certificate-refused":
    "under TLS one of both does not take the certificate of the other: see `ca " +
    "list`, and the agent's log; one that was revoked is refused until the agent restarts",
  "connection-failed": "the network leads nowhere",
  "connection-lost": "the connection broke",
  "connection-refused": "nothing listens there; an instance on standby is one reason",
  "host-not-found": "its name is not known",
  "key-on-record": "its key is on record, so it is not spoken to on the original's wire: " +
    "take it out of --wire, or have it forgotten (agents forget)",
  "original-refused": "it speaks protocol 2, and lets nobody here speak the original's wire: " +
    "--wire HOST=2",
  "original-wire": "it speaks the wire of the original FluxVault; to serve it so, with what that " +
    "cannot protect: --wire HOST=original",
  "plan-outdated": "it would be given something else by now than was planned, so it was given " +
    "nothing: plan again",
  "plan-unknown":
    "the original's wire has no way to ask first: `run` serves it, and says afterwards",
  "wipe-unknown": "the original's wire has no way to remove files: they are still there",
  "audit-failed": "what it would be given cannot be put on record, so it was given nothing",
  "primary-failed": "the session with its primary broke",
  "primary-refuses": "its primary refuses this keeper",
  "primary-unreachable": "its primary cannot be reached",
  "primary-untrusted": "its primary is not trusted: approve that one first",
  "relay-busy": "its primary has too many streams open, and it is tried again",
  "relay-failed": "its primary did not open the way to it: see its log",
  "relay-unknown": "its primary relays to nobody: see --enable-registrar there",
  "relay-unlisted": "it is not registered with its primary any more: is it running?",
  "relay-unreachable": "its primary cannot connect to it: is it running?",
  "tls-unknown":
    "it takes sessions under TLS alone, and this keeper has no certificates for its app",
  "state-failed": "this keeper cannot read or write its own state folder: see its log",
  "timed-out": "it took too long",
  "truncated": "it ended the session in the middle",
};

/** Why an agent waits, where that is not plain. */
const WAITS: Readonly<Partial<Record<PendingReason, string>>> = {
  "not-listed": "it left the list of the app's agents before it was heard, so it got no place",
  "places-taken": "every first-use place is taken: approve it, or raise the limit",
  "places-unknown": "nobody said how many agents may be trusted at first use: --first-use-limit",
};

/** Why something is not as declared, where the word alone does not say what to do. */
const FILES: Readonly<Record<string, string>> = {
  "certificate-invalid":
    "what this keeper issued does not count there: see its log, and both clocks",
  "certificate-refused": "this keeper has not issued the certificate: its own log says why",
  "certificate-unsupported":
    "the agent, or this keeper, is too old for certificates of applications",
  "disk-full": "there is no room at the agent, or its quota is used up",
  "file-mounted":
    "a single file is mounted there, which cannot be replaced: mount its folder, or " +
    "declare in_place",
  "file-changed": "it changed while it was read, and comes with the next pass",
  "mount-missing":
    "the vault's folder held files before and is empty now: what was mounted there " +
    "is gone; agents keep what they have",
  "not-on-tmpfs": "its place there is on a disk, and the agent has --require-tmpfs",
  "owner-refused": "the agent may not give files to that user or group: it needs CAP_CHOWN",
  "path-refused": "the agent does not write there: see its working folder",
  "set-incomplete": "another file of its set could not be put in place, so none was exchanged",
  "symlink-refused": "a symbolic link is in the way, and is not followed",
  "target-kept": "it belongs below something that the vault cannot give now",
  "target-taken": "something else is declared below it, so it can be no file",
};

/** Why a hook has not done its work, where the word alone does not say. */
const HOOKS: Readonly<Record<string, string>> = {
  "hook-failed": "it ended with an error",
  "hook-no-process": "there is no such process",
  "hook-refused": "the agent may not run it: see its --allow-run, and that the keeper signs",
  "hook-timed-out": "it took longer than it may, and was ended",
  "hook-unstartable": "it cannot be started: see that the program is there",
};

/** Why a service does not run, where the word alone does not say. */
const SERVICES: Readonly<Record<string, string>> = {
  "file-missing": "a file that it depends on is not in place",
  "service-ended": "it has ended by itself",
  "service-failed": "it ended with an error",
  "service-held": "it was stopped by service stop",
  "service-memory": "it used more memory than it may, and was ended",
  "service-refused": "the agent may not run it: see its --allow-run, and that the keeper signs",
  "service-starting": "it is being started",
  "service-stopping": "it was asked to end, and has not yet",
  "service-unhealthy": "it was found unwell too often, and was ended",
  "service-unstartable": "it cannot be started: see that the program and its folder are there",
};

/** A code may be a word of a peer, and so one that every object knows: `constructor`. */
function textOf(texts: Readonly<Partial<Record<string, string>>>, code: string): string | null {
  return Object.hasOwn(texts, code) ? texts[code] ?? null : null;
}

/** Explains the code of a file's result, as a part of a sentence; `null` where it says all. */
export function explainFile(code: string): string | null {
  return textOf(FILES, code);
}

/** Explains the code of a hook's result, as a part of a sentence; `null` where it says all. */
export function explainHook(code: string): string | null {
  return textOf(HOOKS, code);
}

/** Explains the code of a service's result, as a part of a sentence; `null` where it says all. */
export function explainService(code: string): string | null {
  return textOf(SERVICES, code);
}

/** Explains how a contact ended, as the end of a sentence; `null` where there is no more to say. */
export function explainOutcome(outcome: AgentOutcome): string | null {
  switch (outcome.kind) {
    case "delivered":
    case "planned":
    case "called":
      return null;
    case "pending":
      return textOf(WAITS, outcome.reason);
    case "rejected":
      return textOf(outcome.by === "us" ? REFUSED : REFUSES, outcome.code);
    case "unreachable":
    case "failed":
      return textOf(FAILURES, outcome.code);
  }
}
