// deno-lint-ignore-file no-console -- what is measured is part of the report.
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ContainerHost } from "../support/container_host.ts";

const FOLDER = fileURLToPath(new URL("../../dist/service/", import.meta.url));
const UNIT = "fluxvault-keeper.service";
/** How exposed the unit may be, of 100, where that of most services is over 90. */
const MAX_EXPOSURE = 13;
const host = ContainerHost.ofSuite();

/** Puts the unit where its program is there, and returns its path. */
async function placeUnit(): Promise<string> {
  const path = `${host.folder}/${UNIT}`;
  const text = await Deno.readTextFile(FOLDER + UNIT);
  await Deno.writeTextFile(path, text.replace("/usr/local/bin/fluxvault-keeper", "/bin/true"));
  return path;
}

Deno.test("fluxvault-keeper.service is a unit that systemd accepts without a word", async () => {
  const args = ["systemd-analyze", "verify", "--man=no", await placeUnit()];
  const { code, stdout, stderr } = await host.follow(args).end;
  assertEquals([code, stdout, stderr], [0, "", ""]);
});

Deno.test("fluxvault-keeper.service is hardly exposed", async () => {
  const threshold = `--threshold=${MAX_EXPOSURE}`;
  const flags = ["--offline=true", "--no-pager", threshold];
  const { code, stdout } = await host.follow([
    ...["systemd-analyze", "security", ...flags, await placeUnit()],
  ]).end;
  const overall = stdout.split("\n").find((line) => line.includes("Overall"))?.trim() ?? stdout;
  assertEquals(code, 0, overall);
  assertMatch(overall, /1\.\d OK/);
  console.log(overall.replace(/^\W*/, "").replace(/ \W*$/, ""));
});

/** Has Python's own readers read a file. */
async function readByPython(script: string, file: string): Promise<string> {
  const command = ["python3", "-c", script, FOLDER + file];
  const { code, stdout, stderr } = await host.follow(command).end;
  assertEquals(code, 0, stderr);
  return stdout.trim();
}

Deno.test("org.fluxvault.keeper.plist is a property list", async () => {
  const script = "import json, plistlib, sys\n" +
    "print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
  const list = JSON.parse(await readByPython(script, "org.fluxvault.keeper.plist"));
  assertEquals(list.Label, "org.fluxvault.keeper");
  assertEquals([list.RunAtLoad, list.KeepAlive], [true, { SuccessfulExit: false }]);
  assertEquals(list.Umask, 0o77);
  assert(list.ProgramArguments.every((arg: string) => !arg.includes(" ")));
});

Deno.test("fluxvault-keeper.xml is well-formed", async () => {
  const script = "import sys, xml.etree.ElementTree as tree\n" +
    "print(tree.parse(sys.argv[1]).getroot().find('id').text)";
  assertEquals(await readByPython(script, "fluxvault-keeper.xml"), "fluxvault-keeper");
});
