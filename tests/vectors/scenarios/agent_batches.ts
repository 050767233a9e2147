/**
 * Batches of small files, and manifests that come compressed, as an agent gets them: section 8. This
 * agent asks for 16 small files or more by a batch.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { checkPacked } from "./packed.ts";
import { broken, type Scenario, scenariosOf, TRUNCATED } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const OPEN = ["line2 {}", "passed {}"];
const NAMES = "abcdefghijklmnop".split("");
/** No letter a, one b, and so on. */
const FILES: Readonly<Record<string, string>> = Object.fromEntries(
  NAMES.map((name, i) => [name, name.repeat(i)]),
);
const ASKED = [...OPEN, `manifest ${JSON.stringify(FILES)}`, "manifest-data {}", "wait 4"];
const FINISHED = ["wait 6", 'message {"State":"DONE-REPLY"}', "end"];

type Members = Readonly<Record<string, unknown>>;

const WHOLE = Object.values(FILES).join("");
const ENCODING = { Encoding: "deflate-raw", PlainSize: WHOLE.length };
/** All these letters, compressed. */
const PACKED = checkPacked(
  "4b4a4e4e4949494d4d4d4d03817430c880804c28c882816c38c841805c2490870cf25140012a0000",
  WHOLE,
);

function answer(text: string, members: Members = {}): string {
  return answerInHex(Buffer.from(text).toString("hex"), members);
}

function answerInHex(hex: string, members: Members = {}): string {
  return `say ${hex} with ${JSON.stringify({ State: "BATCH-DATA", Id: 1, ...members })}`;
}

function ended(outcomes: Readonly<Record<string, string>>, others: string) {
  return {
    header: NAMES.flatMap((name): (readonly [string, string])[] => {
      const outcome = outcomes[name] ?? others;
      const report = ["report", `${name} ${outcome}`] as const;
      return outcome === "created" ? [report, ["file", `${name} ${FILES[name]}`]] : [report];
    }),
  };
}

function answered(
  name: string,
  steps: readonly string[],
  [others, outcomes = {}]: readonly [string, Readonly<Record<string, string>>?],
): Scenario {
  return good(`batch_${name}`, [...ASKED, ...steps, ...FINISHED], ended(outcomes, others));
}

function refused(name: string, code: string, ...steps: string[]): Scenario {
  return bad(`batch_${name}`, broken(code), [...ASKED, ...steps]);
}

const ALL = NAMES.map((_, i) => i);
const ANNOUNCED = `{"State":"BATCH-DATA","Id":1,"Stream":3,"StreamSize":${WHOLE.length}}`;

const ANSWERS: readonly Scenario[] = [
  answered("of_16_files", [answer(WHOLE)], ["created"]),
  answered("with_null_for_what_is_absent", [
    answer(WHOLE, { Changed: null, Encoding: null }),
  ], ["created"]),
  answered("compressed", [answerInHex(PACKED, ENCODING)], ["created"]),
  answered("with_changes", [
    answer(WHOLE.replace(/[cp]/g, ""), { Changed: [0, 2, 15] }),
  ], ["created", { a: "changed", c: "changed", p: "changed" }]),
  answered("of_which_all_changed", [answer("", { Changed: ALL })], ["changed"]),
  answered("of_which_a_file_has_other_bytes", [answer(WHOLE.replace("ddd", "d!d"))], [
    "created",
    { d: "failed digest-mismatch" },
  ]),
  answered("compressed_badly", [answerInHex("ffffffff", ENCODING)], ["failed digest-mismatch"]),
  answered("compressed_and_cut_off", [answerInHex(PACKED.slice(0, 40), ENCODING)], [
    "failed digest-mismatch",
  ]),
  answered("given_up_for_a_change", [`message ${ANNOUNCED}`, "reset 3 2"], ["changed"]),
  answered("given_up", [`message ${ANNOUNCED}`, "reset 3 3"], ["failed connection-lost"]),
];

