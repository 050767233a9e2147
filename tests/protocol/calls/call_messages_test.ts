import fc from "fast-check";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import {
  type AnyCallMessage,
  decodeCallMessage,
  encodeCallMessage,
} from "../../../protocol/calls/call_messages.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import { MessageFields } from "../../../protocol/message_fields.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function decode(members: Record<string, unknown>): AnyCallMessage | null {
  return decodeCallMessage(MessageFields.parse(encodeUtf8(JSON.stringify(members)), "a message"));
}

/** Makes plain objects, as what is decoded is made of. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });

const id = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,63}$/);
const json = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.boolean(),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.integer()),
  fc.dictionary(fc.string({ unit: "grapheme-ascii" }).filter((key) => key !== "__proto__"), id, {
    noNullPrototype: true,
  }),
);
const size = fc.option(fc.integer({ min: 0, max: 2 ** 40 }));
const stream = fc.option(record({ id, size }));

const messages: fc.Arbitrary<AnyCallMessage> = fc.oneof(
  record({ state: fc.constant("CALL" as const), id, action: word, input: json, stream }),
  record({
    state: fc.constant("CALL" as const),
    id,
    action: word,
    isOneWay: fc.constant(true as const),
    stream,
  }),
  record({ state: fc.constant("PROGRESS" as const), id, output: json, stream }),
  record({ state: fc.constant("PROGRESS" as const), id, stream }),
  record({
    state: fc.constant("RESULT" as const),
    id,
    status: fc.constant("Success" as const),
    code: fc.constant(null),
    output: json,
  }),
  record({
    state: fc.constant("RESULT" as const),
    id,
    status: fc.constant("Failed" as const),
    code: fc.option(word),
  }),
  record({ state: fc.constant("CANCEL" as const), id }),
);

Deno.test("decodeCallMessage reads what encodeCallMessage wrote", () => {
  fc.assert(fc.property(messages, (message) => {
    assertEquals(decode(encodeCallMessage(message)), message);
  }));
});

Deno.test("decodeCallMessage leaves other messages to others", () => {
  assertEquals(decode({ State: "MANIFEST", Id: 0 }), null);
  assertEquals(decode({ Id: 0 }), null);
});

Deno.test("decodeCallMessage takes the output of a success alone, and the code of a failure alone", () => {
  const members = { State: "RESULT", Id: 1, Code: "full", Output: 2 };
  assertEquals(decode({ ...members, Status: "Success" }), {
    state: "RESULT",
    id: 1,
    status: "Success",
    code: null,
    output: 2,
  });
  assertEquals(decode({ ...members, Status: "Failed" }), {
    state: "RESULT",
    id: 1,
    status: "Failed",
    code: "full",
  });
});

Deno.test("decodeCallMessage tells an input that is null from none", () => {
  const call = { State: "CALL", Id: 0, Action: "a" };
  assertEquals(decode(call), { state: "CALL", id: 0, action: "a", stream: null });
  const given = decode({ ...call, Input: null });
  assertEquals(given, { state: "CALL", id: 0, action: "a", input: null, stream: null });
});

const MALFORMED: Readonly<Record<string, Record<string, unknown>>> = {
  "a call without a number": { State: "CALL", Action: "a" },
  "a call with a number above 32 bits": { State: "CALL", Id: 2 ** 32, Action: "a" },
  "a call of nothing": { State: "CALL", Id: 0 },
  "a call of a name with a capital": { State: "CALL", Id: 0, Action: "aB" },
  "a call of a name of 65 characters": { State: "CALL", Id: 0, Action: "a".repeat(65) },
  "a call that is one-way by a word": { State: "CALL", Id: 0, Action: "a", OneWay: "yes" },
  "progress without a number": { State: "PROGRESS", Output: 1 },
  "a stream of no size": { State: "PROGRESS", Id: 0, Stream: 0 },
  "a result of another status": { State: "RESULT", Id: 0, Status: "Match" },
  "a result with a text for a code": { State: "RESULT", Id: 0, Status: "Failed", Code: "No!" },
  "the end of no call": { State: "CANCEL" },
};

for (const [what, members] of Object.entries(MALFORMED)) {
  Deno.test(`decodeCallMessage refuses ${what}`, () => {
    assertThrows(() => decode(members), ProtocolError, "message-malformed");
  });
}

Deno.test("decodeCallMessage refuses a result that answers nothing", () => {
  const members = { State: "RESULT", Id: null, Status: "UnknownCommand" };
  assertThrows(() => decode(members), ProtocolError, "message-unexpected");
});
