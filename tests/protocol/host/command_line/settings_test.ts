import fc from "fast-check";
import { ConfigError } from "../../../../protocol/errors.ts";
import { fixedEnvironment } from "../../../../protocol/host/environment.ts";
import { GLOBAL_OPTIONS } from "../../../../protocol/host/command_line/global_options.ts";
import {
  defineOptions,
  type OptionTable,
} from "../../../../protocol/host/command_line/option_table.ts";
import {
  isGiven,
  resolveSettings,
  settingError,
  type SettingsInput,
} from "../../../../protocol/host/command_line/settings.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../support/assert.ts";

const OPTIONS = defineOptions([
  ...GLOBAL_OPTIONS,
  {
    name: "bind-port",
    kind: "integer",
    max: 65_535,
    aliases: ["port"],
    variables: ["VAULT_PORT", "NODE_PORT"],
    default: 8888,
    help: "",
  },
  { name: "files", kind: "list", help: "" },
  { name: "run-once", kind: "boolean", help: "" },
  { name: "interval", kind: "seconds", default: 300, help: "" },
  { name: "app-name", kind: "text", help: "" },
  { name: "enrolment-secret", kind: "text", secret: true, help: "" },
]);

interface Places {
  readonly args?: readonly string[];
  readonly variables?: Record<string, string>;
  readonly file?: unknown;
}

