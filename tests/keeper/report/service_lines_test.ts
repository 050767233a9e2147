import {
  countServices,
  describeService,
  planService,
  serviceTroublesOf,
} from "../../../keeper/report/service_lines.ts";
import { isServiceChanged } from "../../../keeper/report/service_standing.ts";
import type { ServiceResult } from "../../../protocol/mod.ts";
import { assertEquals } from "../../support/assert.ts";

const RESULTS: readonly ServiceResult[] = [
  { service: "a", outcome: "started" },
  { service: "b", outcome: "restarted" },
  { service: "c", outcome: "running" },
  { service: "d", outcome: "stopped" },
  { service: "e", outcome: "stopped", code: "service-held" },
  { service: "f", outcome: "waiting", code: "file-missing" },
  { service: "g", outcome: "failed", code: "service-failed" },
  { service: "h", outcome: "refused", code: "service-refused" },
];

Deno.test("serviceTroublesOf tells of what does not run and should", () => {
  assertEquals(serviceTroublesOf(RESULTS, "a:1"), [
    "a:1: service f: waits (file-missing)",
    "a:1: service g: failed, and is tried again (service-failed)",
    "a:1: service h: refused (service-refused)",
  ]);
});

Deno.test("countServices counts what changed, the worst first", () => {
  assertEquals(countServices([...RESULTS, { service: "i", outcome: "started" }]), [
    ...["1 service failed", "1 service refused", "1 service waiting", "2 services started"],
    ...["1 service restarted", "1 service stopped"],
  ]);
});

Deno.test("planService says what would be done, and nothing of what stays as it is", () => {
  assertEquals(RESULTS.map(planService), [
    ...["start   service a", "restart service b", null, "stop    service d", null],
    ...["wait    service f (file-missing)", "retry   service g (service-failed)"],
    "refuse  service h (service-refused)",
  ]);
});

Deno.test("isServiceChanged tells changes from what stays as it is", () => {
  const same = RESULTS.filter((result) => !isServiceChanged(result));
  assertEquals(same.map(({ service }) => service), ["c", "e"]);
});

Deno.test("describeService says how a service stands, and why", () => {
  const result = { service: "a", outcome: "stopped", code: "service-ended" } as const;
  assertEquals(describeService(result), "stopped (service-ended)");
});
