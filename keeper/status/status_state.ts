/**
 * How the status of a fleet is written down.
 *
 * @module
 */
import {
  type Bytes,
  decodeUtf8,
  encodeUtf8,
  type FileOutcome,
  type FileResult,
  type HookOutcome,
  type HookResult,
  type ResultCounts,
  type ServiceOutcome,
  type ServiceResult,
  StorageError,
} from "../../protocol/mod.ts";
import { JsonMembers } from "../trust/json_members.ts";
import type { TrustGround, TrustLevel } from "../trust/mod.ts";
import type { AgentStatus, DriftKind, DriftStatus, FleetStatus } from "./agent_status.ts";
import { MAX_STATUS_BYTES } from "./limits.ts";

const VERSION = 1;
const ANY = /^/;
const WORD = /^[a-z][a-z0-9-]{0,63}$/;
const COUNTS = [
  "created",
  "updated",
  "reowned",
  "removed",
  "unchanged",
  "missing",
  "failed",
] as const;

/**
 * Writes the status as JSON, a line for each agent; of too much the details go first, and then the
 * agents that were not heard of for longest.
 */
export function encodeStatus({ agents }: FleetStatus): Bytes {
  const whole = takeLines(agents);
  const lines = whole.length === agents.length ? whole : takeLines(agents.map(withoutDetails));
  return encodeUtf8(`${HEAD}${lines.join(",\n")}${TAIL}`);
}

const HEAD = `{"version":${VERSION},"agents":[\n`;
const TAIL = "\n]}\n";

/** Returns the lines of agents, as many as a file may hold. */
function takeLines(agents: readonly AgentStatus[]): string[] {
  const lines: string[] = [];
  let leftBytes = MAX_STATUS_BYTES - HEAD.length - TAIL.length;
  for (const agent of agents) {
    const line = JSON.stringify(membersOf(agent));
    leftBytes -= encodeUtf8(line).length + 2;
    if (leftBytes < 0) break;
    lines.push(line);
  }
  return lines;
}