async function resolve<Table extends OptionTable>(
  { args = [], variables = {}, file }: Places,
  options: Table,
  more: Partial<SettingsInput> = {},
) {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/conf.json`;
    if (file !== undefined) await Deno.writeTextFile(path, JSON.stringify(file));
    return await resolveSettings(options, {
      args: file === undefined ? args : [...args, "--config", path],
      env: fixedEnvironment(variables),
      ...more,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function portOf(places: Places): Promise<string> {
  const { values, entries } = await resolve(places, OPTIONS);
  return `${values.bindPort} ${entries.get("bind-port")?.source.kind}`;
}

Deno.test("resolveSettings takes a flag before a variable before the file before the default", async () => {
  const args = ["--bind-port", "1"];
  const variables = { FLUXVAULT_BIND_PORT: "2" };
  const file = { "bind-port": 3 };
  assertEquals(await portOf({ args, variables, file }), "1 flag");
  assertEquals(await portOf({ variables, file }), "2 variable");
  assertEquals(await portOf({ file }), "3 file");
  assertEquals(await portOf({}), "8888 default");
});

Deno.test("resolveSettings keeps the order of precedence whichever places are filled", async () => {
  const port = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: null });
  await fc.assert(
    fc.asyncProperty(port, port, port, async (flag, variable, file) => {
      const { values } = await resolve({
        args: flag === null ? [] : [`--bind-port=${flag}`],
        variables: variable === null ? {} : { FLUXVAULT_BIND_PORT: String(variable) },
        file: { bind_port: file },
      }, OPTIONS);
      assertEquals(values.bindPort, flag ?? variable ?? file ?? 8888);
    }),
    { numRuns: 30 },
  );
});

Deno.test("resolveSettings remembers each value's source in words", async () => {
  const { entries } = await resolve({
    args: ["--port", "1"],
    variables: { FLUXVAULT_FILES: "a" },
    file: { app_name: "x" },
  }, OPTIONS);
  assertEquals(entries.get("bind-port")?.source.text, "flag --port");
  assertEquals(entries.get("files")?.source.text, "variable FLUXVAULT_FILES");
  assert(/^file .*conf\.json, app_name$/.test(entries.get("app-name")?.source.text ?? ""));
  assertEquals(entries.get("interval")?.source.text, "default");
});

Deno.test("resolveSettings takes a further variable after an option's own and before the file", async () => {
  const further = { VAULT_PORT: "2" };
  const file = { "bind-port": 3 };
  for (const own of ["FLUXVAULT_BIND_PORT", "FLUXVAULT_PORT"]) {
    assertEquals(await portOf({ variables: { ...further, [own]: "1" }, file }), "1 variable");
  }
  assertEquals(await portOf({ variables: further, file }), "2 variable");
  assertEquals(await portOf({ args: ["--port=0"], variables: further }), "0 flag");
});

Deno.test("resolveSettings does not look at a further variable that an option's own goes before", async () => {
  const variables = { FLUXVAULT_BIND_PORT: "1", VAULT_PORT: "http", NODE_PORT: "2" };
  assertEquals(await portOf({ variables }), "1 variable");
});

Deno.test("resolveSettings names a further variable as the source, and warns of none", async () => {
  const variables = { FLUXVAULT_BIND_PORT: "", VAULT_PORT: "2", NODE_PORT: "2", VAULT_DIR: "x" };
  const { entries, warnings } = await resolve({ variables }, OPTIONS);
  assertEquals(entries.get("bind-port")?.source, { kind: "variable", text: "variable VAULT_PORT" });
  assertEquals(warnings, []);
});

Deno.test("resolveSettings reads no further variable where the option takes none", async () => {
  const options = defineOptions([
    { name: "port", kind: "integer", sources: ["flag"], variables: ["VAULT_PORT"], help: "" },
  ]);
  const { values } = await resolve({ variables: { VAULT_PORT: "2" } }, options);
  assertEquals(values.port, undefined);
});

Deno.test("resolveSettings fills in what nobody gave", async () => {
  const { values } = await resolve({}, OPTIONS);
  assertEquals(values.files, []);
  assertEquals(values.runOnce, false);
  assertEquals(values.appName, undefined);
  assertEquals(values.logfilePath, "./fluxvault.log");
});

Deno.test("resolveSettings gives times in milliseconds", async () => {
  assertEquals((await resolve({ args: ["--interval=1.5"] }, OPTIONS)).values.intervalMs, 1500);
  assertEquals((await resolve({}, OPTIONS)).values.intervalMs, 300_000);
});

Deno.test("resolveSettings joins the values of a list that is given again", async () => {
  const { values } = await resolve({ args: ["--files", "a,b", "--files=c"] }, OPTIONS);
  assertEquals(values.files, ["a", "b", "c"]);
});

Deno.test("resolveSettings counts an empty variable as unset", async () => {
  assertEquals(await portOf({ variables: { FLUXVAULT_BIND_PORT: " " } }), "8888 default");
});

Deno.test("resolveSettings switches a boolean of the file off with a flag", async () => {
  const { values } = await resolve(
    { args: ["--no-run-once"], file: { "run-once": true } },
    OPTIONS,
  );
  assertEquals(values.runOnce, false);
});

Deno.test("resolveSettings reads the config file that a variable names", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, '{"bind-port": 5}');
    const { values } = await resolve({ variables: { FLUXVAULT_CONFIG: path } }, OPTIONS);
    assertEquals(values.bindPort, 5);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("resolveSettings takes the same value twice", async () => {
  assertEquals(await portOf({ args: ["--bind-port=1", "--port", "1"] }), "1 flag");
});

for (
  const [what, places, source] of [
    ["flags that contradict each other", { args: ["--bind-port=1", "--bind-port=2"] }, "twice"],
    ["a flag and its alias", { args: ["--bind-port=1", "--port=2"] }, "flag --port"],
    ["a switch both on and off", { args: ["--run-once", "--no-run-once"] }, "flag --no-run-once"],
    ["variables that contradict each other", {
      variables: { FLUXVAULT_BIND_PORT: "1", FLUXVAULT_PORT: "2" },
    }, "variable FLUXVAULT_PORT"],
    ["further variables that contradict each other", {
      variables: { VAULT_PORT: "1", NODE_PORT: "2" },
    }, "variable VAULT_PORT and variable NODE_PORT"],
    ["a bad port in a further variable", { variables: { VAULT_PORT: "http" } }, "VAULT_PORT"],
    ["keys that contradict each other", { file: { "bind-port": 1, "bind_port": 2 } }, "bind_port"],
    ["a bad port in a variable", { variables: { FLUXVAULT_BIND_PORT: "http" } }, "variable"],
    ["a bad port in the file", { file: { "bind-port": "http" } }, "conf.json, bind-port"],
    ["an argument that belongs to nothing", { args: ["--run-once", "false"] }, "argument 2"],
  ] as const
) {
  Deno.test(`resolveSettings refuses ${what}`, async () => {
    const error = await assertRejects(() => resolve(places, OPTIONS), ConfigError);
    assert(error.source?.includes(source), error.source);
    assert(error.hint !== undefined);
  });
}

Deno.test("resolveSettings shows no secret where it contradicts itself or is out of place", async () => {
  for (
    const args of [
      ["--enrolment-secret=hunter2", "--enrolment-secret=hunter2b"],
      ["--enrolment-secret", "a", "hunter2"],
    ]
  ) {
    const error = await assertRejects(() => resolve({ args }, OPTIONS), ConfigError);
    assert(!`${error.message} ${error.hint} ${error.source}`.includes("hunter2"));
  }
});

Deno.test("resolveSettings returns operands where they are allowed", async () => {
  const { operands } = await resolve({ args: ["a", "--run-once", "b"] }, OPTIONS, {
    allowOperands: true,
  });
  assertEquals(operands, ["a", "b"]);
});

Deno.test("resolveSettings warns of a variable that no option reads", async () => {
  const { warnings } = await resolve({
    variables: { FLUXVAULT_BIND_PROT: "1", FLUXVAULT_VAULT_DIR: "x", PATH: "y" },
  }, OPTIONS);
  assertEquals(warnings, [
    "no option reads the variable FLUXVAULT_BIND_PROT; did you mean FLUXVAULT_BIND_PORT?",
    "no option reads the variable FLUXVAULT_VAULT_DIR",
  ]);
});

Deno.test("resolveSettings warns of no variable that others read", async () => {
  const variables = { FLUXVAULT_BIND_PROT: "1", FLUXVAULT_VAULT_DIR: "x" };
  const otherOptions = [{ name: "vault-dir", kind: "path", help: "" }] as const;
  const { warnings } = await resolve({ variables }, OPTIONS, { otherOptions });
  assertEquals(warnings, [
    "no option reads the variable FLUXVAULT_BIND_PROT; did you mean FLUXVAULT_BIND_PORT?",
  ]);
});

Deno.test("resolveSettings throws nothing but a ConfigError, whatever it is given", async () => {
  const names = OPTIONS.map((option) => `--${option.name}`).filter((name) => name !== "--config");
  const args = fc.array(fc.oneof(fc.constantFrom(...names), fc.string()), { maxLength: 5 });
  const key = fc.constantFrom("FLUXVAULT_BIND_PORT", "FLUXVAULT_FILES", "FLUXVAULT_RUN_ONCE");
  const variables = fc.dictionary(key, fc.string());
  await fc.assert(fc.asyncProperty(args, variables, async (args, variables) => {
    try {
      await resolveSettings(OPTIONS, { args, env: fixedEnvironment(variables) });
    } catch (error) {
      assert(error instanceof ConfigError);
    }
  }));
});

Deno.test("isGiven tells a value that was given from the default, even where both are the same", async () => {
  const resolved = await resolve({ args: ["--bind-port=8888"] }, OPTIONS);
  assert(isGiven(resolved, "bind-port"));
  assert(!isGiven(resolved, "interval"));
  assertThrows(() => isGiven(resolved, "bind-prot"), RangeError);
});

Deno.test("settingError names the setting and the source of its value", async () => {
  const resolved = await resolve({ variables: { FLUXVAULT_FILES: "a" } }, OPTIONS);
  const error = settingError(resolved, { name: "files", problem: "is odd", hint: "Mend it." });
  assertEquals(error.message, "--files is odd");
  assertEquals(error.setting, "--files");
  assertEquals(error.source, "variable FLUXVAULT_FILES");
  assertEquals(error.hint, "Mend it.");
});
