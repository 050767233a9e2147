import { AgentServices } from "../../../agent/services/agent_services.ts";
import type {
  DeliveredChanges,
  FileEntry,
  Service,
  ServiceResult,
  WantedState,
} from "../../../protocol/mod.ts";
import { serviceOf } from "../../support/arbitrary_service.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { PlayedLauncher } from "../../support/played_services.ts";

const NOTHING: DeliveredChanges = { changed: [], lacking: [] };

function fileOf(path: string, digest = "00"): FileEntry {
  const common = { mode: 0o600, size: 1, strategy: "STRICT" as const };
  return { kind: "file", path, digest: digest.repeat(32), ...common };
}

function wantedOf(services: readonly Service[], more: Partial<WantedState> = {}): WantedState {
  return { entries: [], hooks: [], isWipe: false, declaredBy: "1Keeper", services, ...more };
}

class Stage {
  readonly clock = new FakeClock();
  readonly launcher = new PlayedLauncher();
  readonly services: AgentServices;

  constructor() {
    const { delay, now } = this.clock;
    const { launcher } = this;
    this.services = new AgentServices({ launcher, delay, now, random: () => 1 });
  }

  /** Applies; services that start run for a second meanwhile. */
  async apply(wanted: WantedState, delivered = NOTHING): Promise<string[]> {
    const applying = this.services.apply(wanted, delivered);
    let isOver = false;
    void applying.then(() => isOver = true);
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (!isOver) this.clock.advance(1_000);
    }
    return inShort(await applying);
  }
}

function inShort(results: readonly ServiceResult[]): string[] {
  return results.map(({ service, outcome, code = "" }) => `${service} ${outcome} ${code}`.trim());
}

Deno.test("AgentServices starts what is declared, leaves it alone, and stops what is not", async () => {
  const stage = new Stage();
  const { services, launcher } = stage;
  const apply = (wanted: WantedState) => stage.apply(wanted);
  const [web, db] = [serviceOf("web"), serviceOf("db")];
  assertEquals(await apply(wantedOf([db, web])), ["db started", "web started"]);
  assertEquals(await apply(wantedOf([db, web])), ["db running", "web running"]);
  const other = serviceOf("web", { command: ["other"] });
  assertEquals(await apply(wantedOf([other])), ["web restarted", "db stopped"]);
  assertEquals(launcher.processes.filter(({ isAlive }) => isAlive).length, 1);
  await services.stop();
  assertEquals(launcher.processes.filter(({ isAlive }) => isAlive).length, 0);
});

Deno.test("AgentServices goes by each signer, but for a wipe", async () => {
  const stage = new Stage();
  await stage.apply(wantedOf([serviceOf("web")]));
  const others = { declaredBy: "1Other" };
  assertEquals(await stage.apply(wantedOf([serviceOf("web")], others)), ["web started"]);
  assertEquals(await stage.apply(wantedOf([], others)), ["web stopped"]);
  assertEquals(stage.services.list("1Keeper").length, 1);
  const wipe = wantedOf([], { ...others, isWipe: true });
  assertEquals(await stage.apply(wipe), ["web stopped"]);
  assertEquals(stage.services.list("1Keeper"), []);
  await stage.services.stop();
});

Deno.test("AgentServices refuses the services of a keeper that does not sign", async () => {
  const stage = new Stage();
  const wanted = wantedOf([serviceOf("web")], { declaredBy: null });
  assertEquals(await stage.apply(wanted), ["web refused service-refused"]);
  assertEquals(stage.launcher.processes.length, 0);
  await stage.services.stop();
});

Deno.test("AgentServices waits for the files that a service names, and for all where it names none", async () => {
  const stage = new Stage();
  const named = serviceOf("named", { fileVariables: new Map([["A", "a"]]) });
  const entries = [fileOf("a"), fileOf("b")];
  const services = [named, serviceOf("plain")];
  const lacking = (...paths: string[]) => ({ changed: [], lacking: paths });
  assertEquals(await stage.apply(wantedOf(services, { entries }), lacking("b")), [
    "named started",
    "plain waiting file-missing",
  ]);
  assertEquals(await stage.apply(wantedOf(services, { entries })), [
    "named running",
    "plain started",
  ]);
  await stage.services.stop();
});

Deno.test("AgentServices stops nothing for a new file that could not be put in place", async () => {
  const stage = new Stage();
  const service = serviceOf("web", { watches: ["a"] });
  await stage.apply(wantedOf([service], { entries: [fileOf("a")] }));
  const next = wantedOf([service], { entries: [fileOf("a", "11")] });
  assertEquals(await stage.apply(next, { changed: [], lacking: ["a"] }), [
    "web waiting file-missing",
  ]);
  assertEquals(stage.launcher.processes.map(({ isAlive }) => isAlive), [true]);
  assertEquals(await stage.apply(next, { changed: ["a"], lacking: [] }), ["web restarted"]);
  await stage.services.stop();
});

