import fc from "fast-check";
import {
  formatIpAddress,
  hostKey,
  isOwnGateway,
  normaliseAddress,
  parseIpAddress,
} from "../../../agent/door/ip_address.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const FORMS: readonly (readonly [string, string])[] = [
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:c000:201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["fe80::1%eth0", "fe80::1"],
];

for (const [text, expected] of FORMS) {
  Deno.test(`normaliseAddress writes ${text} as ${expected}`, () => {
    assertEquals(normaliseAddress(text), expected);
  });
}

const NO_ADDRESSES = [
  ...["", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "1.2.3.-4", "0x1.2.3.4"],
  ...[":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1.2.3"],
  ...["1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:8::", "::%", "[::1]", "1.2.3.4%eth0"],
];

for (const text of NO_ADDRESSES) {
  Deno.test(`parseIpAddress refuses ${JSON.stringify(text)}`, () => {
    assertEquals(parseIpAddress(text), null);
  });
}

Deno.test("formatIpAddress writes what parseIpAddress reads as the same address", () => {
  const family = fc.constantFrom(4 as const, 6 as const);
  fc.assert(fc.property(family, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (family, bits) => {
    const value = family === 4 ? bits & 0xffffffffn : bits;
    const isMapped = family === 6 && value >> 32n === 0xffffn;
    fc.pre(!isMapped);
    assertEquals(parseIpAddress(formatIpAddress({ family, value })), { family, value });
  }));
});

Deno.test("parseIpAddress reads what the platform writes", () => {
  fc.assert(fc.property(fc.ipV6(), (text) => {
    const expected = new URL(`http://[${text}]/`).hostname.slice(1, -1);
    const address = parseIpAddress(text);
    assert(address !== null);
    // The platform writes mapped addresses in hex, which are IPv4 to us.
    const ours = address.family === 4
      ? new URL(`http://[::ffff:${formatIpAddress(address)}]/`).hostname.slice(1, -1)
      : formatIpAddress(address);
    assertEquals(ours, expected);
  }));
});

Deno.test("hostKey is the address for IPv4 and the /64 for IPv6", () => {
  assertEquals(hostKey("192.0.2.1"), "192.0.2.1");
  assertEquals(hostKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assertEquals(hostKey("2001:db8:1:2::1"), "2001:db8:1:2::/64");
  assertEquals(hostKey("2001:db8:1:3::1"), "2001:db8:1:3::/64");
});

Deno.test("isOwnGateway knows the first address of the private network that it is in", () => {
  assert(isOwnGateway("172.23.4.1", "172.23.4.7"));
  assert(isOwnGateway("10.88.0.1", "10.88.0.2"));
  assert(!isOwnGateway("172.23.4.2", "172.23.4.7"));
  assert(!isOwnGateway("192.168.0.1", "172.23.4.7"));
  assert(!isOwnGateway("198.51.100.1", "198.51.100.7"), "not a private network");
  assert(!isOwnGateway("172.23.4.1", "172.23.4.1"), "it is the gateway itself");
  assert(!isOwnGateway("172.23.4.1", ""));
});
