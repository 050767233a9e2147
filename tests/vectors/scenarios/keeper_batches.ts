/**
 * Batches of small files, and results that come compressed, as a keeper gets them: section 8.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { sha256 } from "../../interop/second_implementation/key_schedule.ts";
import { checkPacked } from "./packed.ts";
import { broken, type Scenario, scenariosOf, TRUNCATED } from "./scenario.ts";

const { good, bad } = scenariosOf("keeper");
const HELD = [
  ...["line1 {}", "read-line2", "claim {}", "await STARTAES", "ready {}", "await MANIFEST"],
  'message {"State":"MANIFEST-REPLY","Id":0,"Held":true}',
];
const LAST = ["await DONE-REPLY", "end"];
const CREATED = ["a", "b"].map((path) => `{"Path":"${path}","Outcome":"created"}\n`);

type Members = Readonly<Record<string, unknown>>;

/** The entries: a (0), b (1), the folder d (2), the empty file e (3), and what is kept (4). */
const VAULT = [
  ...[["file", "a one"], ["file", "b three"], ["file", "e "]] as const,
  [
    "lines",
    JSON.stringify(
      '{"Kind":"hook","Name":"reload","Touch":"t","TimeoutS":30}\n' +
        '{"Path":"d","Kind":"folder","Mode":448,"Strategy":"STRICT","Hook":"reload"}\n' +
        '{"Path":"k","Kind":"keep"}\n',
    ),
  ],
] as const;
/** As many empty files as a batch may have. */
const MANY = [["file-count", "256"]] as const;
const ALL = Array.from({ length: 256 }, (_, i) => i);

function batch(Id: number, Entries: unknown, members: Members = {}): string {
  return `message ${JSON.stringify({ State: "BATCH", Id, Entries, ...members })}`;
}

function done(counts: string, lines: readonly string[]): string {
  return `done ${counts} ${JSON.stringify(lines.join(""))}`;
}

function reports(
  outcomes: Readonly<Record<string, string>>,
  more: readonly (readonly [string, string])[] = [],
): { header: (readonly [string, string])[] } {
  const all = { a: "unchanged", b: "unchanged", d: "unchanged", e: "unchanged", ...outcomes };
  const report = Object.entries(all).map(([path, outcome]) => ["report", `${path} ${outcome}`]);
  return { header: [...VAULT, ...report as [string, string][], ...more] };
}

function refused(name: string, code: string, entries: unknown, members: Members = {}): Scenario {
  const steps = [...HELD, batch(1, entries, members)];
  return bad(`batch_asks_${name}`, broken(code), steps, { header: VAULT });
}

/** What is open stays open for a while. */
function slow(name: string, code: string, steps: readonly string[]): Scenario {
  const header = [...VAULT, ["slow", "a"]] as const;
  return bad(`batches_${name}`, broken(code), [...HELD, ...steps], { header });
}

const BOTH = { a: "created", b: "created" };

const GOOD: readonly Scenario[] = [
  good("vault_batch", [
    ...[...HELD, batch(1, [0, 1, 3]), "await BATCH-DATA"],
    ...[done('{"Created":2,"Unchanged":2}', CREATED), ...LAST],
  ], reports(BOTH, [["bytes", "8"]])),
  good("vault_batch_of_an_empty_file", [
    ...[...HELD, batch(1, [3]), "await BATCH-DATA", done('{"Unchanged":4}', []), ...LAST],
  ], reports({}, [["bytes", "0"]])),
  good("vault_batch_with_a_change", [
    ...[...HELD, batch(1, [0, 1]), "await BATCH-DATA"],
    done('{"Created":1,"Failed":1,"Unchanged":2}', [
      '{"Path":"a","Outcome":"changed"}\n',
      CREATED[1] ?? "",
    ]),
    ...LAST,
  ], reports({ a: "changed", b: "created" }, [["changed", "a"], ["bytes", "5"]])),
  good("vault_batch_of_which_all_changed", [
    ...[...HELD, batch(1, [0, 1]), "await BATCH-DATA"],
    done('{"Failed":2,"Unchanged":2}', CREATED.map((line) => line.replace("created", "changed"))),
    ...LAST,
  ], reports({ a: "changed", b: "changed" }, [["changed", "a"], ["changed", "b"], ["bytes", "0"]])),
  good("vault_batch_accept_unknown", [
    ...[...HELD, batch(1, [0, 1], { Accept: "br" }), "await BATCH-DATA"],
    ...[done('{"Created":2,"Unchanged":2}', CREATED), ...LAST],
  ], reports(BOTH, [["bytes", "8"]])),
  good("vault_batch_beside_a_request", [
    ...[...HELD, batch(1, [0]), "await BATCH-DATA", "request 2 b", "await DATA"],
    ...[batch(3, [3]), "await BATCH-DATA"],
    ...[done('{"Created":2,"Unchanged":2}', CREATED), ...LAST],
  ], reports(BOTH, [["bytes", "8"]])),
  good("vault_batch_given_up", [
    ...[...HELD, batch(1, [0]), "await BATCH-DATA", "reset 1 3"],
    ...[done('{"Failed":1,"Unchanged":3}', [
      '{"Path":"a","Outcome":"failed","Code":"disk-full"}\n',
    ])],
    ...LAST,
  ], reports({ a: "failed disk-full" })),
];

