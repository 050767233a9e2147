import {
  LEASE_FILE_NAME,
  readLeaseFile,
  writeLeaseFile,
} from "../../../../agent/disk/state/lease_file.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

Deno.test("readLeaseFile reads what writeLeaseFile wrote", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await readLeaseFile(folder.path), []);
  const renewals = [["1key", 1_767_225_600_000], [null, 0]] as const;
  await writeLeaseFile(folder.path, renewals);
  assertEquals(await readLeaseFile(folder.path), renewals);
});

Deno.test("readLeaseFile refuses what it cannot read", async () => {
  await using folder = await temporaryFolder();
  const bad = [
    "",
    "null",
    '{"version":2,"renewals":[]}',
    '{"version":1,"renewals":[[1,2]]}',
    '{"version":1,"renewals":[["a",0.5]]}',
    '{"version":1,"renewals":[["a"]]}',
  ];
  for (const text of bad) {
    await Deno.writeTextFile(`${folder.path}/${LEASE_FILE_NAME}`, text);
    await assertRejects(() => readLeaseFile(folder.path), StorageError, "state-malformed");
  }
});