function withoutDetails(agent: AgentStatus): AgentStatus {
  const { files, moreFiles, drift, hooks, services, withheld } = agent;
  return {
    ...agent,
    files: files.slice(0, 1),
    moreFiles: moreFiles + Math.max(0, files.length - 1),
    drift: drift.slice(0, 1),
    hooks: hooks.slice(0, 1).map((hook) => ({ ...hook, output: "" })),
    ...(services === undefined ? {} : { services: services.slice(0, 1) }),
    withheld: withheld.slice(0, 1),
  };
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Returns the members of an agent's status as they are written down, and told to programs. */
export function membersOf(agent: AgentStatus): Record<string, unknown> {
  const { contact, held, drift } = agent;
  return {
    app: agent.app,
    component: agent.component,
    address: agent.address,
    fingerprint: agent.fingerprint,
    trust: agent.trust,
    original: agent.wire === "original",
    listed: agent.isListed,
    contact: {
      at: isoTime(contact.atMs),
      outcome: contact.outcome,
      code: contact.code,
      by: contact.by,
      failures: contact.failures,
    },
    served: isoTime(agent.servedMs),
    due: isoTime(agent.dueMs),
    held: held === null ? null : {
      revision: held.revision,
      whole: held.isWhole,
      wiped: held.isWiped,
      since: isoTime(held.sinceMs),
    },
    counts: agent.counts,
    files: agent.files,
    moreFiles: agent.moreFiles,
    drift: drift.map(({ path, found, foundMs, repairedMs }) => {
      return { path, found, at: isoTime(foundMs), repaired: isoTime(repairedMs) };
    }),
    hooks: agent.hooks,
    ...(agent.services === undefined ? {} : { services: agent.services }),
    withheld: agent.withheld,
    planned: agent.planned,
  };
}

function malformed(reason: string): StorageError {
  return new StorageError("state-malformed", `the status cannot be read: ${reason}`);
}

/**
 * Reads what {@linkcode encodeStatus} wrote.
 *
 * @throws {StorageError} `state-malformed`, naming the member at fault.
 */
export function decodeStatus(bytes: Bytes): FleetStatus {
  let json: unknown;
  try {
    json = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw malformed("it is no JSON");
  }
  const members = new JsonMembers(json, "it", malformed);
  if (members.number("version") !== VERSION) {
    throw malformed("it is of another version of this program");
  }
  return { agents: members.list("agents", readAgent) };
}

function readAgent(members: JsonMembers): AgentStatus {
  const contact = members.optionalObject("contact", (each) => ({
    atMs: each.time("at"),
    outcome: each.text("outcome", WORD),
    code: each.optionalText("code", WORD),
    by: each.optionalText("by", /^(?:us|peer)$/) as "us" | "peer" | null,
    failures: each.number("failures"),
  }));
  return {
    app: members.name("app"),
    component: members.name("component"),
    address: members.text("address", ANY),
    fingerprint: members.optionalText("fingerprint", ANY),
    trust: members.optionalText("trust", /^(?:address|first-use|approved|enrolled)$/) as
      | TrustLevel
      | null,
    wire: members.flag("original") ? "original" : 2,
    isListed: members.flag("listed"),
    contact: contact ?? members.fail("contact"),
    servedMs: members.optionalTime("served"),
    dueMs: members.optionalTime("due"),
    held: members.optionalObject("held", (each) => ({
      revision: each.number("revision"),
      isWhole: each.flag("whole"),
      isWiped: each.flag("wiped"),
      sinceMs: each.time("since"),
    })),
    counts: members.optionalObject("counts", readCounts),
    files: members.list("files", readFile),
    moreFiles: members.number("moreFiles"),
    drift: members.list("drift", readDrift),
    hooks: members.list("hooks", readHook),
    ...(members.has("services") ? { services: members.list("services", readService) } : {}),
    withheld: members.list("withheld", (each) => ({
      path: each.text("path", ANY),
      required: each.text("required", /^(?:first-use|approved|enrolled)$/) as TrustGround,
    })),
    planned: members.optionalNumber("planned"),
  };
}

function readCounts(members: JsonMembers): ResultCounts {
  const entries = COUNTS.map((name) => [name, members.number(name)]);
  return Object.fromEntries(entries) as unknown as ResultCounts;
}

function readFile(members: JsonMembers): FileResult {
  const code = members.has("code") ? members.text("code", WORD) : undefined;
  return {
    path: members.text("path", ANY),
    outcome: members.text("outcome", WORD) as FileOutcome,
    ...(code === undefined ? {} : { code }),
  };
}

function readDrift(members: JsonMembers): DriftStatus {
  return {
    path: members.text("path", ANY),
    found: members.text("found", /^(?:gone|changed|reowned|extra)$/) as DriftKind,
    foundMs: members.time("at"),
    repairedMs: members.optionalTime("repaired"),
  };
}

function readService(members: JsonMembers): ServiceResult {
  const code = members.has("code") ? members.text("code", WORD) : undefined;
  return {
    service: members.text("service", /^[a-z0-9][a-z0-9-]{0,62}$/),
    outcome: members.text("outcome", WORD) as ServiceOutcome,
    ...(code === undefined ? {} : { code }),
  };
}

function readHook(members: JsonMembers): HookResult {
  const code = members.has("code") ? members.text("code", WORD) : undefined;
  return {
    hook: members.text("hook", WORD),
    outcome: members.text("outcome", WORD) as HookOutcome,
    changeId: members.optionalText("changeId", /^[0-9a-f]{32}$/),
    attempts: members.number("attempts"),
    exitStatus: members.optionalNumber("exitStatus"),
    signal: members.optionalText("signal", ANY),
    output: members.text("output", ANY),
    ...(code === undefined ? {} : { code }),
  };
}
