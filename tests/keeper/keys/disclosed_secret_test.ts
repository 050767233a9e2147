import { disclosedSecret, secretIn } from "../../../keeper/keys/disclosed_secret.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { ENROLMENT, KEY, TEST_NETWORK_KEY, UNCOMPRESSED_KEY } from "./key_fixtures.ts";

Deno.test("secretIn tells private keys and enrolment secrets from all else", () => {
  const keys = [KEY, TEST_NETWORK_KEY, UNCOMPRESSED_KEY].map(({ wif }) => secretIn(wif));
  assertEquals(new Set(keys), new Set(["a private key" as const]));
  assertEquals(secretIn(ENROLMENT), "an enrolment secret");
  const others = ["", "vaultdemo", KEY.address, ENROLMENT.slice(1), `${ENROLMENT.slice(1)}9`];
  assertEquals(others.map(secretIn), others.map(() => null));
});

Deno.test("disclosedSecret says what to do with a secret, and of which option", () => {
  const error = disclosedSecret("an enrolment secret", { setting: "--app-name" });
  assertEquals([error.message.includes("an enrolment secret"), error.setting], [
    true,
    "--app-name",
  ]);
  assert(error.hint?.includes("use another"), error.hint);
});
