import { approveAgents } from "../../../keeper/trust/approval.ts";
import { EMPTY_STATE, type KnownAgentsState } from "../../../keeper/trust/known_agents_state.ts";
import { MemoryKnownAgentsStore } from "../../../keeper/trust/known_agents_store.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

const [FIRST, SECOND] = [`SHA256:${"A".repeat(43)}`, `SHA256:${"B".repeat(42)}A`];

function approving(fingerprint: string): (state: KnownAgentsState) => KnownAgentsState {
  return (state) => approveAgents(state, { selectors: [fingerprint], app: null }, 1_000).state;
}

Deno.test("MemoryKnownAgentsStore knows nobody at first, or whom it was given", async () => {
  assert(await new MemoryKnownAgentsStore().load() === EMPTY_STATE);
  const state = approving(FIRST)(EMPTY_STATE);
  assert(await new MemoryKnownAgentsStore(state).load() === state);
});

Deno.test("MemoryKnownAgentsStore returns the state after a change, and keeps it", async () => {
  const store = new MemoryKnownAgentsStore();
  const state = await store.update(approving(FIRST));
  assertEquals(state.agents.map(({ fingerprint }) => fingerprint), [FIRST]);
  assert(await store.load() === state);
});

Deno.test("MemoryKnownAgentsStore loses none of two changes that come together", async () => {
  const store = new MemoryKnownAgentsStore();
  await Promise.all([store.update(approving(FIRST)), store.update(approving(SECOND))]);
  const { agents } = await store.load();
  assertEquals(agents.map(({ fingerprint }) => fingerprint).sort(), [FIRST, SECOND]);
});

Deno.test("MemoryKnownAgentsStore keeps what it has where a change throws", async () => {
  const store = new MemoryKnownAgentsStore();
  const before = await store.update(approving(FIRST));
  const refuse = () => {
    throw new RangeError("not this one");
  };
  await assertRejects(() => store.update(refuse), RangeError);
  assert(await store.load() === before);
});
