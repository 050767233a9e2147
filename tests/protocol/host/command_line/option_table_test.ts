import {
  allowsSource,
  defineOptions,
  settingKey,
  type SettingsOf,
  variableName,
} from "../../../../protocol/host/command_line/option_table.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

const HELP = { help: "Does something." };

Deno.test("defineOptions keeps the exact types of the settings", () => {
  const options = defineOptions([
    { name: "bind-port", kind: "integer", default: 8888, ...HELP },
    { name: "app-name", kind: "text", ...HELP },
    { name: "polling-interval", kind: "seconds", default: 300, ...HELP },
    { name: "trust", kind: "choice", choices: ["approve", "pinned"], ...HELP },
    { name: "agent-ips", kind: "list", ...HELP },
    { name: "run-once", kind: "boolean", ...HELP },
  ]);
  // This is checked by the compiler: each member has exactly this type.
  const settings: SettingsOf<typeof options> = {
    bindPort: 1,
    appName: undefined,
    pollingIntervalMs: 1000,
    trust: "pinned",
    agentIps: [],
    runOnce: false,
  };
  const trust: "approve" | "pinned" | undefined = settings.trust;
  const port: number = settings.bindPort;
  assertEquals([trust, port], ["pinned", 1]);
  assertEquals(options.map(settingKey), Object.keys(settings));
});

for (
  const [what, options] of [
    ["an upper-case letter", [{ name: "Port", kind: "text", ...HELP }]],
    ["an underscore", [{ name: "bind_port", kind: "text", ...HELP }]],
    ["no- at its start", [{ name: "no-log", kind: "boolean", ...HELP }]],
    ["an alias that is no name", [{ name: "a", aliases: ["-b"], kind: "text", ...HELP }]],
    ["a short name of two letters", [{ name: "a", short: "ab", kind: "text", ...HELP }]],
    ["a default below the least", [{
      name: "a",
      kind: "integer",
      min: 1,
      default: 0,
      ...HELP,
    }]],
    ["a default that is not whole", [{ name: "a", kind: "integer", default: 0.5, ...HELP }]],
    ["a default that is no choice", [{
      name: "a",
      kind: "choice",
      choices: ["x"],
      default: "y",
      ...HELP,
    }]],
    ["a name twice", [{ name: "a", kind: "text", ...HELP }, {
      name: "b",
      aliases: ["a"],
      kind: "text",
      ...HELP,
    }]],
    ["a short name twice", [{ name: "a", short: "x", kind: "text", ...HELP }, {
      name: "b",
      short: "x",
      kind: "text",
      ...HELP,
    }]],
    ["a variable in lower case", [{ name: "a", variables: ["port"], kind: "text", ...HELP }]],
    ["a variable that begins with a digit", [{
      name: "a",
      variables: ["1_PORT"],
      kind: "text",
      ...HELP,
    }]],
    ["a further variable that begins like an option's own", [{
      name: "a",
      variables: ["FLUXVAULT_B"],
      kind: "text",
      ...HELP,
    }]],
    ["a variable twice", [{ name: "a", variables: ["PORT"], kind: "text", ...HELP }, {
      name: "b",
      variables: ["PORT"],
      kind: "text",
      ...HELP,
    }]],
    ["a variable twice in one option", [{
      name: "a",
      variables: ["PORT", "PORT"],
      kind: "text",
      ...HELP,
    }]],
  ] as const
) {
  Deno.test(`defineOptions refuses ${what}`, () => {
    assertThrows(() => defineOptions(options), RangeError);
  });
}

Deno.test("defineOptions takes further variables of several options", () => {
  const options = defineOptions([
    { name: "a", variables: ["VAULT_PORT", "P2"], kind: "text", ...HELP },
    { name: "b", variables: ["VAULT"], kind: "text", ...HELP },
  ]);
  assertEquals(options.flatMap(({ variables }) => variables), ["VAULT_PORT", "P2", "VAULT"]);
});

Deno.test("variableName writes a name as an environment variable", () => {
  assertEquals(variableName("whitelisted-addresses"), "FLUXVAULT_WHITELISTED_ADDRESSES");
});

Deno.test("allowsSource allows every source where none is named", () => {
  assert(allowsSource({ name: "a", kind: "text", ...HELP }, "file"));
  const flagOnly = { name: "a", kind: "text", sources: ["flag"], ...HELP } as const;
  assert(allowsSource(flagOnly, "flag") && !allowsSource(flagOnly, "variable"));
});
