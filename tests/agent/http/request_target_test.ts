import fc from "fast-check";
import { readTarget } from "../../../agent/http/request_target.ts";
import { findPathFault } from "../../../protocol/secret_path.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("readTarget reads the path of a file, decoded once", () => {
  const paths: Readonly<Record<string, string>> = {
    "/files/a": "a",
    "/files/tls/key.pem?v=1": "tls/key.pem",
    "/files/a%20b": "a b",
    "/files/%C3%A9": "\u00e9",
    "/files/%252e": "%2e",
    "/files//run/secrets/a": "/run/secrets/a",
    "/files/%2Frun/a": "/run/a",
    "/files/%65vents": "events",
    "http://host:1/files/a": "a",
  };
  for (const [target, path] of Object.entries(paths)) {
    assertEquals(readTarget(target), { kind: "file", path }, target);
  }
});

Deno.test("readTarget knows the list and the events", () => {
  assertEquals(readTarget("/files/"), { kind: "listing" });
  assertEquals(readTarget("/files"), { kind: "listing" });
  assertEquals(readTarget("/files/events?after=1"), { kind: "events", query: "after=1" });
});

Deno.test("readTarget finds no file where no secret file may be", () => {
  const targets = [
    ...["/", "/file", "/filesx", "/../files/a", "/%66iles/a", "//files/a"],
    ...["/files/..", "/files/%2e%2e/a", "/files/a%2f%2e%2e%2fb", "/files/a\\b", "/files/a%5cb"],
    ...["/files/%00", "/files/a//b", "/files/a/", "/files/./a", "/files/.fluxvault-stage-1"],
    ...["/files/%EF%BB%BF/.."],
  ];
  for (const target of targets) assertEquals(readTarget(target).kind, "nothing", target);
});

Deno.test("readTarget refuses what it cannot read", () => {
  const targets = [
    ...["*", "files/a", "https://a/files/a", "http://a", "/files/a#b", "host:80"],
    ...["/files/%", "/files/%2", "/files/%zz", "/files/%c0%ae", "/files/%ff", "/files/%u002e"],
  ];
  for (const target of targets) assertEquals(readTarget(target).kind, "malformed", target);
});

Deno.test("readTarget reads every path back that is percent-encoded", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), (path) => {
    const target = `/files/${encodeURIComponent(path.toWellFormed())}`;
    const expected = findPathFault(path.toWellFormed()) === null
      ? { kind: "file", path: path.toWellFormed() }
      : { kind: "nothing" };
    assertEquals<unknown>(readTarget(target), expected);
  }));
});
