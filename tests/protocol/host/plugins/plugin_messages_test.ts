import fc from "fast-check";
import {
  MAX_PLUGIN_LOG_LENGTH,
  MAX_PLUGIN_MESSAGE_LENGTH,
  parsePluginMessage,
} from "../../../../protocol/host/plugins/plugin_messages.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

Deno.test("parsePluginMessage reads what a plugin says", () => {
  const says: [string, unknown][] = [
    [
      '{"Kind":"ready","Actions":["a"],"Events":[]}',
      { kind: "ready", actions: ["a"], events: [] },
    ],
    ['{"Kind":"log","Id":1,"Text":"x"}', { kind: "log", id: 1, text: "x" }],
    ['{"Kind":"progress","Id":1,"Output":null}', { kind: "progress", id: 1, output: null }],
    ['{"Kind":"result","Id":1,"Output":[2]}', { kind: "result", id: 1, output: [2] }],
    ['{"Kind":"failed","Id":1,"Code":"A b"}', { kind: "failed", id: 1, code: "failed" }],
    [
      '{"Kind":"ask","Id":1,"Call":2,"Name":"a.b","Input":[1]}',
      { kind: "ask", id: 1, call: 2, name: "a.b", input: [1] },
    ],
  ];
  for (const [text, message] of says) assertEquals(parsePluginMessage(text), message);
});

Deno.test("parsePluginMessage returns null for what is no message", () => {
  const malformed: unknown[] = [null, 5, {}, { Kind: "ready" }, "", "null", "5", "[]", "{}", "{"];
  const texts = [
    '{"Kind":"ready"}',
    '{"Kind":"ready","Actions":["A"],"Events":[]}',
    '{"Kind":"ready","Actions":[],"Events":{}}',
    `{"Kind":"ready","Events":[],"Actions":${JSON.stringify(Array(65).fill("a"))}}`,
    '{"Kind":"log","Text":"x"}',
    '{"Kind":"log","Id":1,"Text":5}',
    '{"Kind":"result","Id":"1"}',
    '{"Kind":"result","Id":1.5}',
    '{"Kind":"answer","Id":1}',
    '{"__proto__":{"Kind":"result","Id":1}}',
    '{"Kind":"ask","Id":1,"Call":2,"Name":5,"Input":[]}',
    `{"Kind":"ask","Id":1,"Call":2,"Name":"${"a".repeat(65)}","Input":[]}`,
    JSON.stringify({ Kind: "result", Id: 1, Output: "x".repeat(MAX_PLUGIN_MESSAGE_LENGTH) }),
  ];
  for (const data of [...malformed, ...texts]) assertEquals(parsePluginMessage(data), null);
});

Deno.test("parsePluginMessage cuts a line of a log, and refuses outputs that do harm", () => {
  const long = JSON.stringify({ Kind: "log", Id: 1, Text: "x".repeat(5_000) });
  const message = parsePluginMessage(long);
  assert(message?.kind === "log" && message.text.length === MAX_PLUGIN_LOG_LENGTH);
  const deep = `${"[".repeat(17)}${"]".repeat(17)}`;
  for (const output of ['"\\ud800"', '{"a":{"__proto__":1}}', '{"\\udfff":1}', deep]) {
    assertEquals(parsePluginMessage(`{"Kind":"result","Id":1,"Output":${output}}`), {
      kind: "failed",
      id: 1,
      code: "output-malformed",
    });
    const ask = parsePluginMessage(
      `{"Kind":"ask","Id":1,"Call":2,"Name":"a","Input":[${output}]}`,
    );
    assert(ask?.kind === "ask" && ask.input === null);
  }
});

Deno.test("parsePluginMessage never throws, and changes no prototype", () => {
  const text = fc.oneof(fc.string(), fc.json(), fc.json().map((json) => `{"Kind":${json},"Id":1}`));
  fc.assert(fc.property(text, (data) => {
    parsePluginMessage(data);
    return !("polluted" in {});
  }));
});
