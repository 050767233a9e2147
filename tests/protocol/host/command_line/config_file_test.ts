import { ConfigError } from "../../../../protocol/errors.ts";
import { readConfigFile } from "../../../../protocol/host/command_line/config_file.ts";
import { defineOptions } from "../../../../protocol/host/command_line/option_table.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";

const OPTIONS = defineOptions([
  { name: "bind-port", kind: "integer", aliases: ["port"], help: "" },
  { name: "enrolment-secret", kind: "text", secret: true, help: "" },
  { name: "help", kind: "boolean", sources: ["flag"], help: "" },
]);

async function read(content: string | Uint8Array, parse = JSON.parse) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, new TextEncoder().encode(""));
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
    return await readConfigFile(path, { options: OPTIONS, parse });
  } finally {
    await Deno.remove(path);
  }
}

async function keysOf(content: string): Promise<string[]> {
  return (await read(content)).members.map(({ option, key }) => `${key}:${option.name}`);
}

Deno.test("readConfigFile takes keys with dashes, with underscores, and aliases", async () => {
  assertEquals(await keysOf('{"bind-port": 1, "enrolment_secret": "x", "port": 2}'), [
    "bind-port:bind-port",
    "enrolment_secret:enrolment-secret",
    "port:bind-port",
  ]);
});

Deno.test("readConfigFile leaves out members that are null", async () => {
  assertEquals(await keysOf('{"bind-port": null}'), []);
});

Deno.test("readConfigFile skips a byte order mark", async () => {
  assertEquals(await keysOf('\uFEFF{"port": 1}'), ["port:bind-port"]);
});

Deno.test("readConfigFile uses the parser that it is given", async () => {
  const { members } = await read("bind-port 7", (text) => {
    const [key, value] = text.split(" ");
    return { [key ?? ""]: value };
  });
  assertEquals(members[0]?.value, "7");
});

for (
  const [what, content] of [
    ["a list", "[]"],
    ["null", "null"],
    ["a number", "5"],
    ["an unknown key", '{"bind-prot": 1}'],
    ["a key that every object has", '{"constructor": 1}'],
    ["an option that is a flag only", '{"help": true}'],
    ["text that is no JSON", "{bind-port: 1}"],
    ["an empty file", ""],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe])],
  ] as const
) {
  Deno.test(`readConfigFile refuses ${what}`, async () => {
    const error = await assertRejects(() => read(content), ConfigError);
    assert(error.source?.startsWith("file "));
  });
}

Deno.test("readConfigFile names the key that was meant", async () => {
  const error = await assertRejects(() => read('{"bind_prot": 1}'), ConfigError);
  assertEquals(error.hint, "Did you mean bind-port?");
});

Deno.test("readConfigFile shows nothing of a file that cannot be parsed", async () => {
  const error = await assertRejects(() => read('{"enrolment-secret": hunter2}'), ConfigError);
  assert(!`${error.message} ${error.hint} ${error.cause}`.includes("hunter2"));
});

Deno.test("readConfigFile refuses a file that is not there", async () => {
  const error = await assertRejects(
    () => readConfigFile("/nowhere/conf.json", { options: OPTIONS, parse: JSON.parse }),
    ConfigError,
  );
  assertEquals(error.message, "the config file does not exist");
  assertEquals(error.source, "file /nowhere/conf.json");
});

Deno.test("readConfigFile refuses a folder and keeps the cause", async () => {
  const error = await assertRejects(
    () => readConfigFile(".", { options: OPTIONS, parse: JSON.parse }),
    ConfigError,
  );
  assert(error.cause instanceof Error);
});
