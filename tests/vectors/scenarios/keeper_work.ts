/**
 * Requests, results and streams as a keeper gets them: sections 7 and 8.
 *
 * @module
 */
import { sha256 } from "../../interop/second_implementation/key_schedule.ts";
import { broken, brokenSilently, type Scenario, scenariosOf, TRUNCATED } from "./scenario.ts";

const { good, bad } = scenariosOf("keeper");
const OPEN = [
  ...["line1 {}", "read-line2", "claim {}", "await STARTAES", "ready {}", "await MANIFEST"],
];
const HELD = [...OPEN, 'message {"State":"MANIFEST-REPLY","Id":0,"Held":true}'];
const LAST = ["await DONE-REPLY", "end"];
const VAULT = [["file", "a one"], ["file", "b two"], ["missing", "gone"]] as const;
/** A file that does not fit a window: its stream stays open until it is granted more. */
const BIG = [["file-of-zeros", "big 600000"]] as const;
/** One that takes so long that what was granted is not used up when the next grant comes. */
const LARGE = [["file-of-zeros", "big 8000000"]] as const;
const CREATED = '{"Path":"a","Outcome":"created"}\n';

function fails(name: string, outcome: string, steps: readonly string[]): Scenario {
  return bad(name, outcome, [...HELD, ...steps], { header: VAULT });
}

function early(name: string, code: string, step: string): Scenario {
  return bad(name, broken(code), [...OPEN, step], { header: VAULT });
}

function request(name: string, json: string): Scenario {
  return fails(`request_${name}`, broken("message-malformed"), [`request 1 a with ${json}`]);
}

function done(name: string, code: string, counts: string, lines: string, json = "{}"): Scenario {
  return fails(`done_${name}`, broken(code), [
    `done ${counts} ${JSON.stringify(lines)} with ${json}`,
  ]);
}

function big(name: string, outcome: string, steps: readonly string[]): Scenario {
  return bad(name, outcome, [...HELD, ...steps], { header: BIG });
}

