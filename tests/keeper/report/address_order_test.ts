import { sortByAddress } from "../../../keeper/report/address_order.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("sortByAddress orders by the numbers in addresses, hosts before ports", () => {
  const sorted = [
    "203.0.113.9:8888",
    "203.0.113.9:16127",
    "203.0.113.10:1",
    "203.0.113.100:1",
    "agent-2.example:1",
    "agent-10.example:1",
  ];
  const things = sorted.toReversed().map((address) => ({ address }));
  assertEquals(sortByAddress(things).map(({ address }) => address), sorted);
  assertEquals(things[0]?.address, "agent-10.example:1");
});
