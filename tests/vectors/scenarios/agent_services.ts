/**
 * Services as an agent gets them that runs none: section 8.
 *
 * @module
 */
import { sha256 } from "../../interop/second_implementation/key_schedule.ts";
import { broken, type Scenario, scenariosOf } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const OPEN = ["line2 {}", "passed {}"];
/** Behind a delivery in which nothing is asked for. */
const QUIET = ["wait 5", 'message {"State":"DONE-REPLY"}', "end"];

type Members = Readonly<Record<string, unknown>>;

function line(members: Members): string {
  return `${JSON.stringify(members)}\n`;
}

const FILE = {
  ...{ Path: "a", Kind: "file", Digest: sha256("one").toString("hex"), Size: 3, Mode: 384 },
  Strategy: "STRICT",
};
const CERTIFICATE = { Kind: "certificate", Name: "c", Key: "P-256", Terms: "ab".repeat(32) };
const END = { Restart: "always", StopSignal: "SIGTERM", StopS: 10 };
const HEALTH = { Health: ["check"], HealthEveryS: 30, HealthTimeoutS: 5, HealthRetries: 3 };

/** A service with further members behind its program, and others behind its end. */
function service(more: Members = {}, last: Members = {}): string {
  return line({ Kind: "service", Name: "s", Run: ["run"], ...more, ...END, ...last });
}

function raw(...lines: readonly string[]): string {
  return `manifest-raw ${JSON.stringify(lines.join(""))}`;
}

function refused(name: string, text: string): Scenario {
  return bad(`service_${name}`, broken("manifest-malformed"), [
    ...OPEN,
    raw(text),
    "manifest-data {}",
  ]);
}

/** Scenarios of services in a manifest. */
export const AGENT_SERVICES: readonly Scenario[] = [
  refused("beside_a_wipe", line({ Kind: "wipe" }) + service()),
  refused("before_a_certificate", service() + line(CERTIFICATE)),
  refused("behind_a_file", line(FILE) + service()),
  refused("twice", service() + service()),
  refused("descending", service() + service({ Name: "r" })),
  refused(
    "33",
    Array.from({ length: 33 }, (_, i) => service({ Name: `s${i + 10}` })).join(""),
  ),
  refused("name_capital", service({ Name: "S" })),
  refused("of_no_program", service({ Run: [] })),
  refused("of_an_empty_program", service({ Run: [""] })),
  refused("of_a_text", service({ Run: "run" })),
  refused("of_65_words", service({ Run: Array.from({ length: 65 }, () => "x") })),
  refused("folder_above", service({ Folder: "../x" })),
  refused("variables_none", service({ Env: [] })),
  refused("variables_65", service({ Env: Array.from({ length: 65 }, (_, i) => `V${i + 10}=`) })),
  refused("variable_without_value", service({ Env: ["A"] })),
  refused("variable_of_a_digit", service({ Env: ["1=x"] })),
  refused("variable_of_the_agent", service({ Env: ["FluxVault_X=1"] })),
  refused("variable_with_nul", service({ Env: ["A=\0"] })),
  refused("variable_of_a_lone_surrogate", service({ Env: ["A=\ud800"] })),
  refused("variables_descending", service({ Env: ["B=1", "A=1"] })),
  refused("variable_twice", service({ Env: ["A=1", "A=2"] })),
  refused("variable_of_both_kinds", service({ Env: ["A=1"], EnvFiles: ["A=a"] })),
  refused("variable_of_a_path_above", service({ EnvFiles: ["A=../a"] })),
  refused(
    "variables_64_and_one",
    service({ Env: Array.from({ length: 64 }, (_, i) => `V${i + 10}=`), EnvFiles: ["A=a"] }),
  ),
  refused("restart_unknown", service({}, { Restart: "sometimes" })),
  refused("signal_without_sig", service({}, { StopSignal: "TERM" })),
  refused("stop_at_once", service({}, { StopS: 0 })),
  refused("stop_301", service({}, { StopS: 301 })),
  refused("memory_none", service({}, { MemoryMb: 0 })),
  refused("memory_null", service({}, { MemoryMb: null })),
  refused("health_without_times", service({}, { Health: ["check"] })),
  refused("health_times_alone", service({}, { HealthEveryS: 30 })),
  refused("health_never", service({}, { ...HEALTH, HealthEveryS: 0 })),
  refused("health_101_looks", service({}, { ...HEALTH, HealthRetries: 101 })),
  refused("watch_none", service({}, { Watch: [] })),
  refused("watch_descending", service({}, { Watch: ["b", "a"] })),
  refused("watch_by_utf_16", service({}, { Watch: ["\ud83d\ude00", "\uff01"] })),
  refused("watch_twice", service({}, { Watch: ["a", "a"] })),
  refused("watch_above", service({}, { Watch: ["../a"] })),
  refused("members_in_another_order", line({ Kind: "service", Run: ["x"], Name: "s", ...END })),
  refused("with_path", service({ Path: "a" })),
  good("services_refused", [
    ...OPEN,
    raw(
      line(CERTIFICATE),
      line({
        ...{ Kind: "service", Name: "full", Run: ["run", ""], Folder: "/srv" },
        ...{ Env: ["A=", "B=x=y"], EnvFiles: ["C=a", "_d=/run/x"] },
        ...{ Restart: "on-failure", StopSignal: "SIGINT", StopS: 300, MemoryMb: 1 },
        ...{ ...HEALTH, Watch: ["a", "\uff01", "\ud83d\ude00"] },
      }),
      service(),
      line(FILE),
    ),
    "manifest-data {}",
    ...QUIET,
  ], {
    header: [
      ["held", "a one"],
      ["report", "a unchanged"],
      ["service", "full refused service-refused"],
      ["service", "s refused service-refused"],
    ],
  }),
];
