import {
  openContainerNames,
  openContainerResolver,
} from "../../../agent/commands/container_dns.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { DnsServer } from "../../support/dns_server.ts";
import { serveContext } from "../../support/serve_context.ts";

const RECORDS = { names: {}, addresses: { fluxagent_shop: ["172.23.0.2"] } };

Deno.test("openContainerResolver asks the DNS that it is given, and nobody else", async () => {
  await using dns = new DnsServer(RECORDS);
  const context = await serveContext([]);
  const resolve = await openContainerResolver(context, `127.0.0.1:${dns.port}`);
  const { signal } = new AbortController();
  assertEquals(await resolve("fluxagent_shop", { signal }), ["172.23.0.2"]);
  assertEquals(await resolve("localhost", { signal }), []);
});

Deno.test("openContainerResolver asks whatever the machine asks where it is given none", async () => {
  const resolve = await openContainerResolver(await serveContext([]), undefined);
  const addresses = await resolve("localhost", { signal: new AbortController().signal });
  assertEquals(addresses.some((address) => address === "127.0.0.1" || address === "::1"), true);
});

Deno.test("openContainerNames refuses what is no address of a DNS server", async () => {
  const context = await serveContext([]);
  for (const given of ["dns", "127.0.0.1:x", "1.1.1.1:99999", "[::1]"]) {
    const opening = () => openContainerNames(context, given);
    await assertRejects(opening, ConfigError, "config-invalid");
  }
});
