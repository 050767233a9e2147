import { Claims } from "../../../../agent/disk/paths/claims.ts";
import { StorageError } from "../../../../protocol/errors.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

const INODE = { dev: 1, ino: 7, nlink: 1 };

Deno.test("Claims refuses a target to a second path", () => {
  const claims = new Claims();
  claims.claimTarget("a", "/files/a");
  claims.claimTarget("a", "/files/a");
  assertThrows(() => claims.claimTarget("/files/a", "/files/a"), StorageError, "path-refused");
  assertEquals([...claims.targets], [["/files/a", "a"]]);
});

Deno.test("Claims refuses a file to a second path, whatever the text of it", () => {
  const claims = new Claims();
  claims.claimInode("a", INODE);
  claims.claimInode("a", INODE);
  assertThrows(() => claims.claimInode("A", INODE), StorageError, "path-refused");
  claims.claimInode("A", { ...INODE, dev: 2 });
});

Deno.test("Claims lets names of one file be that are links to it", () => {
  const claims = new Claims();
  claims.claimInode("a", { ...INODE, nlink: 2 });
  claims.claimInode("b", { ...INODE, nlink: 2 });
});

Deno.test("Claims makes no claim where there are no inodes", () => {
  const claims = new Claims();
  claims.claimInode("a", { ...INODE, ino: null });
  claims.claimInode("b", { ...INODE, ino: null });
});

Deno.test("Claims lets the number of a file that was replaced be used again", () => {
  const claims = new Claims();
  claims.claimInode("a", INODE);
  claims.releaseInode("b", INODE);
  assertThrows(() => claims.claimInode("b", INODE), StorageError, "path-refused");
  claims.releaseInode("a", INODE);
  claims.claimInode("b", INODE);
});

Deno.test("Claims forgets everything with a new delivery", () => {
  const claims = new Claims();
  claims.claimTarget("a", "/files/a");
  claims.claimInode("a", INODE);
  claims.clear();
  claims.claimTarget("b", "/files/a");
  claims.claimInode("b", INODE);
});
