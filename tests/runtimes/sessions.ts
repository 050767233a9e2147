/**
 * Whole sessions in other runtimes, with the library unchanged: as keeper with the agent program, and
 * as agent with the keeper program.
 *
 * `deno task test:runtimes` runs it; it needs the runtimes that the task fetches.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeFluxApi, readFluxFixture } from "../support/fake_flux_api.ts";
import { startSignedAgent } from "../support/signed_agent.ts";
import { digestOf, readKeeperRun, sampleBytes, Site } from "../support/site.ts";
import { RUNTIMES } from "./host/runtimes.ts";

const APP = "vaultdemo";
const KEY = generatePrivateKey();
const STRANGER = generatePrivateKey();

for (const [name, start] of Object.entries(RUNTIMES)) {
  Deno.test(`${name} reads the keys and signatures of Flux as others do`, async () => {
    await using runtime = await start();
    const { published, derived_from_public_demo_key: derived, negative } = JSON.parse(
      await readFluxFixture("signature_vectors_bitcoin_message.json"),
    );
    const { valid, invalid_wif: invalid } = JSON.parse(
      await readFluxFixture("wif_and_address_vectors.json"),
    );
    // deno-lint-ignore no-explicit-any
    const good = [...published, ...derived].filter(({ message }: any) => message !== undefined);
    // deno-lint-ignore no-explicit-any
    const signing = good.filter((vector: any) =>
      vector.wif && (vector.deterministic ?? vector.rfc6979_deterministic)
    );
    const { signers, keys } = await runtime.perform("flux", {
      signed: [...good, ...negative],
      // deno-lint-ignore no-explicit-any
      keys: [...signing, ...valid, ...invalid].map(({ wif, message = "" }: any) => ({
        wif,
        message,
      })),
    });
    assert(good.length === 26 && signing.length === 16 && negative.length === 16);
    for (const [index, { address }] of good.entries()) assertEquals(signers[index], address);
    for (const [index, { address }] of negative.entries()) {
      assert(signers[good.length + index] !== address);
    }
    for (const [index, { address, signature }] of signing.entries()) {
      assertEquals(keys[index], [address, signature]);
    }
    for (const [index, { p2pkh_address: address }] of valid.entries()) {
      assertEquals(keys[signing.length + index]?.[0], address);
    }
    assertEquals(keys.slice(signing.length + valid.length), invalid.map(() => null));
  });

  Deno.test(`${name} runs the examples that embed an agent and a keeper`, async () => {
    await using runtime = await start();
    const { passwords, history, answer } = await runtime.perform("embed", null);
    assertEquals(passwords, ["correct horse", "battery staple"]);
    assertEquals([history.length, history.at(-1), answer], [4, "192.0.2.7:8888 delivered", 2]);
  });

  Deno.test(`${name} is a keeper that the agent program obeys, and refuses if it signs wrongly`, async () => {
    await using site = await Site.open();
    await using api = FakeFluxApi.start();
    api.setLocations(APP, ["203.0.113.20"]);
    await using runtime = await start();
    const zelids = [zelIdOfKey(KEY)];
    const agent = await startSignedAgent(site, { zelids, args: ["--app-name", APP] });
    const task = { port: agent.port, apiUrl: runtime.reach(api.url), app: APP };
    const refused = await runtime.perform("keep", { ...task, wif: encodeWif(STRANGER) });
    assertEquals(refused.ended, "statement-invalid");
    const kept = await runtime.perform("keep", { ...task, wif: encodeWif(KEY) });
    assertEquals(kept.ended, "delivered");
    assertEquals(kept.report, ["db.password created", "models/large.bin created"]);
    assertEquals(kept.fingerprint, agent.fingerprint);
    for (const [path, digest] of Object.entries(kept.digests)) {
      assertEquals(await digestOf(`${agent.files}/${path}`), digest);
    }
  });

  Deno.test(`${name} is an agent that the keeper program fills, and that refuses a stranger`, async () => {
    const large = sampleBytes(5 * 1024 * 1024 + 1);
    await using site = await Site.open({ "db.password": "correct horse", "large.bin": large });
    await using runtime = await start();
    const zelid = zelIdOfKey(KEY);
    for (const key of [STRANGER, KEY]) {
      await using agent = await runtime.listen({ app: APP, zelid });
      const end = await site.run("keeper", [
        ...["--run-once", "--json", "--agent-ips", `127.0.0.1:${agent.port}`],
        ...["--vault-dir", site.path("vault"), "--state-dir", site.path(zelIdOfKey(key))],
        ...["--managed-files", "db.password,large.bin", "--sign-connections", "--app-name", APP],
        ...["--zelid", zelIdOfKey(key)],
      ], { input: `${encodeWif(key)}\n` });
      const report = readKeeperRun(end).agents.get(`127.0.0.1:${agent.port}`);
      const outcome = await agent.outcome();
      if (key === STRANGER) {
        assertEquals([report?.code, report?.by], ["statement-invalid", "peer"], end.stderr);
        assertEquals([outcome.ended, outcome.digests], ["statement-invalid", {}]);
        continue;
      }
      assertEquals([end.code, report?.outcome], [0, "delivered"], end.stdout + end.stderr);
      assertEquals(outcome.report, ["db.password created", "large.bin created"]);
      for (const [path, digest] of Object.entries(outcome.digests)) {
        assertEquals(await digestOf(site.path(`vault/${path}`)), digest);
      }
      assertEquals(Object.keys(outcome.digests).length, 2);
    }
  });
}
