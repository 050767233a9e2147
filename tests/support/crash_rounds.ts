/** Rounds in which agent and keeper are killed, and all is looked at that may be wrong then. */
import { partName } from "../../agent/disk/files/stage_name.ts";
import { MIN_RESUMED_BYTES } from "../../protocol/limits.ts";
import type { FileEntry } from "../../protocol/manifest_entry.ts";
import { assert, assertEquals } from "./assert.ts";
import type { CrashCounts } from "./crash_counts.ts";
import type { CrashLane, Deed, Victim, WatchedFolder } from "./crash_lane.ts";
import { drawMoment, type Moment, type WorkSize } from "./crash_moment.ts";
import {
  checkCutWork,
  checkMixed,
  type CutWork,
  isBelow,
  listLeftOvers,
  listOwn,
  takeCrashPicture,
} from "./crash_picture.ts";
import { IN_PLACE, LARGE, LEASED, SET, SHARED } from "./crash_vault.ts";
import type { Picture } from "./disk_picture.ts";
import { readTree } from "./site.ts";
import { pick } from "./vault_tree.ts";

/** What an agent keeps in its folder of state. */
const STATE_FILES = new Set([
  ...[".lock", "hooks.json", "identity.json", "inventory", "leases.json", "manifest"],
  ...["health.sock", "revisions.json"],
]);
/** Frames, the manifest, and what is asked. */
const OVERHEAD_BYTES = 300_000;

/** How much work a change is, and as how many changes all that is besides counts. */
interface Pace {
  readonly events: number;
  readonly ms: number;
}

const FIXED_CHANGES = 20;

/** Work that is seldom hit by chance: where it shows on the disk, and with how many events. */
const SHORT_WORK = [
  { path: IN_PLACE, of: `/${IN_PLACE}`, events: 24 },
  { path: LARGE, of: ".fluxvault-part-", events: 300 },
  { path: SET, of: ".fluxvault-generation-", events: 40 },
  { path: SET, of: ".fluxvault-link-", events: 3 },
] as const;

/** What is expected before anything was measured. */
const FIRST_PACES: Readonly<Record<WatchedFolder, Pace>> = {
  "agent": { events: 6, ms: 5 },
  "keeper-state": { events: 2, ms: 5 },
};

/** What is done, and whose events are counted. */
interface Task {
  readonly deed: Deed;
  readonly before: Picture;
  readonly wanted: Picture;
  readonly watched: WatchedFolder;
}

/** What there was before something was cut off. */
interface Start {
  readonly deed: Deed;
  readonly before: Picture;
  readonly state: string;
  readonly inPlace: Uint8Array<ArrayBuffer> | null;
  /** Whether the set was one. */
  readonly isLink: boolean;
}

/** One lane of rounds. */
export class CrashRounds {
  readonly #lane: CrashLane;
  readonly #counts: CrashCounts;
  readonly #paces = new Map<string, Pace>();
  /** Folders that others made where later one may be declared: those stay. */
  readonly #theirs = new Set<string>();
  /** Whether the agent may still be at what a killed keeper had begun. */
  #isLeftAlone = false;
  /** The parts of files that the agent left when it was killed last. */
  #parts = new Map<string, number>();

  constructor(lane: CrashLane, counts: CrashCounts) {
    this.#lane = lane;
    this.#counts = counts;
  }

  /** Delivers for the first time, and plants what is nobody's. */
  async begin(): Promise<void> {
    await this.#repair();
    for (let i = 0; i < 4; i++) await this.#lane.addStranger();
  }

  /** Cuts something off, and has it put right again. */
  async round(): Promise<void> {
    const deed = this.#lane.random(8);
    if (deed === 0) await this.#wipe();
    else if (deed === 1) await this.#expire();
    else await this.#deliver();
    await this.#repair();
    this.#counts.rounds++;
  }