const REFUSALS: readonly Scenario[] = [
  refused("nothing", "message-malformed", []),
  refused("no_list", "message-malformed", null),
  refused("a_text", "message-malformed", "0"),
  refused("descending", "message-malformed", [1, 0]),
  refused("twice_for_one", "message-malformed", [0, 0]),
  refused("for_a_negative_number", "message-malformed", [-1]),
  refused("for_half_a_file", "message-malformed", [0.5]),
  refused("for_a_name", "message-malformed", ["a"]),
  refused("for_257_files", "message-malformed", Array.from({ length: 257 }, (_, i) => i)),
  refused("beyond_any_manifest", "message-malformed", [131_072]),
  refused("beyond_the_manifest", "message-unexpected", [0, 5]),
  refused("for_a_folder", "message-unexpected", [0, 2]),
  refused("for_what_is_kept", "message-unexpected", [4]),
  refused("with_a_number_to_accept", "message-malformed", [0], { Accept: 1 }),
  refused("without_a_number", "message-malformed", [0], { Id: null }),
  bad("batch_asks_for_too_much", broken("message-unexpected"), [...HELD, batch(1, [0, 1])], {
    header: [["file", "a one"], ["file-of-zeros", "b 262142"]],
  }),
  bad("batch_asks_before_the_reply", broken("message-unexpected"), [
    ...[...HELD.slice(0, -1), batch(1, [0])],
  ], { header: VAULT }),
  bad("batch_asks_in_a_plan", broken("message-unexpected"), [...HELD, batch(1, [0])], {
    header: [...VAULT, ["plan", "yes"]],
  }),
  bad("batch_asks_with_a_number_of_before", broken("message-unexpected"), [
    ...[...HELD, "request 2 other", "await DATA", batch(2, [0])],
  ], { header: VAULT }),
  bad("request_with_the_number_of_a_batch", broken("message-unexpected"), [
    ...[...HELD, batch(2, [0]), "await BATCH-DATA", "request 1 a"],
  ], { header: VAULT }),
  bad("batch_data_from_an_agent", broken("message-unexpected"), [
    ...[...HELD, 'say 00 with {"State":"BATCH-DATA","Id":1}'],
  ], { header: VAULT }),
  bad("end_instead_of_done_behind_a_batch", TRUNCATED, [
    ...[...HELD, batch(1, [0]), "await BATCH-DATA", "end"],
  ], { header: VAULT }),
  bad("batches_without_end", broken("too-many-messages"), [
    ...HELD,
    ...[1, 2, 3, 4, 5, 6].flatMap((id) => [batch(id, ALL), "await BATCH-DATA"]),
    batch(7, [0]),
  ], { header: MANY }),
  slow("open_5", "too-many-messages", [1, 2, 3, 4, 5].map((id) => batch(id, [0]))),
  slow("open_beside_61_requests", "too-many-messages", [
    ...[1, 2, 3, 4].map((id) => batch(id, [0])),
    ...Array.from({ length: 61 }, (_, i) => `request ${i + 5} a`),
  ]),
  slow("open_at_the_end", "message-unexpected", [batch(1, [0]), done('{"Unchanged":4}', [])]),
];

const RESULTS = CREATED.join("");
const PACKED = checkPacked(
  "ab560a482cc950b2524a54d251f22f2d49cecf4d55b2524a2e4a4d2c494d51aae5aa862948c2a10000",
  RESULTS,
);
const COUNTS = {
  Created: 2,
  Updated: 0,
  Reowned: 0,
  Removed: 0,
  Unchanged: 2,
  Missing: 0,
  Failed: 0,
};

function packed(hex: string, members: Members = {}): string {
  const good = { Encoding: "deflate-raw", PlainSize: RESULTS.length };
  const Digest = sha256(RESULTS).toString("hex");
  const fields = { State: "DONE", Counts: COUNTS, Digest, ...good, ...members };
  return `say ${hex} with ${JSON.stringify(fields)}`;
}

function badResults(name: string, code: string, hex: string, members: Members = {}): Scenario {
  const steps = [...HELD, packed(hex, members)];
  return bad(`done_compressed_${name}`, broken(code), steps, { header: VAULT });
}

const OF_THE_PACKED = sha256(Buffer.from(PACKED, "hex")).toString("hex");

const DONE: readonly Scenario[] = [
  good("done_compressed", [...HELD, packed(PACKED), ...LAST], reports(BOTH)),
  badResults("badly", "digest-mismatch", "ffffffff"),
  badResults("and_cut_off", "digest-mismatch", PACKED.slice(0, 40)),
  badResults("to_less", "digest-mismatch", PACKED, { PlainSize: RESULTS.length + 1 }),
  badResults("to_more", "digest-mismatch", PACKED, { PlainSize: RESULTS.length - 1 }),
  badResults("with_the_digest_of_that", "digest-mismatch", PACKED, { Digest: OF_THE_PACKED }),
  badResults("to_no_size", "message-malformed", PACKED, { PlainSize: "$absent" }),
  badResults("to_too_much", "message-malformed", PACKED, { PlainSize: 33_554_433 }),
  badResults("otherwise", "message-malformed", PACKED, { Encoding: "gzip" }),
  badResults("and_no_shorter", "message-unexpected", Buffer.from(RESULTS).toString("hex")),
];

/** Scenarios of batches and of compressed results in the keeper's role. */
export const KEEPER_BATCHES: readonly Scenario[] = [...GOOD, ...REFUSALS, ...DONE];
