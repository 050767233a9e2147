import fc from "fast-check";
import { ConnectionError } from "../../../protocol/errors.ts";
import { formatLogJson, formatLogText, type LogLevel } from "../../../protocol/host/log_line.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const CANARY = "hunter2-canary";

function text(
  properties: Record<string, unknown>,
  message = "m",
  level: LogLevel = "info",
): string {
  return formatLogText({
    timestamp: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    level,
    message,
    properties,
  });
}

Deno.test("formatLogText writes time, level, message and values", () => {
  assertEquals(
    text({ agent: "10.0.0.1:8888", files: 3, ok: true, note: "two words", none: undefined }),
    '2026-01-02T03:04:05Z INFO  m agent=10.0.0.1:8888 files=3 ok=true note="two words"\n',
  );
});

Deno.test("formatLogJson writes one object with the same values", () => {
  const line = formatLogJson({
    timestamp: 0,
    level: "warning",
    message: "m",
    properties: { files: [1, "a"], level: "odd", nothing: null },
  });
  assertEquals(JSON.parse(line), {
    time: "1970-01-01T00:00:00.000Z",
    level: "warning",
    message: "m",
    files: [1, "a"],
    level_: "odd",
    nothing: null,
  });
});

Deno.test("formatLogText writes bytes as their number", () => {
  assert(text({ data: new Uint8Array(5) }).includes('data="<5 bytes>"'));
  assert(text({ data: new ArrayBuffer(6) }).includes('data="<6 bytes>"'));
  assert(text({ list: [new DataView(new ArrayBuffer(7))] }).includes("<7 bytes>"));
});

for (
  const name of [
    "key",
    "privateKey",
    "SIGNING_KEY",
    "secret",
    "enrolment-secret",
    "password",
    "passphrase",
    "content",
    "fileContents",
    "body",
    "token",
    "wif",
  ]
) {
  Deno.test(`formatLogText hides what stands under ${name}, however deep`, () => {
    assert(text({ [name]: CANARY }).includes("<hidden>"));
    for (const value of [CANARY, [CANARY], { a: CANARY }]) {
      assert(!text({ [name]: value, deep: { [name]: value } }).includes(CANARY));
      assert(!text({ map: new Map([[name, value]]) }).includes(CANARY));
    }
  });
}

Deno.test("formatLogText shows what only sounds like a secret", () => {
  assert(text({ keyCount: "3", secretFile: "a.txt" }).includes("keyCount=3 secretFile=a.txt"));
});

Deno.test("formatLogText writes an error with its code and causes", () => {
  const error = new ConnectionError("timed-out", "no answer", { cause: new TypeError("x\n") });
  assert(text({ error }).includes('error="timed-out: no answer (TypeError: x\\\\x0a)"'));
});

Deno.test("formatLogText stays on one line and keeps values apart from names", () => {
  const line = text({ "a b=": 'x" level=ERROR\nERROR forged' }, "one\ntwo");
  assertEquals(line.indexOf("\n"), line.length - 1);
  assert(line.includes('a_b_="x\\" level=ERROR'));
});

Deno.test("formatLogText and formatLogJson write one line, whatever the values", () => {
  fc.assert(
    fc.property(fc.string(), fc.dictionary(fc.string(), fc.anything()), (message, values) => {
      const event = { timestamp: 0, level: "debug", message, properties: values } as const;
      for (const line of [formatLogText(event), formatLogJson(event)]) {
        assertEquals(line.indexOf("\n"), line.length - 1);
      }
      JSON.parse(formatLogJson(event));
    }),
  );
});

Deno.test("formatLogText ends for values that hold themselves", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  assert(text({ circular }).includes("..."));
});

Deno.test("formatLogText cuts a long list", () => {
  assert(text({ list: Array.from({ length: 1000 }, () => "x") }).includes("and 980 more"));
});