const REFUSALS: readonly Scenario[] = [
  refused("unasked", "message-unexpected", answer(WHOLE, { Id: 2 })),
  refused("answered_twice", "message-unexpected", answer(WHOLE), answer(WHOLE)),
  refused(
    "answered_as_a_request",
    "message-unexpected",
    'message {"State":"DATA","Id":1,"Status":"Changed"}',
  ),
  refused("from_a_keeper", "message-unexpected", 'message {"State":"BATCH","Id":1,"Entries":[0]}'),
  refused("id_malformed", "message-malformed", answer(WHOLE, { Id: "1" })),
  refused("without_stream", "message-malformed", 'message {"State":"BATCH-DATA","Id":1}'),
  refused("too_long", "message-unexpected", answer(`${WHOLE}!`)),
  refused("too_short", "message-unexpected", answer(WHOLE.slice(1))),
  refused("with_what_changed", "message-unexpected", answer(WHOLE, { Changed: [3] })),
  refused("without_what_did_not_change", "message-unexpected", answer(WHOLE.replace("b", ""))),
  refused("with_a_change_unasked", "message-unexpected", answer(WHOLE, { Changed: [16] })),
  refused("with_changes_descending", "message-malformed", answer(WHOLE, { Changed: [1, 0] })),
  refused("with_a_change_twice", "message-malformed", answer(WHOLE, { Changed: [0, 0] })),
  refused("with_a_change_negative", "message-malformed", answer(WHOLE, { Changed: [-1] })),
  refused("with_a_change_of_half", "message-malformed", answer(WHOLE, { Changed: [0.5] })),
  refused("with_changes_as_text", "message-malformed", answer(WHOLE, { Changed: "0" })),
  refused(
    "with_257_changes",
    "message-malformed",
    answer("", { Changed: Array.from({ length: 257 }, (_, i) => i) }),
  ),
  refused(
    "of_more_than_256_kib",
    "message-malformed",
    'message {"State":"BATCH-DATA","Id":1,"Stream":3,"StreamSize":262145}',
  ),
  refused(
    "compressed_to_more_than_256_kib",
    "message-malformed",
    answerInHex(PACKED, { ...ENCODING, PlainSize: 262_145 }),
  ),
  refused(
    "compressed_to_another_size",
    "message-unexpected",
    answerInHex(PACKED, { ...ENCODING, PlainSize: WHOLE.length + 1 }),
  ),
  refused("compressed_and_no_shorter", "message-unexpected", answer(WHOLE, ENCODING)),
  refused(
    "compressed_to_no_size",
    "message-malformed",
    answerInHex(PACKED, { Encoding: "deflate-raw" }),
  ),
  refused(
    "compressed_otherwise",
    "message-malformed",
    answerInHex(PACKED, { ...ENCODING, Encoding: "gzip" }),
  ),
  refused("ended_early", "stream-malformed", `message ${ANNOUNCED}`, "last 3 2"),
  bad("batch_never_answered", TRUNCATED, [...ASKED, "end"]),
  bad("batch_answered_in_a_plan", broken("message-unexpected"), [
    ...[...OPEN, `manifest ${JSON.stringify(FILES)} with {"Plan":true}`, "manifest-data {}"],
    ...["wait 5", answer(WHOLE)],
  ]),
];

/** A folder with a long name, so that its manifest gets shorter. */
const LINE = `{"Path":"${"x".repeat(200)}","Kind":"folder","Mode":448,"Strategy":"STRICT"}\n`;
const PACKED_LINE = checkPacked(
  "ab560a482cc950b252aa1826404947c93b332f45c94a292d3f2725b5484947c9373f2555c9cac4c4424729b8a428b12435bd52c94a293824c8d33944a9960b00",
  LINE,
);
const OTHER_LINE = checkPacked(
  "ab560a482cc950b252aa1c26404947c93b332f45c94a292d3f2725b5484947c9373f2555c9cac4c4424729b8a428b12435bd52c94a293824c8d33944a9960b00",
  LINE.replaceAll("x", "y"),
);
const RAW = `manifest-raw ${JSON.stringify(LINE)}`;
const QUIET = ["wait 5", 'message {"State":"DONE-REPLY"}', "end"];
const CREATED = { header: [["report", `${"x".repeat(200)} created`]] } as const;

function data(hex: string, members: Members = {}): string {
  const good = { Encoding: "deflate-raw", PlainSize: LINE.length };
  return `say ${hex} with ${
    JSON.stringify({ State: "MANIFEST-DATA", Id: 0, ...good, ...members })
  }`;
}

function packed(name: string, code: string, hex: string, members: Members = {}): Scenario {
  return bad(`manifest_${name}`, broken(code), [...OPEN, RAW, "wait 3", data(hex, members)]);
}

const MANIFESTS: readonly Scenario[] = [
  good("manifest_compressed", [...OPEN, RAW, data(PACKED_LINE), ...QUIET], CREATED),
  good("manifest_compressed_where_parts_could_come", [
    ...[...OPEN, RAW, data(PACKED_LINE), ...QUIET],
  ], {
    header: [...CREATED.header, ["held-lines", JSON.stringify('{"Path":"k","Kind":"keep"}\n')]],
  }),
  packed("compressed_badly", "digest-mismatch", "ffffffff"),
  packed("compressed_and_cut_off", "digest-mismatch", PACKED_LINE.slice(0, 60)),
  packed("compressed_to_other_bytes", "digest-mismatch", OTHER_LINE),
  packed("compressed_to_another_size", "message-unexpected", PACKED_LINE, {
    PlainSize: LINE.length + 1,
  }),
  packed("compressed_to_no_size", "message-malformed", PACKED_LINE, { PlainSize: "$absent" }),
  packed("compressed_to_too_much", "message-malformed", PACKED_LINE, { PlainSize: 33_554_433 }),
  packed("compressed_otherwise", "message-malformed", PACKED_LINE, { Encoding: "br" }),
  packed("compressed_and_no_shorter", "message-unexpected", Buffer.from(LINE).toString("hex")),
];

/** Scenarios of batches and of compressed manifests in the agent's role. */
export const AGENT_BATCHES: readonly Scenario[] = [...ANSWERS, ...REFUSALS, ...MANIFESTS];
