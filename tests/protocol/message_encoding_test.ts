import fc from "fast-check";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { MessageFields } from "../../protocol/message_fields.ts";
import { decodeWorkMessage, encodeWorkMessage } from "../../protocol/message_encoding.ts";
import type { ResultCounts, WorkMessage } from "../../protocol/messages.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

function fieldsOf(value: unknown): MessageFields {
  return MessageFields.parse(encodeUtf8(JSON.stringify(value)), "a message");
}

const digest = new Uint8Array(32).fill(0xab);
const NONE: ResultCounts = {
  ...{ created: 0, updated: 0, reowned: 0, removed: 0, unchanged: 0, missing: 0, failed: 0 },
};
const MESSAGES: readonly WorkMessage[] = [
  {
    state: "MANIFEST",
    id: 0,
    revision: 1_700_000_000_000,
    issued: 1,
    expires: 2,
    digest,
    size: 33_554_432,
    signature: null,
  },
  {
    state: "MANIFEST",
    id: 2 ** 32 - 1,
    revision: 0,
    issued: 0,
    expires: 0,
    digest,
    size: 0,
    signature: "A".repeat(86) + "A=",
  },
  {
    state: "MANIFEST",
    id: 0,
    revision: 1,
    issued: 1,
    expires: 2,
    digest,
    size: 9,
    signature: null,
    isPlan: true,
  },
  {
    ...{ state: "MANIFEST", id: 0, revision: 1, issued: 1, expires: 2, digest, size: 9 },
    ...{ signature: null, acceptsDeflate: true },
  },
  { state: "MANIFEST-REPLY", id: 0, isHeld: true, hasOther: false },
  { state: "MANIFEST-REPLY", id: 0, isHeld: false, hasOther: false, acceptsDeflate: true },
  { state: "MANIFEST-REPLY", id: 0, isHeld: false, hasOther: true },
  { state: "MANIFEST-PARTS", id: 0, stream: 1, size: 36 },
  { state: "MANIFEST-WANTS", id: 0, stream: 0, size: 1 },
  { state: "MANIFEST-DATA", id: 0, stream: 1, size: 9 },
  { state: "MANIFEST-DATA", id: 0, stream: 1, size: 9, plainSize: 33_554_432 },
  { state: "BATCH", id: 2, entries: [0] },
  {
    ...{ state: "BATCH", id: 2 ** 32 - 1, acceptsDeflate: true },
    entries: Array.from({ length: 256 }, (_, i) => 131_071 - 255 + i),
  },
  { state: "BATCH-DATA", id: 2, stream: 3, size: 262_144, changed: [] },
  { state: "BATCH-DATA", id: 2, stream: 3, size: 0, changed: [0, 131_071], plainSize: 262_144 },
  { state: "REQUEST", id: 1, file: "a/b", digest: null, offset: 0, prefix: null },
  { state: "REQUEST", id: 1, file: "/a", digest, offset: 2 ** 40, prefix: digest },
  {
    state: "REQUEST",
    id: 1,
    file: "a",
    digest: null,
    offset: 0,
    prefix: null,
    acceptsDeflate: true,
  },
  { state: "DATA", id: 1, status: "Denied", content: null },
  {
    state: "DATA",
    id: 1,
    status: "Success",
    content: { stream: 3, size: 5, plainSize: 2 ** 40, offset: 0, digest, mode: 0 },
  },
  {
    state: "DATA",
    id: 1,
    status: "Success",
    content: { stream: 3, size: 2 ** 40, offset: 0, digest, mode: 0o777 },
  },
  {
    state: "DONE",
    counts: {
      created: 1,
      updated: 2,
      reowned: 6,
      removed: 7,
      unchanged: 3,
      missing: 4,
      failed: 5,
    },
    stream: 0,
    size: 0,
    digest,
    signature: null,
  },
  {
    state: "DONE",
    counts: NONE,
    stream: 0,
    size: 0,
    digest,
    signature: new Uint8Array(64).fill(7),
  },
  {
    state: "DONE",
    counts: { ...NONE, removed: 9 },
    ...{ stream: 0, size: 8, plainSize: 33_554_432, digest, signature: null },
  },
  { state: "DONE-REPLY" },
  { state: "END" },
  { state: "END-REPLY" },
];

for (const [i, message] of MESSAGES.entries()) {
  Deno.test(`decodeWorkMessage reads the ${message.state} that encodeWorkMessage writes (${i})`, () => {
    const members = encodeWorkMessage(message);
    assertEquals(decodeWorkMessage(fieldsOf(members)), message);
  });
  Deno.test(`decodeWorkMessage refuses a ${message.state} of which a member is of another type (${i})`, () => {
    const members = encodeWorkMessage(message);
    for (const name of Object.keys(members)) {
      // Some may be null or absent; none may be this.
      const run = () => decodeWorkMessage(fieldsOf({ ...members, [name]: { x: [] } }));
      assertThrows(run, ProtocolError, "message-malformed");
    }
  });
}

