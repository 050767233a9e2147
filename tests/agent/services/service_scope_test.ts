import { lackedBy, pathsOfService, stateOfService } from "../../../agent/services/service_scope.ts";
import type { ManifestEntry, Service } from "../../../protocol/mod.ts";
import { serviceOf } from "../../support/arbitrary_service.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function fileOf(path: string, more: Partial<ManifestEntry> = {}): ManifestEntry {
  const common = { mode: 0o600, size: 1, strategy: "STRICT" as const, digest: "00".repeat(32) };
  return { kind: "file", path, ...common, ...more } as ManifestEntry;
}

function manifestOf(...entries: ManifestEntry[]) {
  return { entries, hooks: [], isWipe: false };
}

const SERVICE = serviceOf("web", {
  fileVariables: new Map([["A", "db.password"]]),
  watches: ["etc/tls"],
});

Deno.test("pathsOfService finds what a service names, what is in it, and what it is in", () => {
  const paths = ["db.password", "db.passwords", "etc/tls/key", "etc/tls", "etc", "et", "etc/tlsx"];
  assertEquals(pathsOfService(SERVICE, paths), ["db.password", "etc/tls/key", "etc/tls", "etc"]);
});

Deno.test("lackedBy looks at what is named, at all where nothing is, and at what nobody declares", () => {
  const manifest = manifestOf(fileOf("db.password"), fileOf("etc/tls/key"), fileOf("other"));
  assertEquals(lackedBy(SERVICE, manifest, ["other"]), []);
  assertEquals(lackedBy(SERVICE, manifest, ["etc/tls/key"]), ["etc/tls/key"]);
  assertEquals(lackedBy(serviceOf("plain"), manifest, ["other"]), ["other"]);
  assertEquals(lackedBy(SERVICE, manifestOf(), []), ["db.password"]);
});

Deno.test("stateOfService is another for another definition, or another file that it names, alone", async () => {
  const manifest = manifestOf(fileOf("etc/tls/key"), fileOf("other"));
  const state = await stateOfService(SERVICE, manifest);
  const others: readonly (readonly [Service, ManifestEntry[]])[] = [
    [serviceOf("web", { ...SERVICE, command: ["x"] }), manifest.entries],
    [serviceOf("web", { ...SERVICE, variables: new Map([["B", "c"]]) }), manifest.entries],
    [serviceOf("web", { ...SERVICE, memoryMb: 1 }), manifest.entries],
    [SERVICE, [fileOf("etc/tls/key", { digest: "11".repeat(32) }), fileOf("other")]],
    [SERVICE, [fileOf("etc/tls/key", { mode: 0o640 }), fileOf("other")]],
    [SERVICE, [fileOf("other")]],
    [SERVICE, [...manifest.entries, fileOf("etc/tls/chain")]],
  ];
  for (const [service, entries] of others) {
    assert(await stateOfService(service, manifestOf(...entries)) !== state);
  }
  const same = manifestOf(fileOf("etc/tls/key"), fileOf("other", { digest: "11".repeat(32) }));
  assertEquals(await stateOfService(SERVICE, same), state);
});

Deno.test("stateOfService goes by no contents of what was made once", async () => {
  const once = (digest: string) => {
    const entry = fileOf("db.password", { strategy: "ENSURE_CREATED", digest: digest.repeat(32) });
    return stateOfService(SERVICE, manifestOf(entry));
  };
  assertEquals(await once("00"), await once("11"));
});
