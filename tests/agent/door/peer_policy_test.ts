import fc from "fast-check";
import {
  formatPeerRule,
  type NameResolver,
  parsePeerRule,
  PeerPolicy,
} from "../../../agent/door/peer_policy.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";

function policyOf(...rules: string[]): PeerPolicy {
  return new PeerPolicy(rules.map(parsePeerRule));
}

Deno.test("PeerPolicy allows an address in any of its forms", () => {
  const policy = policyOf("192.0.2.7", "2001:db8::1");
  for (const peer of ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207", "2001:DB8:0::1%eth0"]) {
    assertEquals(policy.allows(peer), true, peer);
  }
  for (const peer of ["192.0.2.8", "2001:db8::2", "::192.0.2.7", "", "home", "192.0.2.7:80"]) {
    assertEquals(policy.allows(peer), false, peer);
  }
});

Deno.test("PeerPolicy allows exactly the addresses of a network", () => {
  const policy = policyOf("10.0.0.0/8", "192.0.2.128/25", "2001:db8::/33");
  for (const peer of ["10.0.0.0", "10.255.255.255", "192.0.2.128", "2001:db8:7fff::"]) {
    assertEquals(policy.allows(peer), true, peer);
  }
  for (const peer of ["9.255.255.255", "11.0.0.0", "192.0.2.127", "2001:db8:8000::"]) {
    assertEquals(policy.allows(peer), false, peer);
  }
});

Deno.test("PeerPolicy of all IPv4 addresses allows no IPv6 address", () => {
  assertEquals(policyOf("0.0.0.0/0").allows("::1"), false);
  assertEquals(policyOf("::/0").allows("192.0.2.1"), false);
});

/** Compares addresses bit by bit, as one would on paper. */
function isInsideOnPaper(peer: string, network: string): boolean {
  const bits = (text: string) =>
    text.split(".").map((part) => Number(part).toString(2).padStart(8, "0")).join("");
  const [base = "", prefix = "32"] = network.split("/");
  return bits(peer).slice(0, Number(prefix)) === bits(base).slice(0, Number(prefix));
}

Deno.test("PeerPolicy decides on IPv4 networks as one would on paper", () => {
  const near = fc.tuple(fc.integer({ min: 0, max: 32 }), fc.ipV4(), fc.ipV4(), fc.boolean());
  fc.assert(fc.property(near, ([prefix, base, other, isClose]) => {
    const value = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - prefix);
    const start = Math.floor(value / size) * size;
    const text = (n: number) => [24, 16, 8, 0].map((s) => Math.floor(n / 2 ** s) % 256).join(".");
    const network = `${text(start)}/${prefix}`;
    const peer = isClose ? text(Math.min(2 ** 32 - 1, start + size)) : other;
    assertEquals(policyOf(network).allows(peer), isInsideOnPaper(peer, network));
    assertEquals(policyOf(network).allows(base), true);
  }));
});

Deno.test("formatPeerRule writes what parsePeerRule reads as the same rule", () => {
  for (const text of ["192.0.2.7", "10.0.0.0/8", "::/0", "2001:db8::/32", "::1", "a.example.org"]) {
    assertEquals(formatPeerRule(parsePeerRule(text)), text);
  }
  assertEquals(formatPeerRule(parsePeerRule("Home.Example.ORG.")), "home.example.org");
  assertEquals(formatPeerRule(parsePeerRule("::ffff:10.0.0.0/104")), "10.0.0.0/8");
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["10.0.0.0/40", /number from 0 to 32/],
  ["10.0.0.0/", /number from 0 to 32/],
  ["10.0.0.0/08", /number from 0 to 32/],
  ["2001:db8::/129", /number from 0 to 128/],
  ["::ffff:10.0.0.0/95", /number from 96 to 128/],
  ["10.0.0.5/8", /write 10\.0\.0\.0\/8/],
  ["home/24", /before \/ is no address/],
  ["fe80::1%eth0", /zone/],
  ["fe80::%eth0/10", /no address/],
  ["[::1]", /brackets/],
  ["[::1]:80", /brackets/],
  ["192.0.2.1:8888", /port/],
  ["home:8888", /port/],
  ["1:2:3", /no IPv6 address/],
  ["192.0.2.256", /no IPv4 address/],
  ["192.0.2", /no IPv4 address/],
  ["", /neither/],
  ["*", /neither/],
  ["-home", /neither/],
  ["a..b", /neither/],
  ["home office", /neither/],
  ["h\u00f6me.example", /neither/],
];

for (const [text, reason] of REFUSED) {
  Deno.test(`parsePeerRule refuses ${JSON.stringify(text)}`, () => {
    const error = assertThrows(() => parsePeerRule(text), RangeError);
    assertMatch(error.message, reason);
    assert(error.message.startsWith(JSON.stringify(text)));
  });
}

Deno.test("PeerPolicy refuses to be without rules, or without a way to look up a name", () => {
  assertThrows(() => new PeerPolicy([]), RangeError);
  assertThrows(() => policyOf("home.example.org"), RangeError);
});

function namedPolicy(resolveName: NameResolver, options: { lookupTimeoutMs?: number } = {}) {
  const logger = new MemoryLogger();
  const rules = ["192.0.2.1", "home.example.org"].map(parsePeerRule);
  return { logger, policy: new PeerPolicy(rules, { resolveName, logger, ...options }) };
}

Deno.test("PeerPolicy looks a name up anew for each connection", async () => {
  const answers = [["198.51.100.1"], ["198.51.100.2", "::ffff:198.51.100.3"]];
  const { policy } = namedPolicy(() => Promise.resolve(answers.shift() ?? []));
  assertEquals(await policy.allows("198.51.100.1"), true);
  assertEquals(await policy.allows("198.51.100.3"), true);
  assertEquals(await policy.allows("198.51.100.1"), false);
});

Deno.test("PeerPolicy looks no name up for an address that is allowed anyway", () => {
  const { policy } = namedPolicy(() => Promise.reject(new Error("was asked")));
  assertEquals(policy.allows("192.0.2.1"), true);
});

Deno.test("PeerPolicy makes one look-up for connections that come at once", async () => {
  let count = 0;
  const answer = Promise.withResolvers<string[]>();
  const { policy } = namedPolicy(() => (count++, answer.promise));
  const verdicts = Promise.all(["198.51.100.1", "198.51.100.2"].map((peer) => policy.allows(peer)));
  answer.resolve(["198.51.100.2"]);
  assertEquals(await verdicts, [false, true]);
  assertEquals(count, 1);
});

Deno.test("PeerPolicy allows nobody by a name that cannot be looked up, and says so", async () => {
  const { policy, logger } = namedPolicy(() => Promise.reject(new Error("no such name")));
  assertEquals(await policy.allows("198.51.100.1"), false);
  assertEquals(logger.events[0]?.properties, { name: "home.example.org", reason: "no such name" });
});

Deno.test("PeerPolicy allows nobody by a name whose look-up does not end", async () => {
  let signal: AbortSignal | undefined;
  const { policy } = namedPolicy((_, options) => {
    signal = options.signal;
    return new Promise(() => {});
  }, { lookupTimeoutMs: 1 });
  assertEquals(await policy.allows("198.51.100.1"), false);
  assertEquals(signal?.aborted, true);
});
