import { encodeUtf8 } from "../../protocol/bytes.ts";
import { StorageError } from "../../protocol/errors.ts";
import {
  type DeliveredChanges,
  MemorySecretStore,
  type ServiceResult,
  type ServiceRunner,
  type WantedState,
} from "../../protocol/mod.ts";
import { serviceOf } from "../support/arbitrary_service.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { LoggedHooks, LoggedStore } from "../support/logged_delivery.ts";
import { entriesOf, receive } from "../support/receiving_agent.ts";

const NEW = encodeUtf8("new");
const SERVICES = { services: [serviceOf("web")] };

/** Writes what it is asked for into the log of a store. */
class LoggedServices implements ServiceRunner {
  readonly #log: string[];

  constructor(log: string[]) {
    this.#log = log;
  }

  apply(wanted: WantedState, delivered: DeliveredChanges): Promise<readonly ServiceResult[]> {
    return this.#note("apply", wanted, delivered);
  }

  plan(wanted: WantedState, delivered: DeliveredChanges): Promise<readonly ServiceResult[]> {
    return this.#note("plan", wanted, delivered);
  }

  #note(
    what: string,
    { declaredBy, services = [] }: WantedState,
    { changed, lacking }: DeliveredChanges,
  ): Promise<readonly ServiceResult[]> {
    this.#log.push(`${what} by ${declaredBy}: changed ${changed}, lacking ${lacking}`);
    return Promise.resolve(services.map(({ name }) => ({ service: name, outcome: "started" })));
  }
}

Deno.test("ServiceRunner.apply is called once all is in place and the hooks have run", async () => {
  const store = new LoggedStore((step, path) => {
    if (step === "stage" && path === "b") throw new StorageError("disk-full", "no");
  });
  const { result } = await receive(store, async (keeper) => {
    await keeper.sendManifest(await entriesOf({ a: NEW, b: NEW }), {}, SERVICES);
    for (let i = 0; i < 2; i++) await keeper.answer(await keeper.peer.readMessage(), NEW);
    const { lines } = await keeper.takeDone();
    assertEquals(lines.at(-1), { Service: "web", Outcome: "started" });
    await keeper.finish();
  }, {
    hooks: new LoggedHooks(store.log),
    services: new LoggedServices(store.log),
    checkManifest: () => "1keeper",
  });
  assert(!(result instanceof Error));
  assertEquals(result.services, [{ service: "web", outcome: "started" }]);
  assertEquals(store.log.slice(-2), [
    "finish a",
    "apply by 1keeper: changed a, lacking b",
  ]);
});

Deno.test("ServiceRunner.apply is called where a manifest has no services, so that those before end", async () => {
  const store = new LoggedStore();
  const { result } = await receive(store, async (keeper) => {
    await keeper.sendManifest([]);
    await keeper.takeDone();
    await keeper.finish();
  }, { services: new LoggedServices(store.log) });
  assert(!(result instanceof Error) && result.services === undefined);
  assertEquals(store.log.at(-1), "apply by null: changed , lacking ");
});

Deno.test("ServiceRunner.apply is not called for a session that breaks", async () => {
  const store = new LoggedStore();
  await receive(store, async (keeper) => {
    await keeper.sendManifest(await entriesOf({ a: NEW }), {}, SERVICES);
    await keeper.peer.readMessage();
    await keeper.peer.link.closeWriting();
  }, { services: new LoggedServices(store.log) });
  assertEquals(store.log, ["keep by null"]);
});

Deno.test("ServiceRunner.plan is called in a plan, and nothing else", async () => {
  const store = new LoggedStore();
  const { result } = await receive(store, async (keeper) => {
    await keeper.sendManifest(await entriesOf({ a: NEW }), { Plan: true }, SERVICES);
    await keeper.takeDone();
    await keeper.finish();
  }, { services: new LoggedServices(store.log) });
  assert(!(result instanceof Error) && result.services?.length === 1);
  assertEquals(store.log, ["plan by null: changed a, lacking "]);
});

Deno.test("receiveAsAgent refuses services where none may be run, and delivers all else", async () => {
  const store = new MemorySecretStore();
  await receive(store, async (keeper) => {
    await keeper.sendManifest(await entriesOf({ a: NEW }), {}, SERVICES);
    await keeper.answer(await keeper.peer.readMessage(), NEW);
    const { lines } = await keeper.takeDone();
    assertEquals(lines.at(-1), { Service: "web", Outcome: "refused", Code: "service-refused" });
    await keeper.finish();
  });
  assertEquals(store.read("a"), NEW);
});
