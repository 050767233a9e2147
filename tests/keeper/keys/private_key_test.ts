import { disclosedSecret } from "../../../keeper/keys/disclosed_secret.ts";
import { checkAddress, readPrivateKey } from "../../../keeper/keys/private_key.ts";
import { encodeWif, zelIdOfKey } from "../../../flux/mod.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { readFluxFixture } from "../../support/fake_flux_api.ts";
import { KEY, TEST_NETWORK_KEY, UNCOMPRESSED_KEY } from "./key_fixtures.ts";

const VECTORS = JSON.parse(await readFluxFixture("wif_and_address_vectors.json"));

Deno.test("readPrivateKey reads the key of an address, compressed or not", () => {
  for (const { address, wif } of [KEY, UNCOMPRESSED_KEY]) {
    const key = readPrivateKey(` ${wif}\n`, address);
    assertEquals([zelIdOfKey(key), encodeWif(key)], [address, wif]);
  }
});

function refusal(wif: string, address: string): ConfigError {
  const error = assertThrows(() => readPrivateKey(wif, address, { source: "x" }), ConfigError);
  const text = `${error.message} ${error.hint} ${error.stack}`;
  assert(!text.includes(wif) && error.cause === undefined && error.source === "x");
  return error;
}

Deno.test("readPrivateKey refuses the key of another address", () => {
  const error = refusal(UNCOMPRESSED_KEY.wif, KEY.address);
  assertEquals(error.message, `the private key is not that of ${KEY.address}`);
});

Deno.test("readPrivateKey says where only the form of the key differs", () => {
  for (const { address, wif } of [KEY, UNCOMPRESSED_KEY]) {
    const key = readPrivateKey(wif, address);
    const other = encodeWif({ ...key, isCompressed: !key.isCompressed });
    const form = key.isCompressed ? "uncompressed" : "compressed";
    const error = refusal(other, address);
    assertEquals(error.message, `the private key is marked ${form}, and so has another address`);
  }
});

Deno.test("readPrivateKey says what is wrong with a text that is no key", () => {
  const messages = [TEST_NETWORK_KEY.wif, KEY.wif.slice(0, -1), KEY.address, "nonsense"]
    .map((text) => refusal(text, UNCOMPRESSED_KEY.address).message);
  assertEquals(messages, [
    "the private key is for a test network",
    "the private key is mistyped: its checksum does not fit",
    "the private key is an address, not a private key",
    "the private key is mistyped: its checksum does not fit",
  ]);
});

Deno.test("checkAddress takes an address and nothing that only looks like one", () => {
  assertEquals(checkAddress(KEY.address), KEY.address);
  const refused = VECTORS.not_accepted_as_flux_id.map(({ address }: { address: string }) => {
    const error = assertThrows(() => checkAddress(address), ConfigError);
    assert(address === "" || !error.message.includes(address));
    return error.message;
  });
  assertEquals(refused, [
    "the argument is an address of another kind (bc1... or 3...)",
    "the argument is an address of another kind (bc1... or 3...)",
    "the argument is an address of a test network",
    "the argument is an address of the Flux chain, not a Flux ID",
    "the argument is no address, or is mistyped",
    "the argument is no address, or is mistyped",
    "the argument is no address, or is mistyped",
  ]);
});

Deno.test("checkAddress names the setting that the text came from", () => {
  const error = assertThrows(() => checkAddress("x", { setting: "--zelid" }), ConfigError);
  assertEquals([error.setting, error.message.startsWith("--zelid is ")], ["--zelid", true]);
});

Deno.test("checkAddress says that a private key in its place is disclosed", () => {
  for (const { wif } of [KEY, UNCOMPRESSED_KEY, TEST_NETWORK_KEY]) {
    const error = assertThrows(() => checkAddress(wif), ConfigError);
    assertEquals(error.message, disclosedSecret("a private key").message);
    assert(error.hint?.includes("disclosed") && !`${error.stack}`.includes(wif));
  }
});
