import fc from "fast-check";
import { ProtocolError } from "../../protocol/errors.ts";
import { encodeManifest } from "../../protocol/manifest.ts";
import { decodeManifestLine, encodeManifestLine } from "../../protocol/manifest_line.ts";
import { findVariableFault, isServiceName } from "../../protocol/service_line.ts";
import { arbitraryService, serviceOf } from "../support/arbitrary_service.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("encodeManifestLine and decodeManifestLine keep every service", () => {
  fc.assert(fc.property(arbitraryService(), (service) => {
    const text = encodeManifestLine({ kind: "service", service });
    const line = decodeManifestLine(text);
    assertEquals(encodeManifestLine(line), text);
    assertEquals(line.kind === "service" && line.service.command, service.command);
  }));
});

Deno.test("encodeManifestLine writes the members of a service in one order, and none that say nothing", () => {
  const bare = encodeManifestLine({ kind: "service", service: serviceOf("web") });
  assertEquals(
    bare,
    '{"Kind":"service","Name":"web","Run":["run"],"Restart":"always","StopSignal":"SIGTERM",' +
      '"StopS":10}',
  );
  const service = serviceOf("web", {
    variables: new Map([["B", "2"], ["A", "x=y"]]),
    watches: ["\u{1f600}", "\uff01", "a"],
  });
  const text = encodeManifestLine({ kind: "service", service });
  assertEquals(JSON.parse(text).Env, ["A=x=y", "B=2"]);
  assertEquals(JSON.parse(text).Watch, ["a", "\uff01", "\u{1f600}"]);
});

Deno.test("encodeManifest refuses services that contradict themselves or each other", async () => {
  const one = new Map([["A", "a"]]);
  const bad = [
    [serviceOf("web"), serviceOf("web")],
    [serviceOf("Web")],
    [serviceOf("web", { variables: one, fileVariables: one })],
    [serviceOf("web", { variables: new Map([["FLUXVAULT_X", "y"]]) })],
    [serviceOf("web", { folder: "../x" })],
    [serviceOf("web", { watches: ["/"] })],
    [serviceOf("web", { fileVariables: new Map([["A", "a//b"]]) })],
    Array.from({ length: 33 }, (_, i) => serviceOf(`s${i}`)),
  ];
  for (const services of bad) {
    await assertRejects(
      () => encodeManifest([], { services }),
      ProtocolError,
      "manifest-malformed",
    );
  }
});

Deno.test("findVariableFault tells names of variables from others", () => {
  assertEquals(["A", "_1", "a_B9"].map(findVariableFault), [null, null, null]);
  const faults = ["", "1A", "A-B", "A=", "fluxVault_x", "A".repeat(129)].map(findVariableFault);
  assertEquals(faults.includes(null), false);
});

Deno.test("isServiceName tells names of services from others", () => {
  assertEquals(["web", "0", "a-b"].map(isServiceName), [true, true, true]);
  assertEquals(["", "Web", "-a", "a".repeat(64)].map(isServiceName), [false, false, false, false]);
});
