/**
 * Folders, hooks, what is kept, plans and compressed contents as an agent gets them: section 8.
 *
 * @module
 */
import { sha256 } from "../../interop/second_implementation/key_schedule.ts";
import { broken, type Scenario, scenariosOf } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const OPEN = ["line2 {}", "passed {}"];
/** Behind a delivery in which nothing is asked for. */
const QUIET = ["wait 5", 'message {"State":"DONE-REPLY"}', "end"];
const ASKED = ["wait 4"];
const ANSWERED = ["wait 6", 'message {"State":"DONE-REPLY"}', "end"];

type Members = Readonly<Record<string, unknown>>;

/** Writes a line; a member that is undefined is left out. */
function line(good: Members, members: Members = {}): string {
  return `${JSON.stringify({ ...good, ...members })}\n`;
}

const FILE = {
  ...{ Path: "a", Kind: "file", Digest: sha256("one").toString("hex"), Size: 3, Mode: 384 },
  Strategy: "STRICT",
};
const FOLDER = { Path: "a", Kind: "folder", Mode: 448, Strategy: "STRICT" };
const KEEP = { Path: "a", Kind: "keep" };
const HOOK = { Kind: "hook", Name: "x", Touch: "t", TimeoutS: 30 };
const RUN = { Kind: "hook", Name: "x", Run: ["/a"], TimeoutS: 30 };
const SIGNAL = { Kind: "hook", Name: "x", Signal: "SIGHUP", TimeoutS: 30 };
const SET = { ...FOLDER, Together: true };
const WIPE = line({ Kind: "wipe" });

function refused(name: string, text: string): Scenario {
  return bad(`tree_${name}`, broken("manifest-malformed"), [
    ...OPEN,
    `manifest-raw ${JSON.stringify(text)}`,
    "manifest-data {}",
  ]);
}

