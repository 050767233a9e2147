import { ConnectionError, ProtocolError } from "../../protocol/errors.ts";
import { MAX_WAITING_MESSAGE_BYTES, MAX_WAITING_MESSAGES } from "../../protocol/limits.ts";
import { MessageFields } from "../../protocol/message_fields.ts";
import { type IncomingMessage, MessageQueue } from "../../protocol/message_queue.ts";
import { assertEquals, assertRejects, assertThrows } from "../support/assert.ts";

function message(state: string): IncomingMessage {
  return { fields: new MessageFields({ State: state }, "a test"), stream: null };
}

async function takeState(queue: MessageQueue): Promise<unknown> {
  return (await queue.take())?.fields.raw("State");
}

Deno.test("MessageQueue hands messages out in the order in which they came", async () => {
  const queue = new MessageQueue();
  const first = takeState(queue);
  queue.push(message("A"), 1);
  queue.push(message("B"), 1);
  assertEquals([await first, await takeState(queue)], ["A", "B"]);
});

Deno.test("MessageQueue hands out what waits before its end", async () => {
  const queue = new MessageQueue();
  queue.push(message("A"), 1);
  queue.finish(null);
  assertEquals([await takeState(queue), await queue.take()], ["A", null]);
});

Deno.test("MessageQueue throws the reason of its end, once and always", async () => {
  const queue = new MessageQueue();
  const waiting = queue.take();
  queue.finish(new ConnectionError("truncated", "it ended"));
  await assertRejects(() => waiting, ConnectionError, "truncated");
  await assertRejects(() => queue.take(), ConnectionError, "truncated");
});

Deno.test("MessageQueue has room for so many messages and no more", async () => {
  const queue = new MessageQueue();
  for (let i = 0; i < MAX_WAITING_MESSAGES; i++) {
    queue.checkRoom(1);
    queue.push(message("A"), 1);
  }
  assertThrows(() => queue.checkRoom(1), ProtocolError, "too-many-messages");
  await queue.take();
  queue.checkRoom(1);
});

Deno.test("MessageQueue has room for so many bytes and no more", async () => {
  const queue = new MessageQueue();
  queue.checkRoom(MAX_WAITING_MESSAGE_BYTES);
  queue.push(message("A"), MAX_WAITING_MESSAGE_BYTES - 1);
  queue.checkRoom(1);
  assertThrows(() => queue.checkRoom(2), ProtocolError, "too-many-messages");
  await queue.take();
  queue.checkRoom(MAX_WAITING_MESSAGE_BYTES);
});

Deno.test("MessageQueue.extract takes some of what waits, and frees their room", async () => {
  const queue = new MessageQueue();
  queue.push(message("A"), MAX_WAITING_MESSAGE_BYTES - 2);
  queue.push(message("B"), 1);
  queue.push(message("C"), 1);
  queue.extract(({ fields }) => fields.raw("State") === "A");
  queue.checkRoom(MAX_WAITING_MESSAGE_BYTES - 2);
  assertThrows(() => queue.checkRoom(MAX_WAITING_MESSAGE_BYTES - 1), ProtocolError);
  assertEquals([await takeState(queue), await takeState(queue)], ["B", "C"]);
});
