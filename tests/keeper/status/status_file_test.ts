import { join } from "node:path";
import { StatusFile } from "../../../keeper/status/status_file.ts";
import { StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { statusOf } from "./status_fixtures.ts";

Deno.test("StatusFile keeps what was changed, readable by its owner alone", async () => {
  await using folder = await temporaryFolder();
  const file = new StatusFile(join(folder.path, "state"));
  assertEquals(await file.load(), { agents: [] });
  await file.update(() => ({ agents: [statusOf()] }));
  assertEquals((await new StatusFile(join(folder.path, "state")).load()).agents, [statusOf()]);
  if (Deno.build.os !== "windows") {
    assertEquals(((await Deno.stat(file.path)).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("StatusFile loses no change of several writers", async () => {
  await using folder = await temporaryFolder();
  const files = Array.from({ length: 3 }, () => new StatusFile(folder.path));
  await Promise.all(
    files.flatMap((file, i) =>
      Array.from({ length: 5 }, (_, k) =>
        file.update(({ agents }) => ({
          agents: [...agents, statusOf({ address: `203.0.113.${i}:${k + 1}` })],
        })))
    ),
  );
  assertEquals((await files[0]?.load())?.agents.length, 15);
});

Deno.test("StatusFile does not write over a file that it cannot read", async () => {
  await using folder = await temporaryFolder();
  const file = new StatusFile(folder.path);
  await Deno.writeTextFile(file.path, "{}");
  const error = await assertRejects(
    () => file.update(() => ({ agents: [] })),
    StorageError,
    "state-malformed",
  );
  assert(error.hint?.includes("Move it away"));
  assertEquals(await Deno.readTextFile(file.path), "{}");
});
