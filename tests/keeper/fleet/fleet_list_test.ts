import type { AgentAddress } from "../../../keeper/fleet/agent_address.ts";
import type { FleetListOptions } from "../../../keeper/fleet/fleet.ts";
import { FleetList } from "../../../keeper/fleet/fleet_list.ts";
import { FORGET_ADDRESS_MS } from "../../../keeper/limits.ts";
import { Schedule } from "../../../keeper/fleet/schedule.ts";
import { FluxVaultError, SILENT_LOGGER, StorageError } from "../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const A = { host: "a", port: 1 };

function listOf(
  answers: (readonly AgentAddress[] | Error)[],
  now: () => number = () => 0,
  recorded: () => Promise<ReadonlySet<string>> = () => Promise.resolve(new Set()),
) {
  const schedule = new Schedule({ pollingIntervalMs: 1_000, random: () => 0 });
  const fleet = {
    app: null,
    asked: [] as FleetListOptions[],
    list(options: FleetListOptions = {}): Promise<readonly AgentAddress[]> {
      fleet.asked.push(options);
      const answer = answers.shift();
      if (answer === undefined || answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(answer);
    },
  };
  const parts = { schedule, recorded, logger: SILENT_LOGGER, now };
  return { schedule, fleet, list: new FleetList(fleet, parts) };
}

const DOWN = new FluxVaultError("api-unreachable", "no answer");

Deno.test("FleetList hands the list on", async () => {
  const { schedule, list } = listOf([[A]]);
  assertEquals([list.isKnown, await list.refresh(), list.isKnown], [false, null, true]);
  assertEquals([schedule.size, list.problem], [1, null]);
});

Deno.test("FleetList keeps the last list where there is no answer, and says so", async () => {
  const { schedule, list } = listOf([[A], DOWN, [A]]);
  await list.refresh();
  assertEquals(await list.refresh(), DOWN);
  assertEquals([schedule.size, list.problem?.code], [1, "api-unreachable"]);
  await list.refresh();
  assertEquals(list.problem, null);
});

Deno.test("FleetList doubts that a fleet is gone all at once, for two hours", async () => {
  let nowMs = 0;
  const { schedule, list } = listOf([[A], [], []], () => nowMs);
  await list.refresh();
  nowMs = FORGET_ADDRESS_MS - 1;
  await list.refresh();
  assertEquals([schedule.size, list.problem?.code], [1, "fleet-empty"]);
  nowMs = FORGET_ADDRESS_MS;
  await list.refresh();
  assertEquals([schedule.size, list.problem], [0, null]);
});

Deno.test("FleetList believes an empty list where there never was another", async () => {
  const { list } = listOf([[]]);
  assertEquals([await list.refresh(), list.isKnown, list.problem], [null, true, null]);
});

Deno.test("FleetList tells the fleet where agents are on record", async () => {
  const recorded = new Set(["a:1"]);
  const { list, fleet } = listOf([[A]], undefined, () => Promise.resolve(recorded));
  await list.refresh();
  assertEquals(fleet.asked, [{ recorded }]);
});

Deno.test("FleetList keeps the last list where the record cannot be read", async () => {
  let isReadable = true;
  const { schedule, list } = listOf([[A], []], undefined, () => {
    const error = new StorageError("state-malformed", "no JSON");
    return isReadable ? Promise.resolve(new Set()) : Promise.reject(error);
  });
  await list.refresh();
  isReadable = false;
  await list.refresh();
  assertEquals([schedule.size, list.problem?.code], [1, "state-malformed"]);
});

Deno.test("FleetList throws what is no failure of the fleet", async () => {
  const { list } = listOf([new RangeError("a fault")]);
  await assertRejects(() => list.refresh(), RangeError);
});
