import {
  decodeAuditLine,
  EMPTY_CHAIN,
  encodeAuditLine,
  hashLine,
  NO_LINE_HASH,
  writeAuditLine,
} from "../../../../keeper/audit/log/audit_line.ts";
import { MAX_LINE_BYTES } from "../../../../keeper/audit/limits.ts";
import { encodeUtf8 } from "../../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";

const NOW_MS = Date.UTC(2030, 0, 2, 3, 4, 5);

Deno.test("encodeAuditLine numbers a line and names the hash of the one before it", async () => {
  const place = { before: EMPTY_CHAIN, nowMs: NOW_MS };
  const first = await encodeAuditLine({ event: "start", app: "demo" }, place);
  assertEquals(
    new TextDecoder().decode(first.line),
    `{"seq":1,"time":"2030-01-02T03:04:05.000Z","event":"start","app":"demo","prev":"${NO_LINE_HASH}"}`,
  );
  assertEquals(first.end, { seq: 1, hash: await hashLine(first.line) });
  const second = await encodeAuditLine({ event: "stop" }, { before: first.end, nowMs: NOW_MS });
  assertEquals(decodeAuditLine(second.line), {
    seq: 2,
    time: "2030-01-02T03:04:05.000Z",
    event: "stop",
    prev: first.end.hash,
  });
});

Deno.test("encodeAuditLine lets an event name neither its number, nor its time, nor another line", async () => {
  const event = { event: "x", prev: "else" };
  const { line } = await encodeAuditLine(event, { before: EMPTY_CHAIN, nowMs: NOW_MS });
  assertEquals(decodeAuditLine(line)?.prev, NO_LINE_HASH);
  const forged = { event: "x", seq: 7, time: "now" };
  const other = await encodeAuditLine(forged, { before: EMPTY_CHAIN, nowMs: NOW_MS });
  assertEquals(decodeAuditLine(other.line)?.seq, 1);
});

Deno.test("writeAuditLine writes what encodeAuditLine hashes", async () => {
  const place = { before: { seq: 4, hash: "ab".repeat(32) }, nowMs: NOW_MS };
  const event = { event: "given", path: "\u00e4/\u{1f511}" };
  const { line, end } = await encodeAuditLine(event, place);
  assertEquals(writeAuditLine(event, place), line);
  assertEquals([decodeAuditLine(line)?.seq, end.seq], [5, 5]);
});

Deno.test("encodeAuditLine refuses a line of more than 1 MiB", async () => {
  const event = { event: "x", text: "x".repeat(MAX_LINE_BYTES) };
  const run = () => encodeAuditLine(event, { before: EMPTY_CHAIN, nowMs: NOW_MS });
  await assertRejects(run, RangeError);
});

Deno.test("decodeAuditLine returns null for what is no line", () => {
  const good = { seq: 1, time: "2030-01-02T03:04:05.000Z", event: "x", prev: NO_LINE_HASH };
  assertEquals(decodeAuditLine(encodeUtf8(JSON.stringify(good))), good);
  const others = [
    ...["", "{", "null", "[]", "7"],
    ...[{ seq: 0 }, { seq: 1.5 }, { seq: "1" }, { time: "today" }, { event: 1 }, { prev: "00" }]
      .map((member) => JSON.stringify({ ...good, ...member })),
  ];
  for (const text of others) assertEquals(decodeAuditLine(encodeUtf8(text)), null, text);
  assertEquals(decodeAuditLine(Uint8Array.of(0x22, 0xff, 0x22)), null);
});
