import { NodeWatch } from "../../agent/node_watch.ts";
import type { NodeEvidence } from "../../protocol/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryLogger } from "../support/memory_logger.ts";

const EVIDENCE: NodeEvidence = { id: `${"ab".repeat(32)}0`, ip: "203.0.113.10", country: "DE" };

/** A node whose answers the test gives one by one. */
class AskedNode {
  readonly questions: PromiseWithResolvers<NodeEvidence>[] = [];

  readonly ask = (): Promise<NodeEvidence> => {
    const question = Promise.withResolvers<NodeEvidence>();
    this.questions.push(question);
    return question.promise;
  };
}

/** Comes after everything that is ready to happen has happened. */
function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("NodeWatch knows nothing at first, asks once, and tells the answer from then on", async () => {
  const node = new AskedNode();
  const watch = new NodeWatch({ ask: node.ask });
  assertEquals([watch.current(), watch.current()], [null, null]);
  assertEquals(node.questions.length, 1);
  node.questions[0]?.resolve(EVIDENCE);
  await soon();
  assertEquals([watch.current(), node.questions.length], [EVIDENCE, 1]);
});

Deno.test("NodeWatch asks again ten minutes after a failure, and not before", async () => {
  const node = new AskedNode();
  const clock = new FakeClock();
  const logger = new MemoryLogger();
  const watch = new NodeWatch({ ask: node.ask, now: clock.now, logger });
  watch.current();
  node.questions[0]?.reject(new Error("no route"));
  await soon();
  clock.advance(599_999);
  assertEquals([watch.current(), node.questions.length], [null, 1]);
  clock.advance(1);
  watch.current();
  node.questions[1]?.resolve(EVIDENCE);
  await soon();
  assertEquals([watch.current(), node.questions.length], [EVIDENCE, 2]);
  assertEquals(logger.events.map(({ level }) => level), ["debug"]);
});
