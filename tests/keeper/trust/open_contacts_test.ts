import { OpenContacts } from "../../../keeper/trust/open_contacts.ts";
import { assertEquals } from "../../support/assert.ts";

const LONG_MS = 60_000;

Deno.test("OpenContacts.whenOver does not wait for a contact that nobody announced", async () => {
  assertEquals(await new OpenContacts().whenOver("a", LONG_MS), true);
});

Deno.test("OpenContacts.whenOver waits until the contact is over", async () => {
  const contacts = new OpenContacts();
  contacts.begin("a");
  contacts.begin("a");
  const waits = [contacts.whenOver("a", LONG_MS), contacts.whenOver("a", LONG_MS)];
  assertEquals(await contacts.whenOver("a", 0), false);
  contacts.end("a");
  assertEquals(await Promise.all(waits), [true, true]);
  assertEquals(await contacts.whenOver("a", LONG_MS), true);
});
