import fc from "fast-check";
import {
  formatAgentAddress,
  parseAgentAddresses,
  primaryNameOf,
  primaryOf,
  readAgentAddress,
} from "../../../keeper/fleet/agent_address.ts";
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

Deno.test("parseAgentAddresses sends whoever names an agent behind another to --only", () => {
  for (const item of ["203.0.113.20:8888/db", "[::1]:1/db", "host/db"]) {
    const error = assertThrows(() => parseAgentAddresses([item]), ConfigError, "config-invalid");
    assert(error.hint?.includes("--only APP/COMPONENT"), error.hint);
  }
});

const NAMES = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/);
const HOSTS = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());

Deno.test("readAgentAddress reads what formatAgentAddress wrote, with and without a component", () => {
  fc.assert(fc.property(
    HOSTS,
    fc.integer({ min: 1, max: 65_535 }),
    fc.option(NAMES, { nil: undefined }),
    (host, port, component) => {
      const item = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
      const [place] = parseAgentAddresses([item]);
      assert(place !== undefined);
      const address = component === undefined ? place : { ...place, component };
      const name = formatAgentAddress(address);
      assertEquals(readAgentAddress(name), address);
      assertEquals(primaryOf(address), component === undefined ? null : place);
      assertEquals(primaryNameOf(name), component === undefined ? null : formatAgentAddress(place));
    },
  ));
});

for (
  const name of [
    ...["", "host", "host:0", "host:080", "HOST:1", "::1:1", "[0::1]:1", "host:1/", "host:1/-"],
    ...["host:1/a/b", "host:1/a:2", "/db", "host:1/../x", `host:1/${"a".repeat(64)}`, "host:1 /a"],
  ]
) {
  Deno.test(`readAgentAddress takes ${JSON.stringify(name)} for no address of an agent`, () => {
    assertEquals(readAgentAddress(name), null);
  });
}

Deno.test("readAgentAddress reads any text, and no two ways to write one address", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const address = readAgentAddress(text);
    assert(address === null || formatAgentAddress(address) === text);
  }));
});
