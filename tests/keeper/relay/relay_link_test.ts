import { RelayLink } from "../../../keeper/relay/relay_link.ts";
import {
  type CallDesk,
  CallError,
  ConnectionError,
  duplexPair,
  FluxVaultError,
} from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

const { signal: NEVER } = new AbortController();

/** A desk that answers as told, and may end. */
function playDesk(answer: () => Promise<unknown> = () => Promise.resolve({ Agents: [] })): {
  readonly desk: CallDesk;
  readonly end: () => void;
  readonly opened: unknown[];
} {
  const session = new AbortController();
  const opened: unknown[] = [];
  const desk = {
    signal: session.signal,
    call: async (contract: { parseOutput(output: unknown): unknown }) => {
      return contract.parseOutput(await answer());
    },
    openDuplex: async (_contract: unknown, { input }: { readonly input: unknown }) => {
      opened.push(input);
      await answer();
      const [near] = duplexPair();
      const result = Promise.reject(new CallError("failed", "it ended"));
      return { ...near, result, close() {} };
    },
  };
  const end = () => session.abort(new ConnectionError("connection-lost", "the session ended"));
  return { desk: desk as unknown as CallDesk, end, opened };
}

function linkOver(desk: CallDesk): RelayLink {
  return new RelayLink(desk, { component: "agent" });
}

/** Tells whether a promise has resolved by now. */
async function hasResolved(promise: Promise<unknown>): Promise<boolean> {
  let isIt = false;
  promise.then(() => isIt = true, () => {});
  for (let i = 0; i < 10; i++) await Promise.resolve();
  return isIt;
}

Deno.test("RelayLink asks for the list, and for the way to one", async () => {
  const { desk, opened } = playDesk(() => Promise.resolve({ Agents: [{ Component: "db" }] }));
  const link = linkOver(desk);
  assertEquals((await link.list()).agents, [{ component: "db", hasTls: false }]);
  const use = link.join();
  const connection = await use?.dial("db", { signal: NEVER });
  assert(connection !== undefined && !("audit" in connection));
  assertEquals(opened, [{ Component: "db" }]);
});

Deno.test("RelayLink.whenUnused waits for all who take part", async () => {
  const link = linkOver(playDesk().desk);
  const [first, second] = [link.join(), link.join()];
  const unused = link.whenUnused();
  assertEquals(await hasResolved(unused), false);
  first?.leave();
  first?.leave();
  assertEquals(await hasResolved(unused), false);
  const third = link.join();
  second?.leave();
  assertEquals(await hasResolved(unused), false);
  third?.leave();
  await unused;
  assertEquals(link.join(), null);
});

Deno.test("RelayLink.whenUnused waits for nobody where nobody takes part", async () => {
  const link = linkOver(playDesk().desk);
  await link.whenUnused();
  assertEquals(link.join(), null);
});

Deno.test("RelayLink.whenUnused leaves out, when its patience ends, who has not connected", async () => {
  const link = linkOver(playDesk().desk);
  const [queued, connected] = [link.join(), link.join()];
  await connected?.dial("db", { signal: NEVER });
  const unused = link.whenUnused(1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([queued?.isUsable, connected?.isUsable], [false, true]);
  assertEquals(await hasResolved(unused), false);
  connected?.leave();
  await unused;
});

Deno.test("RelayLink is over with its session, whoever takes part", async () => {
  const { desk, end } = playDesk();
  const link = linkOver(desk);
  const use = link.join();
  const unused = link.whenUnused();
  end();
  await unused;
  assertEquals([link.isBroken, use?.isUsable, use?.isBroken, link.join()], [
    true,
    false,
    true,
    null,
  ]);
  assertEquals(linkOver(desk).join(), null);
});

const CODES = [
  ["component-unknown", "relay-unlisted"],
  ["component-unreachable", "relay-unreachable"],
  ["relay-busy", "relay-busy"],
  ["busy", "relay-busy"],
  ["unknown-action", "relay-unknown"],
  ["whatever", "relay-failed"],
] as const;

for (const [code, expected] of CODES) {
  Deno.test(`RelayUse.dial says ${expected} where a primary says ${code}`, async () => {
    const { desk } = playDesk(() => Promise.reject(new CallError(code, "no")));
    const use = linkOver(desk).join();
    assert(use !== null);
    await assertRejects(() => use.dial("db", { signal: NEVER }), FluxVaultError, expected);
  });
}

Deno.test("RelayUse.dial passes on what ended the session", async () => {
  const { desk } = playDesk(() => Promise.reject(new ConnectionError("timed-out", "no")));
  const use = linkOver(desk).join();
  assert(use !== null);
  await assertRejects(() => use.dial("db", { signal: NEVER }), ConnectionError, "timed-out");
});
