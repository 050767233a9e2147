/** How agents stood, for the tests of what is made of it. */
import type { AgentStatus } from "../../../keeper/status/agent_status.ts";
import { countResults } from "../../../protocol/mod.ts";

/** When it is in these tests, in Unix milliseconds. */
export const NOW_MS: number = Date.UTC(2030, 0, 2);
/** The revision that agents hold in these tests. */
export const REVISION = 1_893_456_000_000;

/** Makes the status of an agent that is as wanted. */
export function statusOf(members: Partial<AgentStatus> = {}): AgentStatus {
  return {
    app: "demo",
    address: "203.0.113.1:8888",
    component: "web",
    fingerprint: `SHA256:${"a".repeat(43)}`,
    trust: "approved",
    wire: 2,
    contact: { atMs: NOW_MS - 60_000, outcome: "delivered", code: null, by: null, failures: 0 },
    servedMs: NOW_MS - 60_000,
    isListed: true,
    dueMs: null,
    held: { revision: REVISION, isWhole: true, isWiped: false, sinceMs: NOW_MS - 3_600_000 },
    counts: countResults([{ path: "a", outcome: "unchanged" }]),
    files: [],
    moreFiles: 0,
    drift: [],
    hooks: [],
    withheld: [],
    planned: null,
    ...members,
  };
}
