import {
  componentOf,
  isNear,
  isOwnHost,
  type NameService,
  type Neighbour,
  Neighbours,
} from "../../../agent/neighbours/neighbours.ts";
import { MAX_NEIGHBOUR_LOOKUPS, MAX_REMEMBERED_NEIGHBOURS } from "../../../agent/limits.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("isOwnHost takes addresses and names of the network, and none of the Internet", () => {
  const own = [
    "127.0.0.1:2080",
    "[::1]:2080",
    "172.23.0.2",
    "localhost:2080",
    "fluxagent_shop:2080",
  ];
  for (const host of [undefined, ...own, "fluxagent_shop.fluxDockerNetwork_shop."]) {
    assertEquals(isOwnHost(host), true, host);
  }
  const foreign = [
    "rebound.example",
    "rebound.example:2080",
    "a.b.fluxDockerNetwork_shop",
    "",
    ":80",
  ];
  for (const host of [...foreign, "127.0.0.1.rebound.example", "fluxDockerNetwork_shop.example"]) {
    assertEquals(isOwnHost(host), false, host);
  }
});

const NETWORK = "fluxDockerNetwork_shop";
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "172.23.0.3": [`fluxweb_shop.${NETWORK}.`],
  "172.23.0.4": [`fluxlucid_shop.${NETWORK}.`],
  "172.23.0.5": [`fluxweb_other.${NETWORK}.`],
  "172.23.0.6": [`fluxdb_shop.${NETWORK}.`],
  "172.23.0.7": ["host.example.", `fluxapi_SHOP.`],
};
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  fluxweb_shop: ["172.23.0.3"],
  fluxlucid_shop: ["172.23.0.9", "172.23.0.4"],
  fluxweb_other: ["172.23.0.5"],
  fluxdb_shop: ["172.23.0.3"],
  fluxapi_SHOP: ["172.23.0.7"],
};

class PlayedNames implements NameService {
  asked = 0;
  namesOf(address: string): Promise<readonly string[]> {
    this.asked++;
    const names = NAMES[address];
    return names === undefined ? Promise.reject(new Error("no such name")) : Promise.resolve(names);
  }
  addressesOf(name: string): Promise<readonly string[]> {
    return Promise.resolve(ADDRESSES[name] ?? []);
  }
}

async function word(neighbours: Neighbours, address: string): Promise<string> {
  const found: Neighbour = await neighbours.find(address);
  if (found.kind === "component") return found.component;
  return found.kind === "stranger" ? found.reason : found.kind;
}

Deno.test("Neighbours knows the containers of its app by a name that leads back to them", async () => {
  const neighbours = new Neighbours({ app: "shop", names: new PlayedNames() });
  const expected: Readonly<Record<string, string>> = {
    "172.23.0.3": "web",
    "::ffff:172.23.0.3": "web",
    "172.23.0.4": "lucid",
    "172.23.0.5": "other-app",
    "172.23.0.6": "name-mismatch",
    "172.23.0.7": "api",
    "172.23.0.8": "no-name",
    "127.0.0.1": "self",
    "127.8.8.8": "self",
    "::1": "self",
    "198.51.100.7": "public-address",
    "2001:db8::1": "public-address",
    "nonsense": "public-address",
  };
  for (const [address, who] of Object.entries(expected)) {
    assertEquals(await word(neighbours, address), who, address);
  }
});

Deno.test("Neighbours tells nobody to be of its app where that is not known", async () => {
  const names = new PlayedNames();
  const neighbours = new Neighbours({ app: null, names });
  assertEquals(await word(neighbours, "172.23.0.3"), "app-unknown");
  assertEquals([await word(neighbours, "127.0.0.1"), names.asked], ["self", 0]);
});

