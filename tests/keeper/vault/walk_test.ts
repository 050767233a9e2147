import type { DiskItem } from "../../../keeper/vault/walk.ts";
import { hasLostFiles, joinWalks } from "../../../keeper/vault/walk.ts";
import type { VaultFaultCode } from "../../../keeper/vault/vault.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function file(below: string): DiskItem {
  const stamp = { dev: 1, ino: 1, size: 0, mtime: null, ctime: null };
  const sha256 = new Uint8Array(32);
  return { kind: "file", below, digest: "", size: 0, isProgram: false, path: below, stamp, sha256 };
}

function folder(below: string): DiskItem {
  return { kind: "folder", below, path: below, dev: 1, isMount: false };
}

function gap(below: string, code: VaultFaultCode = "io-failed"): DiskItem {
  return { kind: "gap", below, code, reason: "no" };
}

const [ROOT, A, D, DX] = [folder(""), file("a"), folder("d"), file("d/x")];

Deno.test("joinWalks gives back the last walk where it found the same, in whatever order", () => {
  const last = joinWalks([ROOT, A, D, DX], null);
  assert(joinWalks([ROOT, D, DX, A], last) === last);
  assert(joinWalks([ROOT, D, DX, file("a")], last) !== last);
  assert(joinWalks([ROOT, D, DX], last) !== last);
});

Deno.test("joinWalks gives back the last walk where its gaps are the same", () => {
  const last = joinWalks([ROOT, gap("a")], joinWalks([ROOT, A], null));
  assert(joinWalks([ROOT, gap("a")], last) === last);
  for (const other of [gap("a", "permission-denied"), gap("b"), A]) {
    assert(joinWalks([ROOT, other], last) !== last, JSON.stringify(other));
  }
});

Deno.test("joinWalks remembers what was in the place of a gap, and below it, as long as there is one", () => {
  const first = joinWalks([ROOT, A, D, DX], null);
  const second = joinWalks([ROOT, A, gap("d")], first);
  assertEquals([...second.known.keys()].sort(), ["", "a", "d", "d/x"]);
  const third = joinWalks([gap("")], second);
  assertEquals([...third.known.keys()].sort(), ["", "a", "d", "d/x"]);
  const fourth = joinWalks([ROOT, A], third);
  assertEquals([...fourth.known.keys()].sort(), ["", "a"]);
});

Deno.test("hasLostFiles says so of files that are gone, not of what is hidden by a gap", () => {
  const last = joinWalks([ROOT, A, D, DX], null);
  const lost = [[ROOT, A, D, DX], [ROOT, A, gap("d")], [gap("")], [ROOT, A, D], [ROOT, D, DX], [A]];
  assertEquals(lost.map((items) => hasLostFiles(joinWalks(items, last), last)), [
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});