const REFUSED: readonly Scenario[] = [
  refused("uid_negative", line(FILE, { Uid: -1 })),
  refused("uid_of_none", line(FILE, { Uid: 4_294_967_295 })),
  refused("uid_null", line(FILE, { Uid: null })),
  refused("gid_of_none", line(FOLDER, { Gid: 4_294_967_295 })),
  refused("gid_before_uid", line(FILE, { Gid: 1, Uid: 1 })),
  refused("file_not_in_place", line(FILE, { InPlace: false })),
  refused("file_together", line(FILE, { Together: true })),
  refused("file_allow_adds", line(FILE, { Strategy: "ALLOW_ADDS" })),
  refused("lease_of_no_time", line(FILE, { LeaseS: 0 })),
  refused("lease_too_long", line(FILE, { LeaseS: 31_622_401 })),
  refused("lease_before_in_place", line(FILE, { LeaseS: 1, InPlace: true })),
  refused("readers_null", line(FILE, { Readers: null })),
  refused("readers_text", line(FILE, { Readers: "web" })),
  refused("readers_capital", line(FILE, { Readers: ["Web"] })),
  refused("readers_of_no_name", line(FILE, { Readers: [""] })),
  refused("readers_name_too_long", line(FILE, { Readers: ["a".repeat(64)] })),
  refused("readers_name_with_hyphen_last", line(FILE, { Readers: ["a-"] })),
  refused("readers_twice", line(FILE, { Readers: ["a", "a"] })),
  refused("readers_descending", line(FILE, { Readers: ["b", "a"] })),
  refused(
    "readers_25",
    line(FILE, { Readers: Array.from({ length: 25 }, (_, i) => `c${i + 10}`) }),
  ),
  refused("readers_before_hook", line(HOOK) + line(FILE, { Readers: [], Hook: "x" })),
  refused("readers_of_a_folder", line(FOLDER, { Readers: [] })),
  refused("folder_with_lease", line(FOLDER, { LeaseS: 1 })),
  refused("folder_with_digest", line({ ...FILE, Kind: "folder" })),
  refused("folder_mode_512", line(FOLDER, { Mode: 512 })),
  refused("folder_strategy_unknown", line(FOLDER, { Strategy: "LAX" })),
  refused("folder_not_together", line(FOLDER, { Together: false })),
  refused("keep_with_mode", line(KEEP, { Mode: 448 })),
  refused("keep_kind_first", '{"Kind":"keep","Path":"a"}\n'),
  refused("kind_unknown", line(KEEP, { Kind: "link" })),
  refused("path_reserved", line(KEEP, { Path: "a/.fluxvault-x/b" })),
  refused("entry_twice", line(FOLDER) + line(KEEP)),
  refused("file_below_keep", line(KEEP) + line(FILE, { Path: "a/b" })),
  refused("keep_below_keep", line(KEEP) + line(KEEP, { Path: "a/b" })),
  refused(
    "keep_above_far_apart",
    line(KEEP) + line(FILE, { Path: "a.b" }) +
      line(FOLDER, { Path: "a/b/c" }),
  ),
  refused("folder_below_file", line(FILE) + line(FOLDER, { Path: "a/b" })),
  refused("keep_below_file", line(FILE) + line(KEEP, { Path: "a/b" })),
  refused("set_in_set", line(SET) + line(FOLDER, { Path: "a/b" }) + line(SET, { Path: "a/b/c" })),
  refused("wipe_and_file", WIPE + line(FILE)),
  refused("wipe_and_hook", WIPE + line(HOOK)),
  refused("wipe_twice", WIPE + WIPE),
  refused("wipe_last", line(FILE) + WIPE),
  refused("wipe_with_path", line({ Kind: "wipe", Path: "a" })),
  refused("hook_unknown", line(FILE, { Hook: "x" })),
  refused("hook_unknown_of_folder", line(HOOK) + line(FOLDER, { Hook: "y" })),
  refused("hook_after_file", line(FILE) + line(HOOK)),
  refused("hook_twice", line(HOOK) + line(HOOK, { TimeoutS: 31 })),
  refused("hooks_descending", line(HOOK) + line(HOOK, { Name: "w" })),
  refused("hook_without_name", line(HOOK, { Name: undefined })),
  refused("hook_name_empty", line(HOOK, { Name: "" })),
  refused("hook_name_capital", line(HOOK, { Name: "X" })),
  refused("hook_name_too_long", line(HOOK, { Name: "x".repeat(64) })),
  refused("hook_without_action", line(HOOK, { Touch: undefined })),
  refused(
    "hook_with_two_actions",
    '{"Kind":"hook","Name":"x","Touch":"t","Run":["/a"],"TimeoutS":30}\n',
  ),
  refused("hook_touch_with_parent", line(HOOK, { Touch: "../t" })),
  refused("hook_run_nothing", line(RUN, { Run: [] })),
  refused("hook_run_no_name", line(RUN, { Run: [""] })),
  refused("hook_run_text", line(RUN, { Run: "/a" })),
  refused("hook_run_number", line(RUN, { Run: ["/a", 1] })),
  refused("hook_run_nul", line(RUN, { Run: ["/a", "\0"] })),
  refused("hook_run_65_words", line(RUN, { Run: new Array(65).fill("a") })),
  refused("hook_run_surrogate", line(RUN, { Run: ["/a", "\ud800"] })),
  refused("hook_signal_without_sig", line(SIGNAL, { Signal: "HUP" })),
  refused("hook_signal_number", line(SIGNAL, { Signal: 1 })),
  refused("hook_signal_too_long", line(SIGNAL, { Signal: `SIG${"A".repeat(17)}` })),
  refused(
    "hook_pid_file_null",
    '{"Kind":"hook","Name":"x","Signal":"SIGHUP","PidFile":null,"TimeoutS":1}\n',
  ),
  refused(
    "hook_pid_file_with_parent",
    '{"Kind":"hook","Name":"x","Signal":"SIGHUP","PidFile":"..","TimeoutS":1}\n',
  ),
  refused(
    "hook_pid_file_of_touch",
    '{"Kind":"hook","Name":"x","Touch":"t","PidFile":"p","TimeoutS":1}\n',
  ),
  refused("hook_without_time", line(HOOK, { TimeoutS: undefined })),
  refused("hook_timeout_0", line(HOOK, { TimeoutS: 0 })),
  refused("hook_timeout_3601", line(HOOK, { TimeoutS: 3_601 })),
];