/** Scenarios of the work in the keeper's role. */
export const KEEPER_WORK: readonly Scenario[] = [
  good("vault_first_delivery", [
    ...OPEN,
    'message {"State":"MANIFEST-REPLY","Id":0,"Held":false}',
    "await MANIFEST-DATA",
    "request 1 a",
    "request 2 b",
    "await DATA",
    "await DATA",
    `done {"Created":2} ${JSON.stringify(CREATED + CREATED.replace('"a"', '"b"'))}`,
    ...LAST,
  ], { header: [...VAULT, ["report", "a created"], ["report", "b created"]] }),
  good("vault_nothing_to_do", [...HELD, 'done {"Unchanged":2} ""', ...LAST], {
    header: [...VAULT, ["report", "a unchanged"], ["report", "b unchanged"]],
  }),
  good("vault_every_answer", [
    ...HELD,
    "request 1 gone",
    "await DATA",
    "request 2 other",
    "await DATA",
    `request 3 a with {"Digest":"${sha256("one").toString("hex")}"}`,
    "await DATA",
    'message {"State":"DANCE"}',
    "await RESULT",
    `done {"Missing":2,"Failed":1,"Unchanged":1} ${
      JSON.stringify(
        '{"Path":"gone","Outcome":"missing"}\n{"Path":"other","Outcome":"denied"}\n' +
          '{"Path":"b","Outcome":"failed","Code":"disk-full"}\n',
      )
    }`,
    ...LAST,
  ], {
    header: [
      ...VAULT,
      ["report", "a unchanged"],
      ["report", "b failed disk-full"],
      ["report", "gone missing"],
      ["report", "other denied"],
    ],
  }),
  good("vault_resumed", [
    ...HELD,
    `request 1 a with {"Offset":2,"Prefix":"${sha256("on").toString("hex")}"}`,
    "await DATA",
    `done {"Created":1,"Unchanged":1} ${JSON.stringify(CREATED)}`,
    ...LAST,
  ], { header: [...VAULT, ["report", "a created"], ["report", "b unchanged"], ["bytes", "1"]] }),
  good("vault_file_given_up", [
    ...HELD,
    "request 1 big",
    "await DATA",
    "reset 1 3",
    'done {"Failed":1} "{\\"Path\\":\\"big\\",\\"Outcome\\":\\"failed\\",\\"Code\\":\\"disk-full\\"}\\n"',
    ...LAST,
  ], { header: [...BIG, ["report", "big failed disk-full"]] }),
  early(
    "reply_of_another_id",
    "message-unexpected",
    'message {"State":"MANIFEST-REPLY","Id":1,"Held":true}',
  ),
  early(
    "reply_held_text",
    "message-malformed",
    'message {"State":"MANIFEST-REPLY","Id":0,"Held":"yes"}',
  ),
  early("request_before_reply", "message-unexpected", "request 1 a"),
  fails("reply_twice", broken("message-unexpected"), [
    'message {"State":"MANIFEST-REPLY","Id":0,"Held":true}',
  ]),
  fails("manifest_from_an_agent", broken("message-unexpected"), ["manifest {}"]),
  fails("data_from_an_agent", broken("message-unexpected"), [
    'message {"State":"DATA","Id":1,"Status":"Denied"}',
  ]),
  request("id_negative", '{"Id":-1}'),
  request("id_too_large", '{"Id":4294967296}'),
  request("file_absent", '{"File":"$absent"}'),
  request("file_with_parent", '{"File":"../a"}'),
  request("file_with_nul", '{"File":"a\\u0000"}'),
  request("digest_short", '{"Digest":"00"}'),
  request("offset_without_prefix", '{"Offset":1}'),
  request("offset_negative", '{"Offset":-1}'),
  request("offset_fraction", `{"Offset":0.5,"Prefix":"${"00".repeat(32)}"}`),
  fails("requests_without_end", broken("too-many-messages"), ["repeat 1029 request # other"]),
  big("requests_open_65", broken("too-many-messages"), ["repeat 65 request # big"]),
  big("done_with_an_open_request", broken("message-unexpected"), [
    "request 1 big",
    "await DATA",
    'done {"Unchanged":1} ""',
  ]),
  bad("grant_overflow", broken("window-exceeded"), [
    ...HELD,
    "request 1 big",
    "await DATA",
    "window 1 2147483647",
    "window 1 2147483647",
  ], { header: LARGE }),
  fails("grant_for_no_stream", broken("stream-malformed"), ["window 1 1"]),
  fails("reset_of_no_stream", broken("stream-malformed"), ["reset 0 1"]),
  fails("agent_stream_odd", broken("stream-malformed"), ['done {} "" with {"Stream":1}']),
  fails("agent_frame_replayed", brokenSilently("open-failed"), [
    "hold request 1 other",
    "held 0",
    "held 0",
  ]),
  fails("agent_frame_malformed", broken("frame-malformed"), ["frame 09"]),
  done("counts_too_high", "message-unexpected", '{"Created":2,"Unchanged":1}', CREATED),
  done("counts_unchanged_too_low", "message-unexpected", '{"Created":1}', CREATED),
  done("counts_negative", "message-malformed", '{"Created":-1}', ""),
  done("counts_absent", "message-malformed", "{}", "", '{"Counts":"$absent"}'),
  done(
    "of_another_digest",
    "digest-mismatch",
    '{"Unchanged":2}',
    "",
    `{"Digest":"${"00".repeat(32)}"}`,
  ),
  fails("done_without_stream", broken("message-malformed"), [
    `message ${JSON.stringify({ State: "DONE", Counts: {}, Digest: "00".repeat(32) })}`,
  ]),
  done("line_not_json", "message-malformed", "{}", "created\n"),
  done(
    "line_without_newline",
    "message-malformed",
    '{"Created":1,"Unchanged":1}',
    CREATED.trimEnd(),
  ),
  done(
    "line_of_unchanged",
    "message-malformed",
    '{"Unchanged":2}',
    '{"Path":"a","Outcome":"unchanged"}\n',
  ),
  done(
    "line_path_malformed",
    "message-malformed",
    '{"Created":1}',
    '{"Path":"../a","Outcome":"created"}\n',
  ),
  done(
    "line_code_with_words",
    "message-malformed",
    '{"Failed":1,"Unchanged":1}',
    '{"Path":"a","Outcome":"failed","Code":"Oh no!"}\n',
  ),
  done("lines_of_one_file", "message-unexpected", '{"Created":2,"Unchanged":1}', CREATED + CREATED),
  fails("end_instead_of_done", TRUNCATED, ["request 1 a", "await DATA", "end"]),
  fails("end_inside_a_frame", TRUNCATED, ["hold request 1 a", "held 0 cut 30", "end"]),
];
