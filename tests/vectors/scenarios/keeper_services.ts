/**
 * What an agent tells a keeper of services: section 8.
 *
 * @module
 */
import { broken, type Scenario, scenariosOf } from "./scenario.ts";

const { good, bad } = scenariosOf("keeper");
const HELD = [
  ...["line1 {}", "read-line2", "claim {}", "await STARTAES", "ready {}", "await MANIFEST"],
  'message {"State":"MANIFEST-REPLY","Id":0,"Held":true}',
];
const VAULT = [
  ["file", "a one"],
  [
    "lines",
    JSON.stringify(
      '{"Kind":"service","Name":"web","Run":["web"],"Restart":"always","StopSignal":"SIGTERM",' +
        '"StopS":10}\n',
    ),
  ],
] as const;
const SERVICE = '{"Service":"web","Outcome":"failed","Code":"service-failed"}';

function done(lines: readonly string[]): string {
  const text = lines.map((line) => `${line}\n`).join("");
  return `done {"Unchanged":1} ${JSON.stringify(text)} with {}`;
}

function fails(name: string, code: string, lines: readonly string[]): Scenario {
  return bad(`done_service_${name}`, broken(code), [...HELD, done(lines)], { header: VAULT });
}

/** Scenarios of services in the results. */
export const KEEPER_SERVICES: readonly Scenario[] = [
  fails("name_capital", "message-malformed", [SERVICE.replace("web", "Web")]),
  fails("outcome_of_a_hook", "message-malformed", [SERVICE.replace("failed", "ran")]),
  fails("without_outcome", "message-malformed", ['{"Service":"web"}']),
  fails("code_with_words", "message-malformed", [SERVICE.replace("service-failed", "Oh no!")]),
  fails("twice", "message-unexpected", [SERVICE, SERVICE]),
  good("vault_services", [
    ...HELD,
    done([SERVICE, '{"Service":"old","Outcome":"stopped"}']),
    "await DONE-REPLY",
    "end",
  ], {
    header: [
      ...VAULT,
      ["report", "a unchanged"],
      ["service", "old stopped"],
      ["service", "web failed service-failed"],
    ],
  }),
];