const GOOD_DATA = {
  ...{ State: "DATA", Id: 1, Status: "Success", Stream: 1, StreamSize: 2, Offset: 0 },
  ...{ Digest: "ab".repeat(32), Mode: 0 },
};
const BATCH = { State: "BATCH", Id: 1, Entries: [0] };
const BATCH_DATA = { State: "BATCH-DATA", Id: 1, Stream: 1, StreamSize: 2 };
const PACKED = { Encoding: "deflate-raw", PlainSize: 9 };
const DONE = encodeWorkMessage({
  ...{ state: "DONE", counts: NONE, stream: 0, size: 1, digest, signature: null },
});
const MANIFEST_DATA = { State: "MANIFEST-DATA", Id: 0, Stream: 1, StreamSize: 2 };
const BAD: Readonly<Record<string, Record<string, unknown>>> = {
  "a request for a path that climbs": { State: "REQUEST", Id: 1, File: "a/../b", Digest: null },
  "an offset without its prefix": { State: "REQUEST", Id: 1, File: "a", Digest: null, Offset: 1 },
  "an offset above 1 TiB": { State: "REQUEST", Id: 1, File: "a", Digest: null, Offset: 2 ** 41 },
  "a number below 0": { State: "MANIFEST-REPLY", Id: -1, Held: true },
  "a status that is not there": { State: "DATA", Id: 1, Status: "Maybe" },
  "a success without its stream": { State: "DATA", Id: 1, Status: "Success" },
  "an encoding that nobody asked for": { ...GOOD_DATA, Encoding: "br", PlainSize: 9 },
  "an encoding without the length of what comes of it": { ...GOOD_DATA, Encoding: "deflate-raw" },
  "a batch of nothing": { ...BATCH, Entries: [] },
  "a batch of 257 files": { ...BATCH, Entries: Array.from({ length: 257 }, (_, i) => i) },
  "a batch that does not ascend": { ...BATCH, Entries: [1, 0] },
  "a batch of an entry that no manifest has": { ...BATCH, Entries: [131_072] },
  "a batch without a list": { ...BATCH, Entries: null },
  "an answer to a batch without its stream": { ...BATCH_DATA, Stream: null },
  "an answer to a batch of more than 256 KiB": { ...BATCH_DATA, StreamSize: 262_145 },
  "an answer to a batch that becomes more": { ...BATCH_DATA, ...PACKED, PlainSize: 262_145 },
  "an answer to a batch in another encoding": { ...BATCH_DATA, ...PACKED, Encoding: "gzip" },
  "an answer to a batch without the length that comes of it": {
    ...BATCH_DATA,
    Encoding: "deflate-raw",
  },
  "changes that do not ascend": { ...BATCH_DATA, Changed: [0, 0] },
  "changes that are no list": { ...BATCH_DATA, Changed: 0 },
  "257 changes": { ...BATCH_DATA, Changed: Array.from({ length: 257 }, (_, i) => i) },
  "a manifest that becomes more than one may be": {
    ...MANIFEST_DATA,
    ...PACKED,
    PlainSize: 33_554_433,
  },
  "a manifest in another encoding": { ...MANIFEST_DATA, ...PACKED, Encoding: "br" },
  "results that become more than they may be": { ...DONE, ...PACKED, PlainSize: 33_554_433 },
  "results in another encoding": { ...DONE, ...PACKED, Encoding: "br" },
  "a State in lower case": { State: "done" },
  "a State of 65 characters": { State: "A".repeat(65) },
  "no State": { Id: 1 },
};

for (const [what, members] of Object.entries(BAD)) {
  Deno.test(`decodeWorkMessage refuses ${what}`, () => {
    assertThrows(() => decodeWorkMessage(fieldsOf(members)), ProtocolError, "message-malformed");
  });
}

Deno.test("decodeWorkMessage tells a manifest that is too large from one that is malformed", () => {
  const [manifest] = MESSAGES;
  assert(manifest);
  const members = { ...encodeWorkMessage(manifest), Size: 33_554_433 };
  const run = () => decodeWorkMessage(fieldsOf(members));
  assertThrows(run, ProtocolError, "manifest-too-large");
});

Deno.test("decodeWorkMessage passes over an encoding that it does not know where it is accepted", () => {
  const [manifest] = MESSAGES;
  assert(manifest);
  for (
    const members of [
      { State: "REQUEST", Id: 1, File: "a", Digest: null },
      { State: "MANIFEST-REPLY", Id: 0, Held: false },
      BATCH,
      encodeWorkMessage(manifest),
    ]
  ) {
    const message = decodeWorkMessage(fieldsOf({ ...members, Accept: "br" }));
    assert(message !== null && !("acceptsDeflate" in message));
  }
});

Deno.test("decodeWorkMessage takes null for an optional list that is absent", () => {
  const message = decodeWorkMessage(fieldsOf({ ...BATCH_DATA, Changed: null, Encoding: null }));
  assertEquals(message, { state: "BATCH-DATA", id: 1, stream: 1, size: 2, changed: [] });
});

Deno.test("decodeWorkMessage returns null for an action", () => {
  for (const State of ["RESULT", "RUN-SCRIPT", "READY"]) {
    assertEquals(decodeWorkMessage(fieldsOf({ State })), null);
  }
});

Deno.test("decodeWorkMessage gives a message, null or a ProtocolError for any object", () => {
  const states = MESSAGES.map(({ state }) => state);
  const any = fc.record({ State: fc.constantFrom(...states), Id: fc.anything() });
  fc.assert(
    fc.property(any, fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (head, rest) => {
      try {
        decodeWorkMessage(new MessageFields({ ...rest, ...head }, "a message"));
      } catch (error) {
        assert(error instanceof ProtocolError);
      }
    }),
  );
});
