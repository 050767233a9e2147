import { parseWires, PROTOCOL_2 } from "../../../keeper/contact/wire.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const A = { host: "203.0.113.20", port: 8888 };
const A_AT_9000 = { host: "203.0.113.20", port: 9000 };
const B = { host: "203.0.113.21", port: 8888 };
const V6 = { host: "2001:db8::1", port: 8888 };

Deno.test("PROTOCOL_2 speaks protocol 2 with everybody", () => {
  assertEquals([PROTOCOL_2.wireOf(A), PROTOCOL_2.wireOf(V6)], [2, 2]);
  assertEquals([PROTOCOL_2.hasOriginal, PROTOCOL_2.isOriginalOnly], [false, false]);
});

Deno.test("parseWires speaks protocol 2 with everybody where nothing is said, or 2", () => {
  for (const items of [[], ["2"], ["2", "2"], ["203.0.113.20=2"]]) {
    const wires = parseWires(items);
    assertEquals([wires.wireOf(A), wires.wireOf(B), wires.wireOf(V6)], [2, 2, 2]);
    assertEquals([wires.hasOriginal, wires.isOriginalOnly], [false, false]);
  }
});

Deno.test("parseWires speaks the original's wire with everybody where it says so alone", () => {
  const wires = parseWires(["original"]);
  assertEquals([wires.wireOf(A), wires.wireOf(V6)], ["original", "original"]);
  assertEquals([wires.hasOriginal, wires.isOriginalOnly], [true, true]);
});

Deno.test("parseWires makes an exception of one host, at all of its ports", () => {
  const wires = parseWires(["203.0.113.20=original"]);
  assertEquals([wires.wireOf(A), wires.wireOf(A_AT_9000), wires.wireOf(B)], [
    "original",
    "original",
    2,
  ]);
  assertEquals([wires.hasOriginal, wires.isOriginalOnly], [true, false]);
});

Deno.test("parseWires lets an agent that is named with its port go before its host", () => {
  for (
    const items of [
      ["203.0.113.20:9000=2", "203.0.113.20=original"],
      ["203.0.113.20=original", "203.0.113.20:9000=2"],
    ]
  ) {
    const wires = parseWires(items);
    assertEquals([wires.wireOf(A), wires.wireOf(A_AT_9000)], ["original", 2]);
  }
});

Deno.test("parseWires lets an agent that is named go before what is said of all", () => {
  const wires = parseWires(["original", "203.0.113.20:8888=2"]);
  assertEquals([wires.wireOf(A), wires.wireOf(A_AT_9000)], [2, "original"]);
  assertEquals([wires.hasOriginal, wires.isOriginalOnly], [true, false]);
});

Deno.test("parseWires knows a port that is named though it is the one of some default", () => {
  for (const port of [1, 2, 8888]) {
    const wires = parseWires([`203.0.113.20:${port}=original`]);
    assertEquals(wires.wireOf({ host: A.host, port }), "original");
    assertEquals(wires.wireOf({ host: A.host, port: port + 1 }), 2);
  }
});

Deno.test("parseWires takes IPv6 addresses in brackets, however they are written", () => {
  const host = parseWires(["[2001:DB8:0::1]=original"]);
  assertEquals([host.wireOf(V6), host.wireOf({ ...V6, port: 9000 })], ["original", "original"]);
  const one = parseWires(["[2001:db8::1]:8888=original"]);
  assertEquals([one.wireOf(V6), one.wireOf({ ...V6, port: 9000 })], ["original", 2]);
});

Deno.test("parseWires knows a host name in whatever case", () => {
  const wires = parseWires(["Node.Example.org=original"]);
  assertEquals(wires.wireOf({ host: "node.example.org", port: 1 }), "original");
});

Deno.test("parseWires counts everybody as served by the original's wire where nobody is not", () => {
  assert(parseWires(["original", "203.0.113.20=original"]).isOriginalOnly);
  assert(!parseWires(["2", "203.0.113.20=original"]).isOriginalOnly);
});

Deno.test("parseWires takes an item twice that says the same", () => {
  assertEquals(parseWires(["a=original", "A=original"]).wireOf({ host: "a", port: 1 }), "original");
});

const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["a wire that is none", ["1"], /"1" names no wire/],
  ["a wire in upper case", ["Original"], /"Original" names no wire/],
  ["nothing", [""], /"" names no wire/],
  ["an agent with a wire that is none", ["a=3"], /"a=3" names no wire/],
  ["an agent without a wire", ["203.0.113.20"], /names no wire/],
  ["an agent with an empty wire", ["a="], /names no wire/],
  ["no agent before the sign", ["=original"], /is no host name/],
  ["a second sign", ["a=b=original"], /is no host name/],
  ["an address that is none", ["203.0.113.256=original"], /is no IPv4 address/],
  ["a port that is none", ["a:0=original"], /a port that is not from 1 to 65535/],
  ["an IPv6 address without brackets", ["2001:db8::1=original"], /without brackets/],
  ["all agents twice", ["original", "2"], /"2" contradicts another item/],
  ["one host twice", ["a=2", "A=original"], /"A=original" contradicts another item/],
  ["one agent twice", ["a:1=original", "a:1=2"], /"a:1=2" contradicts another item/],
  ["one IPv6 address twice", ["[::1]=2", "[0::1]=original"], /contradicts another item/],
];

for (const [what, items, message] of MISTAKES) {
  Deno.test(`parseWires refuses ${what} and says what to write`, () => {
    const error = assertThrows(() => parseWires(items), ConfigError, "config-invalid");
    assert(message.test(error.message) && error.message.startsWith("--wire: "), error.message);
    assertEquals(error.setting, "--wire");
    assert(error.hint?.includes("HOST:PORT=original"), error.hint);
  });
}
