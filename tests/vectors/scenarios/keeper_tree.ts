/**
 * Folders, hooks, plans and parts of a manifest as a keeper meets them: section 8.
 *
 * @module
 */
import { sha256 } from "../../interop/second_implementation/key_schedule.ts";
import { broken, type Scenario, scenariosOf } from "./scenario.ts";

const { good, bad } = scenariosOf("keeper");
const OPEN = [
  ...["line1 {}", "read-line2", "claim {}", "await STARTAES", "ready {}", "await MANIFEST"],
];
const HELD = [...OPEN, 'message {"State":"MANIFEST-REPLY","Id":0,"Held":true}'];
const OTHER = [...OPEN, 'message {"State":"MANIFEST-REPLY","Id":0,"Held":false,"Other":true}'];
const LAST = ["await DONE-REPLY", "end"];

const LINES = JSON.stringify(
  '{"Kind":"hook","Name":"reload","Touch":"t","TimeoutS":30}\n' +
    '{"Path":"d","Kind":"folder","Mode":448,"Strategy":"STRICT","Hook":"reload"}\n' +
    '{"Path":"k","Kind":"keep"}\n',
);
const VAULT = [["file", "a one"], ["lines", LINES]] as const;
/** Of more than 16,384 bytes. */
const MANY = [["file-count", "200"]] as const;
const PLAN = [...VAULT, ["plan", "yes"]] as const;

function done(counts: string, lines: readonly string[], json = "{}"): string {
  const text = lines.map((line) => `${line}\n`).join("");
  return `done ${counts} ${JSON.stringify(text)} with ${json}`;
}

function fails(name: string, code: string, step: string): Scenario {
  return bad(name, broken(code), [...HELD, step], { header: VAULT });
}

const HOOK = '{"Hook":"reload","Outcome":"ran","Attempts":1}';

function badHook(name: string, from: string, to: string): Scenario {
  const line = HOOK.replace(from, to);
  return fails(`done_hook_${name}`, "message-malformed", done('{"Unchanged":2}', [line]));
}

function member(name: string, json: string): Scenario {
  return badHook(name, '"Attempts":1', `"Attempts":1,${json}`);
}

function wants(name: string, code: string, step: string): Scenario {
  return bad(`wants_${name}`, broken(code), [...OTHER, "await MANIFEST-PARTS", step], {
    header: MANY,
  });
}

const HOOKS: readonly Scenario[] = [
  badHook("name_capital", '"reload"', '"Reload"'),
  badHook("outcome_of_a_file", '"ran"', '"created"'),
  badHook("without_attempts", ',"Attempts":1', ""),
  badHook("attempts_negative", '"Attempts":1', '"Attempts":-1'),
  badHook("attempts_too_many", '"Attempts":1', '"Attempts":4294967296'),
  member("change_short", `"Change":"${"ab".repeat(15)}"`),
  member("exit_256", '"Exit":256'),
  member("signal_without_sig", '"Signal":"HUP"'),
  member("output_with_escape", '"Output":"\\u001b[2J"'),
  member("output_with_tab", '"Output":"\\t"'),
  member("output_too_long", `"Output":"${"x".repeat(1_793)}"`),
  member("code_with_words", '"Code":"Oh no!"'),
  fails("done_hook_twice", "message-unexpected", done('{"Unchanged":2}', [HOOK, HOOK])),
  good("vault_hooks", [
    ...HELD,
    done('{"Unchanged":2}', [
      HOOK.replace("ran", "failed").replace(
        '"Attempts":1',
        `"Change":"${"ab".repeat(16)}","Attempts":3,"Exit":1,"Output":"no\\n","Code":"exit-status"`,
      ),
    ]),
    ...LAST,
  ], {
    header: [
      ...VAULT,
      ["report", "a unchanged"],
      ["report", "d unchanged"],
      ["hook", "reload failed exit-status"],
    ],
  }),
];

const PARTS: readonly Scenario[] = [
  good("vault_in_parts", [
    ...OTHER,
    "await MANIFEST-PARTS",
    "wants 80 with {}",
    "await MANIFEST-DATA",
    done('{"Unchanged":200}', []),
    ...LAST,
  ], {
    header: [
      ...MANY,
      ...Array.from({ length: 200 }, (_, i): readonly [string, string] => {
        return ["report", `file-${`${i}`.padStart(4, "0")} unchanged`];
      }),
    ],
  }),
  good("vault_not_in_parts", [
    ...OTHER,
    "await MANIFEST-DATA",
    done('{"Unchanged":2}', []),
    ...LAST,
  ], { header: [...VAULT, ["report", "a unchanged"], ["report", "d unchanged"]] }),
  bad("reply_other_text", broken("message-malformed"), [
    ...OPEN,
    'message {"State":"MANIFEST-REPLY","Id":0,"Held":false,"Other":"yes"}',
  ], { header: MANY }),
  fails("wants_unasked", "message-unexpected", "wants 80 with {}"),
  fails("parts_from_an_agent", "message-unexpected", "parts {}"),
  wants("of_another_id", "message-unexpected", 'wants 80 with {"Id":1}'),
  wants("of_too_few_bits", "message-unexpected", "wants - with {}"),
  wants("of_too_many_bits", "message-unexpected", "wants 8000 with {}"),
  wants("of_no_part", "message-malformed", "wants 01 with {}"),
  wants("without_stream", "message-malformed", 'message {"State":"MANIFEST-WANTS","Id":0}'),
  wants("instead_of_them_a_request", "message-unexpected", "request 1 file-0001"),
];

