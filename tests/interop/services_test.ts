/**
 * Services, between our implementation and the second one: the lines of a manifest, and of results.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { decodeManifest, encodeManifest } from "../../protocol/manifest.ts";
import { decodeResults, encodeResults } from "../../protocol/results.ts";
import type { ServiceResult } from "../../protocol/mod.ts";
import { arbitraryService } from "../support/arbitrary_service.ts";
import { assertEquals } from "../support/assert.ts";
import { composeManifest, parseManifest } from "./second_implementation/manifest.ts";
import { composeResults, parseResults } from "./second_implementation/results.ts";

Deno.test("our lines of services and those of the second implementation are the same bytes", async () => {
  const services = fc.uniqueArray(arbitraryService(), {
    selector: ({ name }) => name,
    maxLength: 8,
  });
  await fc.assert(fc.asyncProperty(services, async (services) => {
    const { bytes } = await encodeManifest([], { services });
    const lines = parseManifest(Buffer.from(bytes));
    assertEquals(lines.length, services.length);
    assertEquals(composeManifest(new Map(), lines), Buffer.from(bytes));
    const again = await encodeManifest([], { services: decodeManifest(bytes).services ?? [] });
    assertEquals(again.bytes, bytes);
  }));
});

Deno.test("our results of services and those of the second implementation are the same bytes", () => {
  const services: readonly ServiceResult[] = [
    { service: "web", outcome: "started" },
    { service: "0-9", outcome: "refused", code: "service-refused" },
  ];
  const bytes = encodeResults({ files: [], hooks: [], services });
  const told = parseResults(Buffer.from(bytes));
  assertEquals(composeResults(told.services), Buffer.from(bytes));
  assertEquals(decodeResults(bytes).services, services);
});
