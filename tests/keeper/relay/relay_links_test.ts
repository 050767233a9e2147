import { RelayLink } from "../../../keeper/relay/relay_link.ts";
import { type OpenPrimary, RelayLinks } from "../../../keeper/relay/relay_links.ts";
import {
  type CallDesk,
  ConnectionError,
  createDeferred,
  type Deferred,
} from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

const P = { host: "p", port: 1 };
const Q = { host: "q", port: 1 };
const { signal: NEVER } = new AbortController();
const STOP = new DOMException("stop", "AbortError");

/** Sessions with primaries that open when a test says so. */
class PlayedSessions {
  /** The sessions that were asked for: what opens or refuses each, and what ends it. */
  readonly opened: { readonly gate: Deferred<void>; readonly session: AbortController }[] = [];
  /** How many have ended in order. */
  ended = 0;
  /** What the work of the last one was ended by. */
  aborted: unknown = null;

  readonly open: OpenPrimary = async (_primary, { signal, work }) => {
    const gate = createDeferred<void>();
    const session = new AbortController();
    this.opened.push({ gate, session });
    signal.addEventListener("abort", () => {
      this.aborted = signal.reason;
      gate.reject(signal.reason);
    });
    await gate.promise;
    const desk = { signal: session.signal } as unknown as CallDesk;
    await work(new RelayLink(desk, { component: null }));
    this.ended++;
  };

  /** Lets the session that was asked for last come about. */
  letIn(): void {
    this.opened.at(-1)?.gate.resolve();
  }
}

Deno.test("RelayLinks opens one session for all who join while it comes about, and after", async () => {
  const sessions = new PlayedSessions();
  const links = new RelayLinks(sessions.open);
  const early = [links.join(P, { signal: NEVER }), links.join(P, { signal: NEVER })];
  sessions.letIn();
  const uses = [...await Promise.all(early), await links.join(P, { signal: NEVER })];
  assertEquals(sessions.opened.length, 1);
  for (const use of uses) {
    assertEquals(sessions.ended, 0);
    use.leave();
  }
  await links.settle();
  assertEquals(sessions.ended, 1);
});

Deno.test("RelayLinks opens another session once the last one is done with", async () => {
  const sessions = new PlayedSessions();
  const links = new RelayLinks(sessions.open);
  for (let i = 1; i <= 2; i++) {
    const joining = links.join(P, { signal: NEVER });
    sessions.letIn();
    (await joining).leave();
    assertEquals(sessions.opened.length, i);
  }
  await links.settle();
  assertEquals(sessions.ended, 2);
});

Deno.test("RelayLinks keeps primaries apart", async () => {
  const sessions = new PlayedSessions();
  const links = new RelayLinks(sessions.open);
  const joining = [links.join(P, { signal: NEVER }), links.join(Q, { signal: NEVER })];
  assertEquals(sessions.opened.length, 2);
  for (const { gate } of sessions.opened) gate.resolve();
  for (const use of await Promise.all(joining)) use.leave();
  await links.settle();
});

Deno.test("RelayLinks tells all who wait why no session comes about, and tries anew", async () => {
  const sessions = new PlayedSessions();
  const links = new RelayLinks(sessions.open);
  const joining = [links.join(P, { signal: NEVER }), links.join(P, { signal: NEVER })];
  sessions.opened[0]?.gate.reject(new ConnectionError("connection-refused", "nobody"));
  for (const join of joining) {
    await assertRejects(() => join, ConnectionError, "connection-refused");
  }
  const again = links.join(P, { signal: NEVER });
  sessions.letIn();
  (await again).leave();
  await links.settle();
  assertEquals(sessions.opened.length, 2);
});

Deno.test("RelayLinks gives a session up for which nobody waits any more", async () => {
  const sessions = new PlayedSessions();
  const links = new RelayLinks(sessions.open);
  const [one, other] = [new AbortController(), new AbortController()];
  const joining = [one, other].map(({ signal }) =>
    links.join(P, { signal }).catch((error) => error)
  );
  one.abort(STOP);
  assertEquals(await joining[0], STOP);
  assertEquals(sessions.aborted, null);
  other.abort(STOP);
  assertEquals(await joining[1], STOP);
  assert(sessions.aborted instanceof ConnectionError);
  await links.settle();
  await assertRejects(() => links.join(P, { signal: one.signal }), DOMException);
});

Deno.test("RelayLinks.settle ends at once what ends by itself, once its signal fires", async () => {
  const sessions = new PlayedSessions();
  const stuck = createDeferred<void>();
  const links = new RelayLinks(async (primary, { signal, work }) => {
    signal.addEventListener("abort", () => stuck.reject(signal.reason));
    await sessions.open(primary, { signal, work });
    await stuck.promise;
  });
  const joining = links.join(P, { signal: NEVER });
  sessions.letIn();
  (await joining).leave();
  const control = new AbortController();
  const settling = links.settle(control.signal);
  control.abort(STOP);
  await settling;
});

Deno.test("RelayLinks.settle does not wait for a session that is in use", async () => {
  const sessions = new PlayedSessions();
  const links = new RelayLinks(sessions.open);
  const joining = links.join(P, { signal: NEVER });
  sessions.letIn();
  const use = await joining;
  await links.settle();
  assertEquals(sessions.ended, 0);
  use.leave();
  await links.settle();
  assertEquals(sessions.ended, 1);
});