function raw(...lines: readonly string[]): string {
  return `manifest-raw ${JSON.stringify(lines.join(""))}`;
}

const EVERY_HOOK = [
  line(HOOK, { Name: "note" }),
  line(RUN, { Name: "run", Run: ["/bin/app", "", "\u00e9"] }),
  '{"Kind":"hook","Name":"send","Signal":"SIGUSR1","PidFile":"/run/app.pid","TimeoutS":3600}\n',
  line(SIGNAL, { Name: "stop", TimeoutS: 1 }),
];

const TREES: readonly Scenario[] = [
  good("tree_of_folders", [
    ...OPEN,
    raw(
      line(FOLDER, { Path: "d", Uid: 0, Gid: 4_294_967_294 }),
      line(FOLDER, { Path: "d.e", Strategy: "ENSURE_CREATED" }),
      line(FILE, { Path: "d/a", Uid: 1, Gid: 1, InPlace: true, LeaseS: 31_622_400 }),
      line(SET, { Path: "d/s" }),
    ),
    "manifest-data {}",
    ...ASKED,
    'data-text 1 "one"',
    ...ANSWERED,
  ], {
    header: [
      ["report", "d created"],
      ["report", "d.e created"],
      ["report", "d/a created"],
      ["report", "d/s created"],
      ["folder", "d"],
      ["folder", "d/s"],
      ["file", "d/a one"],
    ],
  }),
  good("tree_with_readers", [
    ...OPEN,
    raw(
      line(HOOK),
      line(FILE, { Path: "a", Hook: "x", Readers: ["0", "db", "web-1"] }),
      line(FILE, { Path: "b", Readers: [] }),
    ),
    "manifest-data {}",
    ...QUIET,
  ], {
    header: [
      ["held", "a one"],
      ["held", "b one"],
      [
        "held-lines",
        JSON.stringify(line(FILE, { Path: "a" }) + line(FILE, { Path: "b", Readers: ["db"] })),
      ],
      ["report", "a unchanged"],
      ["report", "b unchanged"],
    ],
  }),
  good("tree_without_strangers", [
    ...OPEN,
    raw(
      line(FOLDER, { Path: "d" }),
      line(FOLDER, { Path: "d/e", Strategy: "ALLOW_ADDS" }),
      line(KEEP, { Path: "d/k" }),
    ),
    "manifest-data {}",
    ...QUIET,
  ], {
    header: [
      ...["d/e/x", "d/k/x", "d/x", "d/y/1", "d/y/2", "e"].map((path) =>
        ["held", `${path} 1`] as const
      ),
      ["report", "d unchanged"],
      ["report", "d/e unchanged"],
      ["report", "d/x removed"],
      ["report", "d/y removed"],
      ["file", "d/e/x 1"],
      ["file", "d/k/x 1"],
      ["file", "e 1"],
    ],
  }),
  good("tree_without_what_is_gone", [
    ...OPEN,
    raw(line(FILE, { Path: "a" }), line(KEEP, { Path: "k" })),
    "manifest-data {}",
    ...QUIET,
  ], {
    header: [
      ...["a one", "b one", "k/x one", "own one"].map((file) => ["held", file] as const),
      [
        "held-lines",
        JSON.stringify(
          line(FILE, { Path: "a" }) + line(FILE, { Path: "b" }) + line(FILE, { Path: "k/x" }) +
            line(FILE, { Path: "own", Strategy: "ENSURE_CREATED" }),
        ),
      ],
      ["report", "a unchanged"],
      ["report", "b removed"],
      ["file", "k/x one"],
      ["file", "own one"],
    ],
  }),
  good("tree_wiped", [...OPEN, raw(WIPE), "manifest-data {}", ...QUIET], {
    header: [
      ["held", "a one"],
      ["held", "own one"],
      [
        "held-lines",
        JSON.stringify(
          line(FILE, { Path: "a" }) + line(FILE, { Path: "own", Strategy: "ENSURE_CREATED" }),
        ),
      ],
      ["report", "a removed"],
      ["report", "own removed"],
    ],
  }),
  good("tree_of_hooks", [
    ...OPEN,
    raw(...EVERY_HOOK, line(FOLDER, { Path: "d", Hook: "note" }), line(FOLDER, { Path: "e" })),
    "manifest-data {}",
    ...QUIET,
  ], {
    header: [
      ["report", "d created"],
      ["report", "e created"],
      ["hook", "note refused hook-refused"],
    ],
  }),
];

