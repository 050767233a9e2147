import { PassNotes } from "../../../keeper/trust/pass_notes.ts";
import { assertEquals } from "../../support/assert.ts";
import { contactOf, fingerprintOf } from "./known_agents_fixtures.ts";

const HERE = contactOf("a").address;

/** Notes whose clock the test moves. */
function notesAt(nowMs: number): { readonly notes: PassNotes; readonly clock: { nowMs: number } } {
  const clock = { nowMs };
  return { notes: new PassNotes(() => clock.nowMs), clock };
}

Deno.test("PassNotes.take returns what was noted, once", () => {
  const { notes } = notesAt(7);
  const waiting = { contact: contactOf("b", { address: "b:1" }), reason: "new" } as const;
  notes.noteTrusted(contactOf("a"));
  notes.noteLocation(fingerprintOf("a"), HERE);
  notes.notePending(waiting);
  const none = { app: "demo", lookedFor: null, nowMs: 7 };
  assertEquals(notes.take("demo", null), {
    ...none,
    trusted: [contactOf("a")],
    located: new Map([[fingerprintOf("a"), HERE]]),
    pending: [waiting],
  });
  assertEquals(notes.take("demo", null), {
    ...none,
    trusted: [],
    located: new Map(),
    pending: [],
  });
});

Deno.test("PassNotes.locationOf knows where a key is until the notes are taken", () => {
  const { notes } = notesAt(0);
  notes.noteLocation(fingerprintOf("a"), "x:1");
  notes.noteLocation(fingerprintOf("a"), HERE);
  assertEquals(notes.locationOf(fingerprintOf("a")), HERE);
  notes.take(null, null);
  assertEquals(notes.locationOf(fingerprintOf("a")), null);
});

Deno.test("PassNotes.noteLocation lets the last of two keys at an address be the last of all", () => {
  const { notes } = notesAt(0);
  for (const name of ["a", "b", "a"]) notes.noteLocation(fingerprintOf(name), HERE);
  const { located } = notes.take(null, null);
  assertEquals([...located.keys()], ["b", "a"].map(fingerprintOf));
});

Deno.test("PassNotes.take tells where a pass looked and whom it met", () => {
  const { notes, clock } = notesAt(5);
  notes.noteBegin("old:1");
  notes.noteTrusted(contactOf("old"));
  notes.noteEnd("old:1");
  clock.nowMs = 10;
  for (const address of ["x:1", HERE, "never-dialled:1"]) notes.noteBegin(address);
  notes.noteTrusted(contactOf("a"));
  notes.noteEnd("x:1");
  notes.noteEnd(HERE);
  assertEquals(notes.take(null, 10).lookedFor, {
    dialled: new Set(["x:1", HERE]),
    seen: new Set([fingerprintOf("a")]),
  });
});

Deno.test("PassNotes.take has not looked in a pass that began while a contact went on", () => {
  const { notes, clock } = notesAt(5);
  notes.noteBegin(HERE);
  notes.noteTrusted(contactOf("a"));
  clock.nowMs = 20;
  notes.noteEnd(HERE);
  const nobody = new Set<string>();
  assertEquals(notes.take(null, 10).lookedFor, { dialled: nobody, seen: nobody });
});