  async #deliver(): Promise<void> {
    const { vault, random } = this.#lane;
    await this.#tamper();
    if (random(3) === 0) await this.#lane.addStranger();
    await vault.edit();
    await this.#cut("deliver");
    // Some come back only to be killed once more, and some for what is no longer what it was.
    while (random(4) === 0) {
      if (random(2) === 0) await vault.edit();
      await this.#cut("deliver");
    }
  }

  async #wipe(): Promise<void> {
    const { files, strangers } = this.#lane;
    await this.#cut("wipe");
    const { keeper } = await this.#lane.perform("wipe");
    assertEquals(keeper.code, 0, keeper.stdout + keeper.stderr);
    this.#isLeftAlone = false;
    const isTheirs = (path: string) => [...this.#theirs].some((one) => isBelow(one, path));
    const left = [...await takeCrashPicture(files)].filter(([path, what]) => {
      return !strangers.has(path) && !(what.startsWith("folder ") && isTheirs(path));
    });
    const shared = [...strangers.keys()].some((path) => path.startsWith(SHARED));
    assertEquals(left, shared ? [[SHARED, "folder 750"]] : []);
    assertEquals(await listLeftOvers(files), []);
  }

  async #expire(): Promise<void> {
    const lane = this.#lane;
    await lane.stop("SIGKILL");
    const before = await takeCrashPicture(lane.files);
    const leased = (picture: Picture) =>
      [...picture].filter(([path, what]) => {
        return path.startsWith(`${LEASED}/`) && what.startsWith("file ");
      }).map(([path]) => path);
    const count = leased(before).length;
    await lane.ageLeases();
    // Each file is removed, and nothing else is done among them.
    const events = lane.random(count + 2);
    const { isCut } = await lane.startCut({ kind: "events", count: events, of: `/${LEASED}/` });
    const after = await takeCrashPicture(lane.files);
    const gone = leased(before);
    const wanted = new Map([...before].filter(([path]) => !gone.includes(path)));
    checkCutWork({ before, after, wanted, sets: [], isRemade: false, inPlace: "" });
    const left = leased(after).length;
    const hit = !isCut ? "after" : left === count ? "before" : "within";
    this.#counts.kill({ victim: "agent", deed: "expire" }, hit);
    await lane.checkStrangers(after);
    const agent = await lane.restart();
    if (left > 0) await agent.waitForJson(({ event }) => event === "expired");
    assertEquals(leased(await takeCrashPicture(lane.files)), []);
  }

  /** Changes what the agent has, as others there might. */
  async #tamper(): Promise<void> {
    const { files, random } = this.#lane;
    const ours = [...await takeCrashPicture(files)].filter(([path]) => path.startsWith("strict/"));
    const at = (path: string) => `${files}/${path}`;
    const stray = `${random(1_000)}`;
    const deeds: readonly (() => Promise<void>)[] = [
      () => Deno.writeTextFile(at(`strict/stray ${stray}`), "stray"),
      () => Deno.symlink("../../../outside/folder", at(`strict/link ${stray}`)),
      async () => {
        await Deno.mkdir(at(`strict/strays ${stray}/deep`), { recursive: true });
        await Deno.writeTextFile(at(`strict/strays ${stray}/deep/stray`), "stray");
        await Deno.symlink("../../../../outside/folder", at(`strict/strays ${stray}/link`));
      },
      () => Deno.writeTextFile(at(`${SET}/stray ${stray}`), "stray"),
      () => Deno.remove(at(IN_PLACE)),
      async () => {
        for (const [path, what] of ours) {
          if (random(4) > 0 || !what.startsWith("file ")) continue;
          if (random(2) === 0) await Deno.writeTextFile(at(path), "changed");
          else {
            await Deno.remove(at(path));
            if (random(2) > 0) continue;
            await Deno.mkdir(at(path));
            this.#theirs.add(path);
          }
        }
      },
      async () => {
        for (const [path] of ours) {
          // The deed before may have taken it away.
          if (random(4) === 0) await Deno.chmod(at(path), 0o711).catch(ignoreMissing);
        }
      },
    ];
    for (const deed of deeds) if (random(4) === 0) await deed();
  }

  /** Has somebody killed in the middle, looks at what is left, and starts the agent again. */
  async #cut(deed: Deed): Promise<void> {
    const lane = this.#lane;
    const { vault, random, files } = lane;
    // What there was before is not to change by work that was begun earlier.
    if (this.#isLeftAlone) await lane.untilIdle();
    this.#isLeftAlone = false;
    const [wanted, start] = [await this.#wanted(deed), await this.#startOf(deed)];
    const victim = pick<Victim>(random, ["agent", "agent", "agent", "agent", "keeper", "both"]);
    const watched = victim === "keeper" && random(3) > 0 ? "keeper-state" : "agent";
    const task = { deed, before: start.before, wanted, watched } as const;
    const moment = this.#drawMoment(task);
    const end = await lane.perform(deed, { moment, victim, watched });
    if (!end.isCut) {
      const { stdout, stderr } = end.keeper;
      const facts = JSON.stringify({ deed, victim, watched, moment, size: end.size });
      assertEquals(end.keeper.code, 0, `${facts}\n${stdout}${stderr}${lane.agentLog}`);
      this.#learn(task, end.size);
    }
    await checkStateFiles(lane.site.path("keeper-state"));
    // An agent that has lost its keeper may still be at work; sometimes it is left alone, and goes on.
    if (victim === "keeper" && random(2) === 0) {
      this.#parts = new Map();
      this.#isLeftAlone = true;
      return this.#counts.kill({ victim, deed }, end.isCut ? "within" : "after");
    }
    await lane.stop(victim === "keeper" ? "SIGTERM" : "SIGKILL");
    const isLink = deed === "deliver" && vault.isSet;
    const work = {
      before: start.before,
      wanted,
      sets: start.isLink || isLink ? [SET] : [],
      inPlace: deed === "deliver" ? IN_PLACE : "",
    };
    const isRemade = deed === "deliver" && start.isLink !== isLink;
    const hasBegun = await this.#look({ ...work, isRemade }, start);
    const hit = !end.isCut ? "after" : hasBegun ? "within" : "before";
    this.#counts.kill({ victim, deed }, hit);
    await lane.restart();
    // What had no name for a moment has it again, before any keeper comes.
    checkCutWork({ ...work, after: await takeCrashPicture(files), isRemade: false });
  }

  async #startOf(deed: Deed): Promise<Start> {
    const { files, site } = this.#lane;
    const info = await Deno.lstat(`${files}/${SET}`).catch(() => null);
    return {
      deed,
      before: await takeCrashPicture(files),
      state: JSON.stringify(await readTree(site.path("agent/state"))),
      inPlace: await readInPlace(files),
      isLink: info?.isSymlink === true,
    };
  }

  /** Looks at what a kill has left; tells whether the agent had done anything. */
  async #look(work: Omit<CutWork, "after">, start: Start): Promise<boolean> {
    const { files, site, vault } = this.#lane;
    const counts = this.#counts;
    const after = await takeCrashPicture(files);
    checkCutWork({ ...work, after });
    await this.#lane.checkStrangers(after);
    await checkStateFiles(site.path("agent/state"));
    const own = await listOwn(files);
    this.#parts = new Map([...own].filter(([path, size]) => {
      return path.includes(".fluxvault-part-") && size >= MIN_RESUMED_BYTES;
    }));
    if (start.deed === "deliver") {
      checkMixed(await readInPlace(files), { was: start.inPlace, shall: vault.inPlace });
    }
    const [was, is, shall] = [start.before, after, work.wanted].map((picture) =>
      picture.get(IN_PLACE)
    );
    if (is !== was && is !== shall) counts.find("a file was half written over");
    if (this.#parts.size > 0) counts.find("a part of the large file was kept");
    for (const kind of ["stage", "generation", "link", "former"]) {
      const isThere = (await listLeftOvers(files)).some((path) => path.includes(`vault-${kind}-`));
      if (isThere) counts.find(`a left-over ${kind}`);
    }
    if (
      is !== was || changed({ before: start.before, wanted: after }).length > 0 ||
      this.#parts.size > 0
    ) return true;
    return JSON.stringify(await readTree(site.path("agent/state"))) !== start.state;
  }

  /** Delivers undisturbed; fails unless all is as declared then, and nothing is left to do. */
  async #repair(): Promise<void> {
    const lane = this.#lane;
    const { files, vault } = lane;
    const [before, wanted] = [await takeCrashPicture(files), await this.#wanted("deliver")];
    const bytes = lane.bytesToAgent;
    const task = { deed: "deliver", before, wanted, watched: "agent" } as const;
    const { keeper, size } = await lane.perform("deliver");
    assertEquals(keeper.code, 0, keeper.stdout + keeper.stderr);
    this.#isLeftAlone = false;
    this.#learn(task, size);
    const after = await takeCrashPicture(files);
    const wrong = changed({ before: after, wanted });
    assertEquals(wrong.map((path) => [path, after.get(path), wanted.get(path)]), []);
    assertEquals(await listLeftOvers(files), []);
    const info = await Deno.lstat(`${files}/${SET}`);
    assertEquals(info.isSymlink, vault.isSet);
    const names = [...Deno.readDirSync(lane.site.path("agent/state"))].map(({ name }) => name);
    assertEquals(names.filter((name) => !STATE_FILES.has(name)), []);
    await lane.checkStrangers(after);
    await this.#checkResumed(task, lane.bytesToAgent - bytes);
    await lane.checkPlan();
    await lane.checkAudit();
  }

  /** Fails where a part of the large file was there, and all of the file came again. */
  async #checkResumed({ before, wanted }: Task, bytes: number): Promise<void> {
    const digest = wanted.get(LARGE)?.split(" ")[2] ?? "";
    const name = await partName({ path: LARGE, digest } as FileEntry);
    const part = this.#parts.get(LARGE.replace(/[^/]*$/, name));
    this.#parts = new Map();
    if (part === undefined) return;
    const whole = this.#bytesOf({ before, wanted });
    assert(bytes < whole - part + OVERHEAD_BYTES, `${bytes} of ${whole} came, ${part} were there`);
    this.#counts.find("a delivery went on with a part");
  }

  async #wanted(deed: Deed): Promise<Picture> {
    const { strangers, vault } = this.#lane;
    if (deed === "deliver") return new Map([...await vault.picture(), ...strangers]);
    const isShared = [...strangers.keys()].some((path) => path.startsWith(`${SHARED}/`));
    return new Map([...strangers, ...(isShared ? [[SHARED, "folder 750"] as const] : [])]);
  }

  #bytesOf({ before, wanted }: Pick<Task, "before" | "wanted">): number {
    return changed({ before, wanted }).reduce(
      (sum, path) => sum + this.#lane.vault.sizeOf(path),
      0,
    );
  }

  #sizeOf(task: Task): WorkSize {
    const { events, ms } = this.#paceOf(task);
    const count = changed(task).length + FIXED_CHANGES;
    // Who takes all away sends next to nothing.
    const bytes = (task.deed === "wipe" ? 0 : this.#bytesOf(task)) + 8_000;
    return { bytes, events: count * events, ms: count * ms };
  }

  #paceOf({ deed, watched }: Task): Pace {
    return this.#paces.get(`${deed} ${watched}`) ?? FIRST_PACES[watched];
  }

  #learn(task: Task, { events, ms }: WorkSize): void {
    const count = changed(task).length + FIXED_CHANGES;
    const pace = this.#paceOf(task);
    this.#paces.set(`${task.deed} ${task.watched}`, {
      events: (pace.events + events / count) / 2,
      ms: (pace.ms + ms / count) / 2,
    });
  }

  /** Draws when somebody is killed; what takes a short time alone is aimed at. */
  #drawMoment(task: Task): Moment {
    const { random } = this.#lane;
    const isWatched = task.deed === "deliver" && task.watched === "agent";
    const short = isWatched ? SHORT_WORK.filter(({ path }) => isChanged(path, task)) : [];
    // A busy machine tells of what happens when it is over: who comes too late aims earlier.
    const isLate = 3 * this.#counts.hits("after") > this.#counts.hits("within");
    if (short.length === 0 || random(3) > 0) {
      return drawMoment(random, this.#sizeOf(task), { isLate });
    }
    const { of, events } = pick(random, short);
    return { kind: "events", count: random(events), of };
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function isChanged(path: string, { before, wanted }: Task): boolean {
  return before.has(path) && changed({ before, wanted }).some((other) => isBelow(other, path));
}

function changed({ before, wanted }: Pick<Task, "before" | "wanted">): string[] {
  return [...new Set([...before.keys(), ...wanted.keys()])]
    .filter((path) => before.get(path) !== wanted.get(path));
}

async function readInPlace(files: string): Promise<Uint8Array<ArrayBuffer> | null> {
  return await Deno.readFile(`${files}/${IN_PLACE}`).catch(() => null);
}

/** Fails unless each file of JSON in a folder of state is whole. */
async function checkStateFiles(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".json")) JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
  }
}
