import { namesFrom, systemServer } from "../../../agent/http/name_service.ts";
import { Neighbours } from "../../../agent/http/neighbours.ts";
import { assertEquals } from "../../support/assert.ts";
import { DnsServer } from "../../support/dns_server.ts";

const RECORDS = {
  names: {
    "172.23.0.3": ["fluxlucid_shop.fluxDockerNetwork_shop."],
    "172.23.0.4": ["fluxweb_other.fluxDockerNetwork_shop."],
    "172.23.0.5": ["fluxdb_shop.fluxDockerNetwork_shop."],
  },
  addresses: {
    fluxlucid_shop: ["172.23.0.3"],
    fluxweb_other: ["172.23.0.4"],
    fluxdb_shop: ["172.23.0.3"],
  },
};

Deno.test("namesFrom asks a DNS server as an engine has one", async () => {
  await using server = new DnsServer(RECORDS);
  const names = namesFrom({ ipAddr: "127.0.0.1", port: server.port });
  const neighbours = new Neighbours({ app: "shop", names });
  assertEquals(await neighbours.find("172.23.0.3"), { kind: "component", component: "lucid" });
  for (
    const [address, reason] of [
      ["172.23.0.4", "other-app"],
      ["172.23.0.5", "name-mismatch"],
      ["172.23.0.6", "no-name"],
    ] as const
  ) {
    assertEquals(await neighbours.find(address), { kind: "stranger", reason });
  }
});

Deno.test("namesFrom is cut short where the server never answers", async () => {
  await using server = new DnsServer(null);
  const names = namesFrom({ ipAddr: "127.0.0.1", port: server.port });
  const neighbours = new Neighbours({ app: "shop", names, timeoutMs: 200 });
  assertEquals(await neighbours.find("172.23.0.3"), { kind: "stranger", reason: "no-name" });
});

Deno.test("systemServer takes the first server that the system names", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "search a\nnameserver 10.0.0.53\nnameserver 10.0.0.54\n");
    assertEquals(await systemServer(path), { ipAddr: "10.0.0.53", port: 53 });
    await Deno.writeTextFile(path, "# nothing\n");
    assertEquals((await systemServer(path)).ipAddr, "127.0.0.11");
  } finally {
    await Deno.remove(path);
  }
  assertEquals((await systemServer(path)).ipAddr, "127.0.0.11");
});