const PLANS: readonly Scenario[] = [
  good("vault_plan", [
    ...HELD,
    done('{"Created":1,"Removed":1,"Unchanged":1}', [
      '{"Path":"a","Outcome":"created"}',
      '{"Path":"d/x","Outcome":"removed"}',
      HOOK.replace("ran", "due").replace("1", "0"),
    ]),
    ...LAST,
  ], {
    header: [
      ...PLAN,
      ["report", "a created"],
      ["report", "d unchanged"],
      ["report", "d/x removed"],
      ["hook", "reload due"],
      ["bytes", "0"],
    ],
  }),
  bad("plan_with_a_request", broken("message-unexpected"), [...HELD, "request 1 a"], {
    header: PLAN,
  }),
  bad("plan_signed", broken("message-unexpected"), [
    ...HELD,
    done('{"Unchanged":2}', [], `{"Signature":"${"00".repeat(64)}"}`),
  ], { header: PLAN }),
];

const CERTIFIED = [
  ["file", "a one"],
  [
    "lines",
    JSON.stringify(
      `{"Kind":"certificate","Name":"web","Key":"P-256","Terms":"${"ab".repeat(32)}"}\n` +
        '{"Path":"key","Kind":"issued","Certificate":"web","Part":"key","Mode":384,"Strategy":"STRICT"}\n',
    ),
  ],
] as const;

const CERTIFICATES: readonly Scenario[] = [
  good("vault_certificates", [
    ...HELD,
    "request 1 key",
    "await DATA",
    done('{"Failed":1,"Unchanged":1}', [
      '{"Path":"key","Outcome":"failed","Code":"certificate-unsupported"}',
    ]),
    ...LAST,
  ], {
    header: [
      ...CERTIFIED,
      ["report", "a unchanged"],
      ["report", "key failed certificate-unsupported"],
      ["bytes", "0"],
    ],
  }),
  bad("batch_of_what_is_issued", broken("message-unexpected"), [
    ...HELD,
    'message {"State":"BATCH","Id":1,"Entries":[1]}',
  ], { header: CERTIFIED }),
];

/** Scenarios of folders, hooks, plans and parts in the keeper's role. */
export const KEEPER_TREE: readonly Scenario[] = [
  good("vault_tree", [
    ...HELD,
    "request 1 d",
    "await DATA",
    "request 2 k",
    "await DATA",
    done('{"Reowned":1,"Removed":2,"Unchanged":1}', [
      '{"Path":"d","Outcome":"reowned"}',
      '{"Path":"d/x","Outcome":"removed"}',
      '{"Path":"gone","Outcome":"removed"}',
    ]),
    ...LAST,
  ], {
    header: [
      ...VAULT,
      ["report", "a unchanged"],
      ["report", "d reowned"],
      ["report", "d/x removed"],
      ["report", "gone removed"],
    ],
  }),
  fails("done_counts_reowned_absent", "message-malformed", done('{"Reowned":"$absent"}', [])),
  fails(
    "done_counts_reowned_hidden",
    "message-unexpected",
    done('{"Unchanged":1}', [
      '{"Path":"d","Outcome":"reowned"}',
    ]),
  ),
  fails(
    "done_counts_removed_hidden",
    "message-unexpected",
    done('{"Unchanged":2}', [
      '{"Path":"x","Outcome":"removed"}',
    ]),
  ),
  fails("done_counts_what_is_kept", "message-unexpected", done('{"Unchanged":3}', [])),
  fails("request_accept_number", "message-malformed", 'request 1 a with {"Accept":1}'),
  good("request_accept_unknown", [
    ...HELD,
    'request 1 a with {"Accept":"br"}',
    "await DATA",
    done('{"Created":1,"Unchanged":1}', ['{"Path":"a","Outcome":"created"}']),
    ...LAST,
  ], {
    header: [...VAULT, ["report", "a created"], ["report", "d unchanged"], ["bytes", "3"]],
  }),
  good("request_digest_of_what_is_there", [
    ...HELD,
    `request 1 a with {"Digest":"${sha256("one").toString("hex")}","Accept":"deflate-raw"}`,
    "await DATA",
    done('{"Unchanged":2}', []),
    ...LAST,
  ], {
    header: [...VAULT, ["report", "a unchanged"], ["report", "d unchanged"], ["bytes", "0"]],
  }),
  ...HOOKS,
  ...PARTS,
  ...PLANS,
  ...CERTIFICATES,
];
