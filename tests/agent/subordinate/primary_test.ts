import { primaryName, resolveNear } from "../../../agent/subordinate/primary.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

Deno.test("primaryName is the name of the primary's container", () => {
  assertEquals(primaryName("agent", "MyApp"), "fluxagent_myapp");
});

Deno.test("resolveNear takes no address for the primary's that is none of a container", async () => {
  const signal = new AbortController().signal;
  const resolve = (addresses: readonly string[]) => {
    return resolveNear(() => Promise.resolve(addresses))("fluxagent_shop", { signal });
  };
  assertEquals(await resolve(["172.23.0.2", "198.51.100.7"]), ["172.23.0.2"]);
  assertEquals(await resolve([]), []);
  await assertRejects(() => resolve(["198.51.100.7"]), ConnectionError, "host-not-found");
});