Deno.test("Neighbours remembers a component for half a minute and a stranger for five seconds", async () => {
  const names = new PlayedNames();
  let nowMs = 0;
  const neighbours = new Neighbours({ app: "shop", names, now: () => nowMs });
  const look = async (address: string, ms: number) => {
    nowMs = ms;
    const before = names.asked;
    await neighbours.find(address);
    return names.asked - before;
  };
  assertEquals([await look("172.23.0.3", 0), await look("172.23.0.3", 29_999)], [1, 0]);
  assertEquals(await look("172.23.0.3", 30_000), 1);
  assertEquals([await look("172.23.0.8", 40_000), await look("172.23.0.8", 44_999)], [1, 0]);
  assertEquals(await look("172.23.0.8", 45_000), 1);
});

Deno.test("Neighbours forgets the oldest where there are too many", async () => {
  const names = new PlayedNames();
  const neighbours = new Neighbours({ app: "shop", names, now: () => 0 });
  for (let i = 0; i <= MAX_REMEMBERED_NEIGHBOURS; i++) {
    await neighbours.find(`10.1.${i >> 8}.${i & 255}`);
  }
  const { asked } = names;
  await neighbours.find("10.1.0.1");
  assertEquals(names.asked, asked);
  await neighbours.find("10.1.0.0");
  assertEquals(names.asked, asked + 1);
});

Deno.test("Neighbours asks once for many who come from one address, and not for too many at once", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  let asked = 0;
  const names: NameService = {
    namesOf: () => {
      asked++;
      return promise;
    },
    addressesOf: () => Promise.resolve([]),
  };
  const neighbours = new Neighbours({ app: "shop", names });
  const waiting = [neighbours.find("10.0.0.1"), neighbours.find("10.0.0.1")];
  assertEquals(asked, 1);
  for (let i = 1; i < MAX_NEIGHBOUR_LOOKUPS; i++) waiting.push(neighbours.find(`10.0.1.${i}`));
  assertEquals(await neighbours.find("10.0.2.1"), { kind: "unknown" });
  resolve([]);
  await Promise.all(waiting);
  assertEquals((await neighbours.find("10.0.2.1")).kind, "stranger");
});

Deno.test("Neighbours does not wait for a DNS that does not answer", async () => {
  const signals: AbortSignal[] = [];
  const names: NameService = {
    namesOf: (_, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    },
    addressesOf: () => Promise.resolve([]),
  };
  const neighbours = new Neighbours({ app: "shop", names, timeoutMs: 1 });
  assertEquals(await word(neighbours, "172.23.0.3"), "no-name");
  assertEquals(signals.map(({ aborted }) => aborted), [true]);
});

Deno.test("componentOf strips exactly what an engine puts before and behind a component", () => {
  const names: Readonly<Record<string, string | null>> = {
    "fluxweb_shop": "web",
    "fluxlucid_shop": "lucid",
    "fluxflux_shop": "flux",
    "fluxweb_SHOP.FluxDockerNetwork_Shop.": "web",
    "fluxweb_shop.": "web",
    "fluxweb_shop.fluxDockerNetwork_other": null,
    "fluxweb_shop.fluxDockerNetwork_shop.example": null,
    "fluxweb_shop.evil": null,
    "fluxweb_shops": null,
    "fluxweb_other_shop": null,
    "fluxweb_shop_other": null,
    "flux_shop": null,
    "fluxshop": null,
    "web_shop": null,
    "FLUXweb_shop": null,
    "zelweb_shop": null,
    "": null,
  };
  for (const [name, component] of Object.entries(names)) {
    assertEquals(componentOf(name, "shop"), component, name);
  }
});

Deno.test("isNear tells private addresses from public ones at their borders", () => {
  const near = [
    ...["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "169.254.1.1"],
    ...["127.0.0.1", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "::ffff:10.0.0.1"],
  ];
  const far = [
    ...[
      "9.255.255.255",
      "11.0.0.0",
      "172.15.255.255",
      "172.32.0.0",
      "192.167.255.255",
      "192.169.0.0",
    ],
    ...["169.253.1.1", "126.0.0.1", "128.0.0.1", "::2", "fbff::1", "fe00::1", "fec0::1", "::", ""],
  ];
  for (const address of near) assertEquals(isNear(address), true, address);
  for (const address of far) assertEquals(isNear(address), false, address);
});
