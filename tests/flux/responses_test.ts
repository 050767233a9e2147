import fc from "fast-check";
import { asRecord, faultToError, printable, readEnvelope } from "../../flux/responses.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readFluxFixture } from "../support/fake_flux_api.ts";

Deno.test("asRecord takes objects and nothing else", () => {
  assertEquals(asRecord({ a: 1 }), { a: 1 });
  for (const value of [null, undefined, [], "x", 1, true]) assertEquals(asRecord(value), null);
});

Deno.test("printable replaces what a terminal would act on or hide", () => {
  assertEquals(printable("a\u001b[31m\u0000\n\u202e\u2028\ufeff z\u00e9"), "a?[31m????? z\u00e9");
});

Deno.test("printable cuts long text, also through a surrogate pair", () => {
  assertEquals(printable("abcdef", 3), "abc...");
  assertEquals(printable("ab\u{1f600}", 3), "ab?...");
  assertEquals(printable("x".repeat(500)).length, 203);
});

Deno.test("readEnvelope returns the data of a success, also null and false", () => {
  assertEquals(readEnvelope('{"status":"success","data":null}'), { kind: "success", data: null });
  assertEquals(readEnvelope(' {"data":false,"status":"success","new":1}\n'), {
    kind: "success",
    data: false,
  });
});

Deno.test("readEnvelope finds the fault inside an answer", async () => {
  const envelope = readEnvelope(await readFluxFixture("apps_location_db_error.json"));
  const fault = { name: "MongoTopologyClosedError", message: "Topology is closed" };
  assertEquals(envelope, { kind: "fault", fault });
});

Deno.test("readEnvelope reads a warning, and a fault of any shape, as a fault", () => {
  const cases: [string, string][] = [
    ['{"status":"warning","data":{"message":"careful"}}', "careful"],
    ['{"status":"error","data":{"code":-1,"name":7,"message":"odd"}}', "odd"],
    ['{"status":"error","data":"bare"}', "bare"],
    ['{"status":"error","data":{"message":{}}}', "no reason given"],
    ['{"status":"error","data":[]}', "no reason given"],
    ['{"status":"error"}', "no reason given"],
  ];
  for (const [text, message] of cases) {
    assertEquals(readEnvelope(text), { kind: "fault", fault: { name: "", message } }, text);
  }
});

Deno.test("readEnvelope says what is wrong with anything else", () => {
  const cases: [string, string][] = [
    ["", "the answer is empty"],
    [" \n", "the answer is empty"],
    ["<html>502 Bad Gateway</html>", "the answer is not JSON"],
    ['{"status":"success"', "the answer is not JSON"],
    ['{"status":"success"}', "the answer has no data"],
    ["[]", "the answer has no status that FluxOS uses"],
    ["null", "the answer has no status that FluxOS uses"],
    ['{"status":"SUCCESS","data":1}', "the answer has no status that FluxOS uses"],
    ['{"__proto__":{"status":"success","data":1}}', "the answer has no status that FluxOS uses"],
  ];
  for (const [text, reason] of cases) {
    assertEquals(readEnvelope(text), { kind: "malformed", reason }, text);
  }
});

Deno.test("readEnvelope never throws", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    assert(["success", "fault", "malformed"].includes(readEnvelope(text).kind));
  }));
  assertEquals(readEnvelope("[".repeat(1_000_000)).kind, "malformed");
});

Deno.test("faultToError tells the faults apart that call for different action", async () => {
  const expected: [string, string, boolean][] = [
    ["apps_appspecifications_not_synced", "not-synced", true],
    ["apps_appspecifications_unknown", "app-unknown", false],
    ["apps_appowner_unknown", "app-unknown", false],
    ["apps_appspecifications_v8_enterprise_nonarcane", "arcane-only", false],
    ["apps_location_db_error", "api-error", true],
    ["apps_location_missing_name", "api-error", false],
    ["apps_location_bad_regex_name", "api-error", false],
    ["daemon_error_numeric_code", "api-error", false],
    ["unauthorized", "api-error", false],
    ["fluxnode_service_hostinfo_unauthorized", "api-error", false],
    ["fluxnode_service_hostinfo_unavailable", "api-error", true],
  ];
  for (const [file, code, transient] of expected) {
    const envelope = readEnvelope(await readFluxFixture(`${file}.json`));
    assert(envelope.kind === "fault", file);
    const error = faultToError(envelope.fault);
    assertEquals([error.code, error.transient], [code, transient], file);
  }
});
