import {
  checkApp,
  generateEnrolmentSecret,
  readEnrolmentSecret,
} from "../../../keeper/keys/enrolment_secret.ts";
import { ConfigError, decodeEnrolmentSecret } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { ENROLMENT } from "./key_fixtures.ts";

Deno.test("generateEnrolmentSecret makes another secret each time, one that can be read", () => {
  const [one, other] = [generateEnrolmentSecret(), generateEnrolmentSecret()];
  assert(one !== other && one.length === 43);
  assertEquals(readEnrolmentSecret(one), decodeEnrolmentSecret(one) ?? new Uint8Array());
});

Deno.test("readEnrolmentSecret refuses anything else without repeating it", () => {
  for (const text of ["hunter2", `${ENROLMENT}A`, `${ENROLMENT.slice(0, -1)}!`]) {
    const error = assertThrows(() => readEnrolmentSecret(text), ConfigError);
    assert(!error.message.includes(text) && error.hint?.includes("enrolment create"));
  }
});

Deno.test("checkApp takes the name of an app and repeats nothing else", () => {
  assertEquals(checkApp("my-app"), "my-app");
  for (const text of ["", "-a", "hunter_2", "../x"]) {
    const error = assertThrows(() => checkApp(text), ConfigError);
    assert(text === "" || !error.message.includes(text));
  }
});
