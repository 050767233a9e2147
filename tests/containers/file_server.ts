/**
 * A companion that serves its files to the other containers of its app, as a Flux node would run them.
 *
 * @module
 */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { ContainedApp } from "../support/contained_app.ts";
import { ContainedKeeper } from "../support/contained_keeper.ts";
import { ContainerHost } from "../support/container_host.ts";

const URL_OF_SECRET = "http://fluxagent_shop:2080/files/db.password";
const host = ContainerHost.ofSuite();

/** Who is beside the app and none of it: another app's, without a name, or with one that is not his. */
const STRANGERS = ["other", "nameless", "liar", "node"] as const;

Deno.test("containers of an app: a companion serves its neighbours what was delivered, and no stranger", async () => {
  await using app = await ContainedApp.open(host);
  const { address } = app.placeOf("home");
  await using keeper = await ContainedKeeper.open(host, {
    image: ContainedApp.imageOf("keeper"),
    place: app.placeOf("home"),
    secret: "first",
  });
  await using companion = await app.startAgent("agent", {
    variables: { FLUXVAULT_FILESERVER: "true", FLUXVAULT_WHITELISTED_ADDRESSES: address },
  });
  const agentImage = ContainedApp.imageOf("agent");
  const wait = ["fetch", URL_OF_SECRET, "--wait"];
  const ask = ["wget", "-q", "-O", "-", URL_OF_SECRET];
  const alpine = "localhost/alpine";

  // 1. One waits from the start, with the program that has no shell about it; one asks too early.
  const waiting = app.runImage("db", { image: agentImage, args: wait });
  await companion.waitForLog((logs) => /"event":"file-server"/.test(logs) || undefined);
  const early = await app.runImage("web", { image: alpine, args: ask });
  assertMatch(early.stderr, /503 Service Unavailable/);
  const deliver = () => keeper.deliverTo(app.placeOf("agent"), "--app-name=shop");
  assertEquals((await deliver()).outcome, "delivered");
  const { code, stdout, stderr } = await waiting;
  assertEquals([code, stdout], [0, "first"], stderr);

  // 2. A neighbour gets it by the name that Flux gives the companion; and a later one.
  const askFrom = (place: "web" | typeof STRANGERS[number]) => {
    return app.runImage(place, { image: alpine, args: ask });
  };
  assertEquals((await askFrom("web")).stdout, "first");
  await keeper.keep("second");
  assertEquals((await deliver()).outcome, "delivered");
  assertEquals((await askFrom("web")).stdout, "second");

  // 3. Whoever is of another app, has no name, or one that leads elsewhere, gets nothing.
  for (const place of STRANGERS) {
    const refused = await askFrom(place);
    assertEquals([refused.code, refused.stdout], [1, ""], place);
    assertMatch(refused.stderr, /403 Forbidden/, place);
  }
});
