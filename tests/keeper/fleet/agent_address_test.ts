import { formatAgentAddress, parseAgentAddresses } from "../../../keeper/fleet/agent_address.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const ACCEPTED: readonly (readonly [string, string])[] = [
  ["203.0.113.20", "203.0.113.20:8888"],
  ["203.0.113.20:9000", "203.0.113.20:9000"],
  ["Agent.Example.org", "agent.example.org:8888"],
  ["localhost:1", "localhost:1"],
  ["[2001:DB8:0::1]", "[2001:db8::1]:8888"],
  ["[::1]:65535", "[::1]:65535"],
];

for (const [item, expected] of ACCEPTED) {
  Deno.test(`parseAgentAddresses reads ${item}`, () => {
    assertEquals(parseAgentAddresses([item]).map(formatAgentAddress), [expected]);
  });
}

Deno.test("parseAgentAddresses gives addresses without a port the default one", () => {
  assertEquals(parseAgentAddresses(["a", "b:2"], { defaultPort: 7 }), [
    { host: "a", port: 7 },
    { host: "b", port: 2 },
  ]);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["", /no host name/],
  ["::1", /without brackets/],
  ["2001:db8::1", /without brackets/],
  ["[2001:db8::1", /no address/],
  ["[nonsense]", /no IPv6 address/],
  ["203.0.113.256", /no IPv4 address/],
  ["203.0.113", /no IPv4 address/],
  ["0x7f.1", /no IPv4 address/],
  ["0177.0.0.1", /no IPv4 address/],
  ["host:0", /port/],
  ["host:65536", /port/],
  ["host:", /port/],
  ["host:80a", /port/],
  ["a_b", /no host name/],
  ["-a.example", /no host name/],
  ["user@host", /no host name/],
  ["http://host", /no address|port/],
  ["a b", /no host name/],
  [`${"a".repeat(64)}.example`, /no host name/],
];

for (const [item, reason] of REFUSED) {
  Deno.test(`parseAgentAddresses refuses ${JSON.stringify(item)}`, () => {
    const error = assertThrows(() => parseAgentAddresses([item]), ConfigError, "config-invalid");
    assert(reason.test(error.message), error.message);
    assert(error.message.includes(JSON.stringify(item)));
  });
}

Deno.test("parseAgentAddresses refuses one address written in two ways", () => {
  const error = assertThrows(
    () => parseAgentAddresses(["[::1]", "[0:0:0:0:0:0:0:1]:8888"]),
    ConfigError,
  );
  assert(error.message.includes("[::1]:8888 stands twice"), error.message);
});
