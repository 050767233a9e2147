import fc from "fast-check";
import { type AppOwner, fetchAppOwner, readAppOwner } from "../../flux/app_owner.ts";
import { FluxApiError } from "../../flux/errors.ts";
import { FluxClient } from "../../flux/flux_client.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { FakeFluxApi, readFluxFixture } from "../support/fake_flux_api.ts";

async function fetchFixture(fileName: string): Promise<AppOwner> {
  await using api = FakeFluxApi.start();
  await api.useFixture("/apps/appowner/vaultdemo", fileName);
  const client = new FluxClient({ baseUrls: [api.url], attempts: 1 });
  return await fetchAppOwner(client, "vaultdemo");
}

Deno.test("fetchAppOwner tells Flux IDs, Ethereum addresses and other text apart", async () => {
  assertEquals(await fetchFixture("apps_appowner_ok.json"), {
    kind: "zelid",
    address: "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM",
  });
  assertEquals(await fetchFixture("apps_appowner_ethereum.json"), {
    kind: "ethereum",
    address: "0xfaA2ca6454F2815C0900da1d4BfbD53072C736eb",
  });
  assertEquals(await fetchFixture("apps_appowner_unusable_string.json"), {
    kind: "unusable",
    text: "TrippleOwner",
  });
});

Deno.test("fetchAppOwner says that an app is unknown", async () => {
  const fetching = () => fetchFixture("apps_appowner_unknown.json");
  const error = await assertRejects(fetching, FluxApiError, "app-unknown");
  assertEquals(error.hint, "Check the name of the app.");
});

Deno.test("fetchAppOwner sends no name that no app can have", async () => {
  await using api = FakeFluxApi.start();
  const client = new FluxClient({ baseUrls: [api.url] });
  await assertRejects(() => fetchAppOwner(client, "a/b"), FluxApiError, "name-invalid");
  assertEquals(api.requests.length, 0);
});

Deno.test("readAppOwner takes nothing that only resembles an address", () => {
  const lookalikes = [
    "",
    "1",
    "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM ",
    "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM\n",
    "1GKugrE8cmw9NysWFJPwszBbETRLwLaLm0",
    "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmN",
    "1gKugrE8cmw9NysWFJPwszBbETRLwLaLmM",
    "1111111111111111111111111",
    "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmMM",
    "3GKugrE8cmw9NysWFJPwszBbETRLwLaLmM",
    "t1gxtxD1HV2ZV5oAttu8MfCcvkxgjxtXQnn",
    "0xfaA2ca6454F2815C0900da1d4BfbD53072C736e",
    "0xfaA2ca6454F2815C0900da1d4BfbD53072C736ebb",
    "0XfaA2ca6454F2815C0900da1d4BfbD53072C736eb",
    "faA2ca6454F2815C0900da1d4BfbD53072C736eb",
  ];
  for (const text of lookalikes) assertEquals(readAppOwner(text).kind, "unusable", text);
});

Deno.test("readAppOwner takes each address of other tools, and none of those that they refuse", async () => {
  const vectors = JSON.parse(await readFluxFixture("wif_and_address_vectors.json"));
  const taken = vectors.valid.map((vector: { p2pkh_address: string }) => vector.p2pkh_address);
  const refused = vectors.not_accepted_as_flux_id.map((vector: { address: string }) =>
    vector.address
  );
  assertEquals([taken.length, refused.length], [12, 7]);
  for (const text of taken) assertEquals(readAppOwner(text), { kind: "zelid", address: text });
  for (const text of refused) assertEquals(readAppOwner(text).kind, "unusable", text);
});

Deno.test("readAppOwner looks no further at a text that is far too long", () => {
  const owner = readAppOwner("1".repeat(10_000_000));
  assertEquals(owner, { kind: "unusable", text: `${"1".repeat(200)}...` });
});

Deno.test("readAppOwner makes an unusable owner fit for printing", () => {
  assertEquals(readAppOwner("\u001b[2Jx\n"), { kind: "unusable", text: "?[2Jx?" });
});

Deno.test("readAppOwner refuses data that are not text", () => {
  for (const data of [null, 1, {}, ["1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM"]]) {
    assert(assertThrows(() => readAppOwner(data), FluxApiError, "response-malformed").transient);
  }
});

Deno.test("readAppOwner classifies any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
    assert(["zelid", "ethereum", "unusable"].includes(readAppOwner(text).kind));
  }));
});
