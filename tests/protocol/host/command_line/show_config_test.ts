import { fixedEnvironment } from "../../../../protocol/host/environment.ts";
import { defineOptions } from "../../../../protocol/host/command_line/option_table.ts";
import { resolveSettings } from "../../../../protocol/host/command_line/settings.ts";
import { formatSettings } from "../../../../protocol/host/command_line/show_config.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

const OPTIONS = defineOptions([
  { name: "bind-port", kind: "integer", default: 8888, help: "" },
  { name: "interval", kind: "seconds", default: 300, help: "" },
  { name: "agent-ips", kind: "list", help: "" },
  { name: "signing-secret", kind: "text", secret: true, help: "" },
  { name: "help", kind: "boolean", sources: ["flag"], help: "" },
]);

const RESOLVED = await resolveSettings(OPTIONS, {
  args: ["--agent-ips", "a,b"],
  env: fixedEnvironment({ FLUXVAULT_SIGNING_SECRET: "hunter2" }),
});

Deno.test("formatSettings writes a table of values and sources", () => {
  assertEquals(
    formatSettings(RESOLVED),
    "setting         value     from\n" +
      "bind-port       8888      default\n" +
      "interval        300 s     default\n" +
      "agent-ips       a,b       flag --agent-ips\n" +
      "signing-secret  <hidden>  variable FLUXVAULT_SIGNING_SECRET\n",
  );
});

Deno.test("formatSettings writes lines of JSON", () => {
  const lines = formatSettings(RESOLVED, { json: true }).trimEnd().split("\n");
  assertEquals(JSON.parse(lines[2] ?? ""), {
    setting: "agent-ips",
    value: ["a", "b"],
    source: { kind: "flag", text: "flag --agent-ips" },
  });
  assert(!lines.join().includes("hunter2"));
});

Deno.test("formatSettings names a further variable by its whole name", async () => {
  const options = defineOptions([
    { name: "port", kind: "integer", variables: ["VAULT_PORT"], help: "" },
  ]);
  const env = fixedEnvironment({ VAULT_PORT: "7" });
  const resolved = await resolveSettings(options, { args: [], env });
  assert(formatSettings(resolved).endsWith("port     7      variable VAULT_PORT\n"));
});

Deno.test("formatSettings tells a secret that is set from one that is not", async () => {
  const unset = await resolveSettings(OPTIONS, { args: [], env: fixedEnvironment() });
  assert(/signing-secret +- +default/.test(formatSettings(unset)));
});

Deno.test("formatSettings hides a private key that stands where it does not belong", async () => {
  const key = "K".repeat(52);
  const resolved = await resolveSettings(OPTIONS, {
    args: ["--agent-ips", `a,${key}`],
    env: fixedEnvironment({}),
  });
  for (const json of [false, true]) {
    const text = formatSettings(resolved, { json });
    assert(!text.includes(key) && text.includes("<hidden>"), text);
  }
});
