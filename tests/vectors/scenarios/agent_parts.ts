/**
 * The parts of a manifest as an agent gets them: section 8, steps 2 and 3.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { composeList, cutManifest } from "../../interop/second_implementation/parts.ts";
import { broken, type Scenario, scenariosOf } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const OPEN = ["line2 {}", "passed {}"];

function lineOf(i: number): string {
  return `{"Path":"${"x".repeat(200)}-${`${i}`.padStart(4, "0")}","Kind":"keep"}\n`;
}

function endsPart(i: number): boolean {
  return cutManifest(Buffer.from(`${lineOf(i)}x\n`)).length === 2;
}

/** Lines of which each sixth ends a part: three parts of some 1,400 bytes. */
const ENDS = Array.from({ length: 2_000 }, (_, i) => i).filter((i) => i > 10 && endsPart(i)).slice(
  0,
  3,
);
const NUMBERS = ENDS.flatMap((end) => [end - 5, end - 4, end - 3, end - 2, end - 1, end]);
const HELD = NUMBERS.map(lineOf).join("");
const PARTS = cutManifest(Buffer.from(HELD));
/** One line fewer in the middle part. */
const WANTED = NUMBERS.filter((_, i) => i !== 8).map(lineOf).join("");
const WANTED_PARTS = cutManifest(Buffer.from(WANTED));
if (PARTS.length !== 3 || WANTED_PARTS.length !== 3) {
  throw new Error("the lines of these scenarios fall into other parts");
}

const HOLDING = [["held-lines", JSON.stringify(HELD)]] as const;
const ANNOUNCED = [...OPEN, `manifest-raw ${JSON.stringify(WANTED)}`, "wait 3"];
/** Behind it the agent has said which parts it lacks: a message and a stream. */
const LISTED = [...ANNOUNCED, "parts {}", "wait 5"];
const FINISHED = ["wait 7", 'message {"State":"DONE-REPLY"}', "end"];

function fails(name: string, code: string, steps: readonly string[]): Scenario {
  return bad(`parts_${name}`, broken(code), steps, { header: HOLDING });
}

function list(name: string, code: string, hex: string): Scenario {
  return fails(name, code, [...ANNOUNCED, `parts-hex ${hex} with {}`]);
}

function record(size: number, digest = "00".repeat(32)): string {
  return size.toString(16).padStart(8, "0") + digest;
}

/** Scenarios of the parts of manifests in the agent's role. */
export const AGENT_PARTS: readonly Scenario[] = [
  good("parts_of_which_one_differs", [...LISTED, "wanted 1 with {}", ...FINISHED], {
    header: HOLDING,
  }),
  good("parts_of_which_none_differs", [
    ...OPEN,
    `manifest-raw ${JSON.stringify(PARTS[0]?.toString() ?? "")}`,
    ...["wait 3", "parts {}", "wait 5", "wanted - with {}"],
    ...FINISHED,
  ], { header: HOLDING }),
  good("parts_not_made", [
    ...ANNOUNCED,
    "manifest-data {}",
    ...["wait 5", 'message {"State":"DONE-REPLY"}', "end"],
  ], { header: HOLDING }),
  bad("parts_for_whom_holds_nothing", broken("message-unexpected"), [...ANNOUNCED, "parts {}"]),
  fails("of_another_id", "message-unexpected", [...ANNOUNCED, 'parts {"Id":1}']),
  fails("without_stream", "message-malformed", [
    ...ANNOUNCED,
    'message {"State":"MANIFEST-PARTS","Id":0}',
  ]),
  fails("too_many", "message-unexpected", [
    ...ANNOUNCED,
    `message {"State":"MANIFEST-PARTS","Id":0,"Stream":1,"StreamSize":${
      36 * Math.ceil(WANTED.length / 1_024) + 36
    }}`,
  ]),
  fails("twice", "message-unexpected", [...LISTED, "parts {}"]),
  list("of_no_list", "manifest-malformed", "00"),
  list("ending_early", "manifest-malformed", record(WANTED.length).slice(2)),
  list("of_no_bytes", "manifest-malformed", record(WANTED.length) + record(0)),
  list("of_too_few_bytes", "manifest-malformed", record(WANTED.length - 1)),
  list("of_too_many_bytes", "manifest-malformed", record(WANTED.length) + record(1)),
  list("that_overflow", "manifest-malformed", record(2 ** 32 - 1) + record(WANTED.length + 1)),
  fails("in_another_order", "digest-mismatch", [
    ...ANNOUNCED,
    `parts-hex ${composeList(WANTED_PARTS.toReversed()).toString("hex")} with {}`,
    ...["wait 5", "wanted 1 with {}"],
  ]),
  fails("of_other_bytes", "digest-mismatch", [
    ...LISTED,
    `blank ${WANTED_PARTS[1]?.length} with {}`,
  ]),
  fails("data_of_another_id", "message-unexpected", [...LISTED, 'wanted 1 with {"Id":1}']),
  fails("data_of_too_many_parts", "message-unexpected", [...LISTED, "wanted 0,1 with {}"]),
  fails("data_of_too_few_parts", "message-unexpected", [...LISTED, "wanted - with {}"]),
  fails("data_of_another_part", "message-unexpected", [...LISTED, "wanted 0 with {}"]),
  fails("wants_from_a_keeper", "message-unexpected", [
    ...ANNOUNCED,
    'message {"State":"MANIFEST-WANTS","Id":0,"Stream":1,"StreamSize":1}',
  ]),
];
