import { parseLoadout } from "../../../keeper/loadout/loadout_text.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { serviceOf } from "../../support/arbitrary_service.ts";
import { ConfigErrors } from "../../../protocol/mod.ts";

const OPTIONS = { file: "f", app: "demo", resolveVault: (name: string) => name };

function parse(lines: string) {
  return parseLoadout(`version: 1\nagents: [203.0.113.20]\n${lines}`, OPTIONS);
}

const TWO = `services:
  web: { run: [web] }
  db: { run: [db] }
groups:
  all: { services: [web] }
  storage: { services: [db, web] }
components:
  store: { member_of: [storage] }
  other: {}
`;

Deno.test("readServices takes what is not written as it is most often meant", () => {
  const { apps: [app] } = parse(
    "services:\n  web: { run: [web, -x] }\ngroups:\n  all: { services: [web] }\n",
  );
  assertEquals(app?.services, [serviceOf("web", { command: ["web", "-x"] })]);
});

Deno.test("readServices takes all that can be written", () => {
  const { apps: [app] } = parse(`services:
  web:
    run: [web]
    folder: srv
    env: { A: "1", B: "" }
    env_files: { C: db.password }
    restart: on-failure
    restart_on_change: [tls/, a]
    stop_signal: SIGINT
    stop_timeout: 1m
    memory: 64
    health: { run: [check], interval: 10s, timeout: 2, retries: 5 }
groups:
  all: { services: [web] }
`);
  assertEquals(app?.services, [serviceOf("web", {
    command: ["web"],
    folder: "srv",
    variables: new Map([["A", "1"], ["B", ""]]),
    fileVariables: new Map([["C", "db.password"]]),
    restart: "on-failure",
    watches: ["tls", "a"],
    stopSignal: "SIGINT",
    stopTimeoutS: 60,
    memoryMb: 64,
    health: { command: ["check"], intervalS: 10, timeoutS: 2, retries: 5 },
  })]);
});

Deno.test("readServiceNames gives a component the services of its groups and its own, each once", () => {
  const { apps: [app] } = parse(TWO);
  const namesOf = (component: string | null) => {
    return app?.servicesOf(component).map(({ name }) => name);
  };
  assertEquals([namesOf("store"), namesOf("STORE"), namesOf("other"), namesOf(null)], [
    ...[["web", "db"], ["web", "db"], ["web"], ["web"]],
  ]);
  assertEquals(app?.servicesOf(null), app?.servicesOf("nobody"));
});

Deno.test("readServices warns of a service that nobody has", () => {
  const { warnings } = parse(
    "services:\n  web: { run: [web] }\ngroups:\n  all: { state_directives: [{ source: a }] }\n",
  );
  assertEquals(warnings.map(({ problem }) => problem), [
    'no group or component has the service "web"',
  ]);
});

Deno.test("readServices refuses a service that does not fit into a line", () => {
  const long = "x".repeat(4_000);
  const text = `services:\n  web: { run: [web], env: { A: ${long} } }\n` +
    "groups:\n  all: { services: [web] }\n";
  const { errors } = assertThrows(() => parse(text), ConfigErrors, "config-invalid");
  assertEquals(errors[0]?.message.includes("has over 3584 bytes"), true);
});
