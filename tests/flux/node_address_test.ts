import fc from "fast-check";
import { formatNodeAddress, parseNodeAddress } from "../../flux/node_address.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readFluxFixtureData } from "../support/fake_flux_api.ts";

Deno.test("parseNodeAddress takes a bare address to mean port 16127", () => {
  assertEquals(parseNodeAddress("203.0.113.10"), { host: "203.0.113.10", apiPort: 16127 });
});

Deno.test("parseNodeAddress keeps the API port apart from the host", () => {
  assertEquals(parseNodeAddress("203.0.113.20:16137"), { host: "203.0.113.20", apiPort: 16137 });
});

Deno.test("parseNodeAddress reads every row of a node list", async () => {
  const nodes = await readFluxFixtureData("daemon_viewdeterministicfluxnodelist.json");
  const hosts = (nodes as { ip: string }[]).map(({ ip }) => parseNodeAddress(ip)?.host);
  assertEquals(hosts, ["203.0.113.10", "203.0.113.20", "198.51.100.7"]);
});

Deno.test("parseNodeAddress takes an IPv6 address in brackets and writes it one way", () => {
  const host = "2001:db8::1";
  assertEquals(parseNodeAddress("[2001:DB8:0:0::1]"), { host, apiPort: 16127 });
  assertEquals(parseNodeAddress("[2001:db8::0.0.0.1]:16137"), { host, apiPort: 16137 });
});

Deno.test("parseNodeAddress turns an IPv4 address inside IPv6 back into a dotted quad", () => {
  assertEquals(parseNodeAddress("[::ffff:203.0.113.10]:5")?.host, "203.0.113.10");
  assertEquals(parseNodeAddress("[::ffff:0.0.0.0]"), null);
});

Deno.test("parseNodeAddress refuses everything else", () => {
  const texts = [
    "",
    " 203.0.113.10",
    "203.0.113.10\n",
    "203.0.113",
    "203.0.113.10.1",
    "203.0.113.256",
    "203.0.113.010",
    "203.0.113.10.",
    "0x7f.0.0.1",
    "2130706433",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "203.0.113.10:",
    "203.0.113.10:0",
    "203.0.113.10:080",
    "203.0.113.10:65536",
    "203.0.113.10:16127:1",
    "203.0.113.10/24",
    "user@203.0.113.10",
    "http://203.0.113.10",
    "node.example.org",
    "localhost",
    "2001:db8::1",
    "[]",
    "[::]",
    "[ff02::1]",
    "[2001:db8::1",
    "[2001:db8::1%25eth0]",
    "[2001:db8::1]16127",
    "[203.0.113.10]",
  ];
  for (const text of texts) assertEquals(parseNodeAddress(text), null, text);
});

Deno.test("parseNodeAddress reads back whatever formatNodeAddress wrote", () => {
  const quad = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
    .map((octets) => octets.join("."));
  const ipv6 = fc.ipV6().map((text) => parseNodeAddress(`[${text}]`)?.host)
    .filter((host) => host !== undefined);
  const address = fc.record({
    host: fc.oneof(quad, ipv6),
    apiPort: fc.integer({ min: 1, max: 65_535 }),
  }, { noNullPrototype: true });
  fc.assert(fc.property(address, (value) => {
    assertEquals(parseNodeAddress(formatNodeAddress(value)), value);
  }));
});

Deno.test("parseNodeAddress gives an address that stays the same, or null, for any text", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(..."0123456789.:[]af") }),
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.ipV6().map((host) => `[${host}]`),
  );
  fc.assert(fc.property(text, (value) => {
    const address = parseNodeAddress(value);
    if (address === null) return;
    assert(address.apiPort >= 1 && address.apiPort <= 65_535);
    assertEquals(parseNodeAddress(formatNodeAddress(address)), address);
  }));
});
