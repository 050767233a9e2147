import { fileReply, laterReply, textReply } from "../../../../agent/http/server/file_response.ts";
import { assertEquals } from "../../../support/assert.ts";

const DIGEST = "ab".repeat(32);
const TAG = `"${DIGEST}"`;

function reply(fields: Record<string, string>, method = "GET", size = 10) {
  const head = { method, fields: new Map(Object.entries(fields)) };
  return fileReply(head, { digest: DIGEST, size, type: "text/plain" });
}

Deno.test("fileReply sends a whole file with what keeps it out of every cache", () => {
  assertEquals(reply({}), {
    status: 200,
    fields: {
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "sandbox; default-src 'none'",
      "ETag": TAG,
      "Accept-Ranges": "bytes",
      "Content-Type": "text/plain",
      "Content-Length": "10",
    },
    range: { start: 0, end: 10 },
  });
});

Deno.test("fileReply tells whoever only asks for the head the length, and sends nothing", () => {
  const { status, fields, range } = reply({ range: "bytes=1-2" }, "HEAD");
  assertEquals([status, fields["Content-Length"], range], [200, "10", null]);
});

Deno.test("fileReply sends nothing to whoever has it", () => {
  for (const tags of [TAG, `W/${TAG}`, `"x", ${TAG}`, "*"]) {
    const { status, range } = reply({ "if-none-match": tags, "range": "bytes=0-1" });
    assertEquals([status, range], [304, null], tags);
  }
  assertEquals(reply({ "if-none-match": '"x"' }).status, 200);
});

Deno.test("fileReply sends one range, cut to the file", () => {
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    "bytes=0-0": [0, 1],
    "bytes=2-5": [2, 6],
    "bytes=9-": [9, 10],
    "bytes=5-99": [5, 10],
    "bytes=-3": [7, 10],
    "bytes=-99": [0, 10],
    "BYTES= 1-1 ": [1, 2],
  };
  for (const [range, [start, end]] of Object.entries(ranges)) {
    const part = reply({ range });
    assertEquals([part.status, part.range], [206, { start, end }], range);
    assertEquals(part.fields["Content-Range"], `bytes ${start}-${end - 1}/10`);
    assertEquals(part.fields["Content-Length"], `${end - start}`);
  }
});

Deno.test("fileReply sends all where several ranges are asked for, or what cannot be read", () => {
  for (
    const range of ["bytes=0-1,3-4", "bytes=", "bytes=-", "bytes=5-2", "lines=1-2", "bytes=a-b"]
  ) {
    assertEquals([reply({ range }).status, reply({ range }).range?.end], [200, 10], range);
  }
});

Deno.test("fileReply says that a range leads nowhere", () => {
  for (const range of ["bytes=10-", "bytes=99-100", "bytes=-0"]) {
    const { status, fields, range: sent } = reply({ range });
    assertEquals([status, fields["Content-Range"], sent], [416, "bytes */10", null], range);
  }
  assertEquals(reply({ range: "bytes=0-" }, "GET", 0).status, 416);
  assertEquals(reply({ range: "bytes=-1" }, "GET", 0).status, 416);
});

Deno.test("fileReply sends a range only of the file that it was asked of", () => {
  assertEquals(reply({ "range": "bytes=0-1", "if-range": TAG }).status, 206);
  for (const other of ['"x"', `W/${TAG}`, "Thu, 01 Jan 1970 00:00:00 GMT"]) {
    assertEquals(reply({ "range": "bytes=0-1", "if-range": other }).status, 200, other);
  }
});

Deno.test("textReply and laterReply are sentences that no cache keeps", () => {
  const { status, fields, body } = laterReply("not yet", 7);
  assertEquals([status, fields["Retry-After"], fields["Cache-Control"], body], [
    503,
    "7",
    "no-store",
    "not yet\n",
  ]);
  assertEquals(textReply(405, "no", { Allow: "GET" }).fields["Allow"], "GET");
});