Deno.test("AgentServices starts again for a change that a broken delivery has made, and for one put right", async () => {
  const stage = new Stage();
  const service = serviceOf("web", { watches: ["tls"] });
  await stage.apply(wantedOf([service], { entries: [fileOf("tls/a"), fileOf("b")] }));
  // The next delivery finds the file as it is declared.
  const next = wantedOf([service], { entries: [fileOf("tls/a", "11"), fileOf("b")] });
  assertEquals(await stage.apply(next), ["web restarted"]);
  assertEquals(await stage.apply(next, { changed: ["tls/a"], lacking: [] }), ["web restarted"]);
  assertEquals(await stage.apply(next, { changed: ["b"], lacking: [] }), ["web running"]);
  await stage.services.stop();
});

Deno.test("AgentServices stops what depends on a file whose lease is over", async () => {
  const stage = new Stage();
  const service = serviceOf("web", { fileVariables: new Map([["A", "a"]]) });
  const wanted = wantedOf([service, serviceOf("plain")], { entries: [fileOf("a")] });
  await stage.apply(wanted);
  await stage.services.noteGone(["a"]);
  await stage.services.find("web", "1Keeper")?.settled;
  assertEquals(stage.services.find("web", "1Keeper")?.status.state, "waiting");
  assertEquals(stage.services.find("plain", "1Keeper")?.status.state, "running");
  assertEquals(await stage.apply(wanted, { changed: ["a"], lacking: [] }), [
    "web started",
    "plain running",
  ]);
  await stage.services.stop();
});

Deno.test("AgentServices resumes without waiting, and not after a delivery", async () => {
  const stage = new Stage();
  await stage.services.resume(wantedOf([serviceOf("web")]), []);
  await stage.launcher.untilStarted(1);
  await stage.services.stop();
  const other = new Stage();
  await other.apply(wantedOf([]));
  await other.services.resume(wantedOf([serviceOf("web")]), []);
  assertEquals(other.services.list("1Keeper"), []);
  await other.services.stop();
});

Deno.test("AgentServices says in a plan what a delivery would do, and does nothing", async () => {
  const stage = new Stage();
  const web = serviceOf("web", { watches: ["a"] });
  const plan = async (wanted: WantedState, delivered = NOTHING) => {
    return inShort(await stage.services.plan(wanted, delivered));
  };
  const wanted = wantedOf([web], { entries: [fileOf("a")] });
  assertEquals(await plan(wanted), ["web started"]);
  assertEquals(await plan(wanted, { changed: [], lacking: ["a"] }), ["web waiting file-missing"]);
  assertEquals(stage.launcher.processes.length, 0);
  await stage.apply(wanted);
  assertEquals(await plan(wanted), ["web running"]);
  assertEquals(await plan(wanted, { changed: ["a"], lacking: [] }), ["web restarted"]);
  assertEquals(await plan(wantedOf([])), ["web stopped"]);
  stage.launcher.refusal = "service-refused";
  assertEquals(await plan(wanted), ["web refused service-refused"]);
  assertEquals(stage.launcher.processes.map(({ isAlive }) => isAlive), [true]);
  await stage.services.stop();
});

Deno.test("AgentServices waits no longer than it may for one that takes its time", async () => {
  const stage = new Stage();
  stage.launcher.areDeaf = true;
  const slow = serviceOf("web", { stopTimeoutS: 300 });
  await stage.apply(wantedOf([slow]));
  const other = serviceOf("web", { stopTimeoutS: 300, command: ["other"] });
  assertEquals(await stage.apply(wantedOf([other])), ["web waiting service-stopping"]);
  stage.launcher.processes[0]?.end(0);
  await stage.launcher.untilStarted(2);
  stage.launcher.processes[1]?.end(0);
  await stage.services.stop();
});

Deno.test("AgentServices starts one anew only when the earlier one of its name has ended", async () => {
  const stage = new Stage();
  stage.launcher.areDeaf = true;
  const slow = serviceOf("web", { stopTimeoutS: 300 });
  await stage.apply(wantedOf([slow]));
  assertEquals(await stage.apply(wantedOf([])), ["web waiting service-stopping"]);
  assertEquals(await stage.apply(wantedOf([slow])), ["web waiting service-stopping"]);
  assertEquals(stage.launcher.processes.map(({ isAlive }) => isAlive), [true]);
  stage.launcher.processes[0]?.end(0);
  const second = await stage.launcher.untilStarted(2);
  second.end(0);
  await stage.services.stop();
});

Deno.test("AgentServices ends with all that it was told to stop, however long that takes", async () => {
  const stage = new Stage();
  stage.launcher.areDeaf = true;
  await stage.apply(wantedOf([serviceOf("web", { stopTimeoutS: 300 })]));
  await stage.apply(wantedOf([]));
  let isOver = false;
  const stopping = stage.services.stop().then(() => isOver = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([isOver, stage.launcher.processes[0]?.isAlive], [false, true]);
  stage.launcher.processes[0]?.end(0);
  await stopping;
});

Deno.test("AgentServices starts nothing once it was stopped", async () => {
  const stage = new Stage();
  await stage.services.stop();
  assertEquals(await stage.apply(wantedOf([serviceOf("web")])), []);
  assertEquals(stage.launcher.processes.length, 0);
});