const PLAN = 'with {"Plan":true}';
const PLANS: readonly Scenario[] = [
  good("plan_of_everything", [
    ...OPEN,
    `${raw(line(HOOK), line(FILE, { Hook: "x" }), line(FOLDER, { Path: "d" }))} ${PLAN}`,
    "manifest-data {}",
    ...QUIET,
  ], {
    header: [
      ["held", "a two"],
      ["held", "d/x two"],
      ["report", "a updated"],
      ["report", "d unchanged"],
      ["report", "d/x removed"],
      ["hook", "x refused hook-refused"],
      ["file", "a two"],
      ["file", "d/x two"],
    ],
  }),
  good("plan_false", [
    ...OPEN,
    `${raw(line(FOLDER))} with {"Plan":false}`,
    "manifest-data {}",
    ...QUIET,
  ], { header: [["report", "a created"], ["folder", "a"]] }),
  bad("plan_text", broken("message-malformed"), [...OPEN, `${raw("")} with {"Plan":"yes"}`]),
  bad("plan_answered", broken("message-unexpected"), [
    ...OPEN,
    `${raw(line(FILE))} ${PLAN}`,
    "manifest-data {}",
    "wait 5",
    'message {"State":"DATA","Id":1,"Status":"Denied"}',
  ]),
];

/** 100 letters a, compressed. */
const PACKED = "4b4ca43d0000";
/** 90 of them. */
const SHORTER = "4b4ca4150000";
const LETTERS = "a".repeat(100);
const PACKED_FILE = line(FILE, { Digest: sha256(LETTERS).toString("hex"), Size: 100 });

function packed(hex: string, more: Members = {}): readonly string[] {
  const members = { Encoding: "deflate-raw", PlainSize: 100, ...more };
  const Digest = sha256(LETTERS).toString("hex");
  return [
    ...[...OPEN, raw(PACKED_FILE), "manifest-data {}", ...ASKED],
    `data-hex 1 ${hex} with ${JSON.stringify({ ...members, Digest })}`,
  ];
}

const ENCODINGS: readonly Scenario[] = [
  good("data_compressed", [...packed(PACKED), ...ANSWERED], {
    header: [["report", "a created"], ["file", `a ${LETTERS}`], ["bytes", "6"]],
  }),
  good("data_compressed_to_less", [...packed(SHORTER), ...ANSWERED], {
    header: [["report", "a failed digest-mismatch"]],
  }),
  good("data_compressed_badly", [...packed("ffffffff"), ...ANSWERED], {
    header: [["report", "a failed digest-mismatch"]],
  }),
  bad(
    "data_compressed_to_another_size",
    broken("message-unexpected"),
    packed(PACKED, {
      PlainSize: 101,
    }),
  ),
  bad(
    "data_compressed_to_no_size",
    broken("message-malformed"),
    packed(PACKED, {
      PlainSize: "$absent",
    }),
  ),
  bad(
    "data_compressed_and_no_shorter",
    broken("message-unexpected"),
    packed(LETTERS.replaceAll("a", "61")),
  ),
  bad(
    "data_compressed_otherwise",
    broken("message-malformed"),
    packed(PACKED, { Encoding: "gzip" }),
  ),
  bad("data_match_of_nothing", broken("message-unexpected"), [
    ...[...OPEN, raw(line(FILE)), "manifest-data {}", ...ASKED],
    'message {"State":"DATA","Id":1,"Status":"Match"}',
  ]),
];

/** Scenarios of what a manifest may say, and of plans and encodings, in the agent's role. */
export const AGENT_TREE: readonly Scenario[] = [...REFUSED, ...TREES, ...PLANS, ...ENCODINGS];
