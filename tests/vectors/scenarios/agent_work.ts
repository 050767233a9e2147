/**
 * Manifests and files as an agent gets them: section 8. This agent numbers its requests from 1.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { sha256 } from "../../interop/second_implementation/key_schedule.ts";
import { broken, type Scenario, scenariosOf, TRUNCATED } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const OPEN = ["line2 {}", "passed {}"];
const ASKED = [...OPEN, 'manifest {"a":"one"}', "manifest-data {}", "wait 4"];
const FINISHED = ["wait 6", 'message {"State":"DONE-REPLY"}', "end"];
const OTHER_DIGEST = sha256("other").toString("hex");

function withReport(...lines: string[]): { header: [string, string][] } {
  return { header: lines.map((line) => ["report", line]) };
}

function fails(name: string, code: string, steps: readonly string[]): Scenario {
  return bad(name, broken(code), [...OPEN, ...steps]);
}

function asked(name: string, code: string, steps: readonly string[]): Scenario {
  return bad(`data_${name}`, broken(code), [...ASKED, ...steps]);
}

function answered(name: string, report: string, steps: readonly string[]): Scenario {
  return good(`data_${name}`, [...ASKED, ...steps, ...FINISHED], withReport(report));
}

interface Members {
  readonly Path?: unknown;
  readonly Kind?: unknown;
  readonly Digest?: unknown;
  readonly Size?: unknown;
  readonly Mode?: unknown;
  readonly Strategy?: unknown;
}

function line(members: Members = {}): string {
  const Digest = sha256("one").toString("hex");
  const good = { Path: "a", Kind: "file", Digest, Size: 3, Mode: 384, Strategy: "STRICT" };
  return `${JSON.stringify({ ...good, ...members })}\n`;
}

function refusedManifest(name: string, text: string): Scenario {
  return fails(`manifest_${name}`, "manifest-malformed", [
    `manifest-raw ${JSON.stringify(text)}`,
    "manifest-data {}",
  ]);
}

function refusedMember(name: string, members: Members): Scenario {
  return refusedManifest(name, line(members));
}

const MANIFESTS: readonly Scenario[] = [
  refusedManifest("not_json", "a\n"),
  refusedManifest("empty_line", "\n"),
  refusedManifest("no_final_newline", line().trimEnd()),
  refusedManifest("carriage_return", line().replace("\n", "\r\n")),
  refusedManifest("white_space", line().replace(",", ", ")),
  refusedManifest("other_escape", line().replace('"a"', '"\\u0061"')),
  refusedManifest("other_number", line().replace(":384", ":3.84e2")),
  refusedManifest("other_order", line().replace(/("Size":3),("Mode":384)/, "$2,$1")),
  refusedManifest("unknown_member", line().replace("}", ',"New":1}')),
  refusedManifest("duplicate_member", line().replace("{", '{"Path":"a",')),
  refusedManifest("missing_member", line().replace(',"Mode":384', "")),
  refusedManifest("line_too_long", `${line().trimEnd().padEnd(4096)}\n`),
  refusedManifest("duplicate_path", line() + line()),
  refusedManifest("descending", line({ Path: "b" }) + line()),
  refusedManifest(
    "order_of_utf16",
    line({ Path: "\u{10000}" }) + line({ Path: "\uffee" }),
  ),
  refusedManifest("file_as_folder", line() + line({ Path: "a/b" })),
  refusedManifest(
    "file_as_folder_far_apart",
    line() + line({ Path: "a.b" }) + line({ Path: "a/b" }),
  ),
  refusedMember("kind_folder", { Kind: "folder" }),
  refusedMember("digest_upper_case", { Digest: "AB".repeat(32) }),
  refusedMember("size_negative", { Size: -1 }),
  refusedMember("size_too_large", { Size: 2 ** 40 + 1 }),
  refusedMember("mode_512", { Mode: 512 }),
  refusedMember("mode_text", { Mode: "0600" }),
  refusedMember("strategy_unknown", { Strategy: "LAX" }),
  refusedMember("path_empty", { Path: "" }),
  refusedMember("path_with_parent", { Path: "a/../b" }),
  refusedMember("path_with_backslash", { Path: "a\\b" }),
  refusedMember("path_with_stage_prefix", { Path: "a/.fluxvault-stage-1" }),
  refusedMember("path_too_long", { Path: "abc/".repeat(256) + "d" }),
  refusedMember("path_segment_too_long", { Path: "\u00e9".repeat(128) }),
  refusedMember("path_lone_surrogate", { Path: "\ud800" }),
  fails("manifest_not_utf8", "manifest-malformed", [
    `manifest-hex ${Buffer.from(line()).toString("hex").replace("2261", "22ff")}`,
    "manifest-data {}",
  ]),
];

/** Scenarios of the work in the agent's role. */
export const AGENT_WORK: readonly Scenario[] = [
  good("delivery_of_one_file", [...ASKED, "data 1 a", ...FINISHED], {
    header: [["report", "a created"], ["file", "a one"]],
  }),
  good("delivery_of_an_empty_file", [
    ...OPEN,
    'manifest {"a":""}',
    "manifest-data {}",
    "wait 4",
    "data 1 a",
    ...FINISHED,
  ], { header: [["report", "a created"], ["file", "a "]] }),
  good("delivery_of_odd_names", [
    ...OPEN,
    `manifest ${
      JSON.stringify({ "/etc/x": "1", "...": "2", "a b": "3", "\uffee": "4", "\u{10000}": "5" })
    }`,
    "manifest-data {}",
    "await REQUEST",
    "await REQUEST",
    "await REQUEST",
    "await REQUEST",
    "await REQUEST",
    "data 1 ...",
    "data 2 /etc/x",
    "data 3 a b",
    "data 5 \u{10000}",
    "data 4 \uffee",
    "await DONE",
    'message {"State":"DONE-REPLY"}',
    "end",
  ], {
    isScript: true,
    ...withReport(
      "/etc/x created",
      "... created",
      "a b created",
      "\uffee created",
      "\u{10000} created",
    ),
  }),
  good("delivery_of_a_held_manifest", [
    ...OPEN,
    'manifest {"a":"one"}',
    "wait 5",
    'message {"State":"DONE-REPLY"}',
    "end",
  ], { header: [["held", "a one"], ["held-manifest", "yes"], ["report", "a unchanged"]] }),
  good("delivery_of_a_change", [...ASKED, "data 1 a", ...FINISHED], {
    header: [["held", "a two"], ["report", "a updated"], ["file", "a one"]],
  }),
  answered("denied", "a denied", ['message {"State":"DATA","Id":1,"Status":"Denied"}']),
  answered("not_found", "a missing", ['message {"State":"DATA","Id":1,"Status":"FileNotFound"}']),
  answered("changed", "a changed", ['message {"State":"DATA","Id":1,"Status":"Changed"}']),
  answered("other_bytes", "a failed digest-mismatch", [
    "announce 1 a",
    "text-last 3 two",
  ]),
  fails("manifest_not_first", "message-unexpected", [
    'message {"State":"DATA","Id":1,"Status":"Denied"}',
  ]),
  fails("manifest_twice", "message-unexpected", [
    'manifest {"a":"one"}',
    "manifest-data {}",
    "manifest {}",
  ]),
  fails("manifest_too_large", "manifest-too-large", ['manifest {} with {"Size":33554433}']),
  fails("manifest_digest_short", "message-malformed", ['manifest {} with {"Digest":"00"}']),
  fails("manifest_revision_negative", "message-malformed", ['manifest {} with {"Revision":-1}']),
  fails("manifest_signature_malformed", "message-malformed", [
    'manifest {} with {"Signature":"AAAA"}',
  ]),
  fails("manifest_of_another_digest", "digest-mismatch", [
    `manifest {} with {"Digest":"${OTHER_DIGEST}"}`,
    "manifest-data {}",
  ]),
  fails("manifest_data_of_another_id", "message-unexpected", [
    "manifest {}",
    'manifest-data {"Id":1}',
  ]),
  fails("manifest_data_of_another_size", "message-unexpected", [
    'manifest {"a":"one"} with {"Size":1}',
    "manifest-data {}",
  ]),
  fails("manifest_data_without_stream", "message-malformed", [
    "manifest {}",
    'message {"State":"MANIFEST-DATA","Id":0}',
  ]),
  ...MANIFESTS,
  asked("unasked", "message-unexpected", ["data 7 a"]),
  asked("id_malformed", "message-malformed", [
    'message {"State":"DATA","Id":"1","Status":"Denied"}',
  ]),
  asked("status_unknown", "message-malformed", ['data 1 a with {"Status":"Partial"}']),
  asked("without_stream", "message-malformed", [
    'announce 1 a with {"Stream":"$absent","StreamSize":"$absent"}',
  ]),
  asked("of_another_digest", "message-unexpected", [
    `announce 1 a with {"Digest":"${OTHER_DIGEST}"}`,
  ]),
  asked("of_another_size", "message-unexpected", ['announce 1 a with {"StreamSize":4}']),
  asked("of_an_offset", "message-unexpected", ['announce 1 a with {"Offset":1,"StreamSize":2}']),
  asked("mode_512", "message-malformed", ['data 1 a with {"Mode":512}']),
  asked("twice", "message-unexpected", [
    'message {"State":"DATA","Id":1,"Status":"Denied"}',
    'message {"State":"DATA","Id":1,"Status":"Denied"}',
  ]),
  asked("stream_ended_early", "stream-malformed", [
    "announce 1 a",
    "last 3 2",
  ]),
  asked("done_reply_early", "message-unexpected", ['message {"State":"DONE-REPLY"}']),
  asked("request_from_a_keeper", "message-unexpected", ["request 1 a"]),
  bad("end_instead_of_an_answer", TRUNCATED, [...ASKED, "end"]),
  bad("end_instead_of_the_last_word", TRUNCATED, [...ASKED, "data 1 a", "wait 6", "end"]),
];
