/**
 * What an agent does about a manifest: section 8, steps 4 to 6.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import {
  cutFiles,
  groupFiles,
  MAX_BATCH_BYTES,
  MAX_OPEN_BATCHES,
  type Numbered,
  parseChanged,
} from "./batches.ts";
import { require } from "./failure.ts";
import { type Fields, hexOf, MAX_NUMBER, MAX_UINT32, numberOf, wordOf } from "./json.ts";
import { sha256 } from "./key_schedule.ts";
import {
  entriesOf,
  type EntryLine,
  type FileLine,
  type FolderLine,
  type Line,
} from "./manifest.ts";
import { ACCEPT, readComing, takeComing } from "./packing.ts";
import type { HookResult, Outcome, Result, ServiceResult } from "./results.ts";
import type { Session } from "./session.ts";

/** What an agent has and wants. */
export interface WorkOptions {
  /** The files it holds, which it changes. */
  readonly held: Map<string, Buffer>;
  /** The folders it holds, which it changes. */
  readonly folders?: Set<string>;
  /** What it was given and may have to give up, which it changes. */
  readonly given?: Set<string>;
  /** Files to ask for beyond the manifest. */
  readonly also?: readonly string[];
  /** The beginnings of files that an earlier session left. */
  readonly partial?: ReadonlyMap<string, Buffer>;
  /** How many requests may be open; at most 64. */
  readonly inFlight?: number;
  /** Whether contents and manifests may come compressed. */
  readonly accept?: boolean;
  /** Whether it asks for small files by batches. */
  readonly batches?: boolean;
  /** Whether hooks are run, which means that it says so; they are refused else. */
  readonly runsHooks?: boolean;
}

/** What the keeper said. */
export interface Task {
  /** The manifest. */
  readonly lines: readonly Line[];
  /** Whether it only asks what would be done. */
  readonly isPlan: boolean;
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** The work of one session. */
export class Work {
  readonly results: Result[] = [];
  readonly hooks: HookResult[] = [];
  /** How services stand. */
  readonly services: ServiceResult[] = [];
  readonly statuses = new Map<string, string>();
  contentBytes = 0;
  #nextId = 0;
  readonly #session: Session;
  readonly #options: WorkOptions;
  readonly #task: Task;
  readonly #entries: ReadonlyMap<string, EntryLine>;
  readonly #folders: Set<string>;
  readonly #given: Set<string>;

  constructor(session: Session, options: WorkOptions, task: Task) {
    this.#session = session;
    this.#options = options;
    this.#task = task;
    this.#entries = entriesOf(task.lines);
    this.#folders = options.folders ?? new Set();
    this.#given = options.given ?? new Set();
  }

  /** How many files and folders have no line. */
  get unchanged(): number {
    const told = new Set(this.results.map(({ Path }) => Path));
    const entries = [...this.#entries.values()];
    return entries.filter(({ Kind, Path }) => Kind !== "keep" && !told.has(Path)).length;
  }

  async run(): Promise<void> {
    for (const entry of this.#entries.values()) if (entry.Kind === "folder") this.#make(entry);
    for (const { Kind, Path } of this.#entries.values()) {
      // It makes no keys.
      if (Kind === "issued") this.#note(Path, "failed", "certificate-unsupported");
    }
    const paths = this.#differing();
    if (this.#task.isPlan) {
      for (const path of paths) this.#note(path, this.#outcomeAt(path));
    } else {
      const batched = this.#options.batches === true ? await this.#bringBatches(paths) : [];
      const all = new Set([...paths, ...this.#options.also ?? []]);
      await this.#bring([...all].filter((path) => !batched.includes(path)));
    }
    for (const path of [...this.#strangers(), ...this.#undeclared()]) this.#remove(path);
    this.#tellHooks();
    this.#tellServices();
  }

  #outcomeAt(path: string): Outcome {
    return this.#options.held.has(path) ? "updated" : "created";
  }

  #note(Path: string, Outcome: Outcome, Code?: string): void {
    this.results.push({ Path, Outcome, ...(Code === undefined ? {} : { Code }) });
  }

  #make({ Path, Strategy }: FolderLine): void {
    if (this.#folders.has(Path)) return;
    this.#note(Path, "created");
    if (this.#task.isPlan) return;
    this.#folders.add(Path);
    if (Strategy !== "ENSURE_CREATED") this.#given.add(Path);
  }

  #differing(): string[] {
    const files = [...this.#entries.values()].filter((line): line is FileLine =>
      line.Kind === "file"
    );
    return files.filter(({ Path, Digest, Strategy }) => {
      const held = this.#options.held.get(Path);
      if (held === undefined) return true;
      return Strategy === "STRICT" && sha256(held).toString("hex") !== Digest;
    }).map(({ Path }) => Path);
  }

  #names(): string[] {
    return [...this.#options.held.keys(), ...this.#folders];
  }

  /** What is in a strict folder, is not declared, and leads to nothing that is. */
  #strangers(): Set<string> {
    const strange = new Set<string>();
    const strict = [...this.#entries.values()].filter((line) =>
      line.Kind === "folder" && line.Strategy === "STRICT"
    );
    for (const { Path } of strict) {
      for (const name of this.#names().filter((name) => isBelow(name, Path))) {
        const child = name.split("/").slice(0, Path.split("/").length + 1).join("/");
        const isWanted = [...this.#entries.keys()].some((path) =>
          path === child || isBelow(path, child)
        );
        if (!isWanted) strange.add(child);
      }
    }
    return strange;
  }

  /** What it was given and is declared no more; folders last, where nothing is in them. */
  #undeclared(): string[] {
    const kept = [...this.#entries.values()].filter(({ Kind }) => Kind === "keep");
    const gone = [...this.#given].filter((path) =>
      !this.#entries.has(path) && !kept.some(({ Path }) => isBelow(path, Path))
    );
    const files = gone.filter((path) => this.#options.held.has(path));
    const folders = gone.filter((path) => {
      const inside = this.#names().filter((name) => isBelow(name, path));
      return this.#folders.has(path) && inside.every((name) => gone.includes(name));
    });
    return [...files, ...folders];
  }

  #remove(path: string): void {
    if (this.results.some(({ Path }) => Path === path)) return;
    this.#note(path, "removed");
    if (this.#task.isPlan) return;
    for (const names of [this.#options.held, this.#folders, this.#given]) {
      for (const name of [...names.keys()]) {
        if (name === path || isBelow(name, path)) names.delete(name);
      }
    }
  }

  #tellServices(): void {
    for (const line of this.#task.lines) {
      if (line.Kind !== "service") continue;
      const { Name: Service } = line;
      this.services.push(
        this.#options.runsHooks === true
          ? { Service, Outcome: "started" }
          : { Service, Outcome: "refused", Code: "service-refused" },
      );
    }
  }

  #tellHooks(): void {
    const changed = this.results.flatMap(({ Path, Outcome }) => {
      const entry = this.#entries.get(Path);
      const isChange = ["created", "updated", "reowned", "removed"].includes(Outcome);
      return isChange && entry !== undefined && entry.Kind !== "keep" ? [entry.Hook] : [];
    });
    for (const Hook of new Set(changed)) {
      if (Hook === undefined) continue;
      if (!this.#options.runsHooks) {
        this.hooks.push({ Hook, Outcome: "refused", Attempts: 0, Code: "hook-refused" });
      } else if (this.#task.isPlan) this.hooks.push({ Hook, Outcome: "due", Attempts: 0 });
      else {
        const Change = randomBytes(16).toString("hex");
        this.hooks.push({ Hook, Outcome: "ran", Change, Attempts: 1, Exit: 0, Output: "done\n" });
      }
    }
  }

  /** What it holds of a file that it was told to ask for; of others it says nothing. */
  #askedFor(path: string): Buffer | undefined {
    return this.#options.also?.includes(path) ? this.#options.held.get(path) : undefined;
  }

  #request(path: string, Id: number): Promise<void> {
    const held = this.#askedFor(path);
    const partial = this.#options.partial?.get(path);
    const Digest = held === undefined ? null : sha256(held).toString("hex");
    const resume = partial === undefined
      ? {}
      : { Offset: partial.length, Prefix: sha256(partial).toString("hex") };
    const accept = this.#options.accept === true ? ACCEPT : {};
    return this.#session.send({ State: "REQUEST", Id, File: path, Digest, ...resume, ...accept });
  }

  async #bring(waiting: string[]): Promise<void> {
    const unanswered = new Map<number, string>();
    const arriving = new Set<Promise<void>>();
    while (waiting.length > 0 || unanswered.size > 0) {
      const open = unanswered.size + arriving.size;
      if (waiting.length > 0 && open < (this.#options.inFlight ?? 64)) {
        const path = waiting.shift() as string;
        const id = this.#nextId++;
        unanswered.set(id, path);
        await this.#request(path, id);
        continue;
      }
      if (unanswered.size === 0) {
        await Promise.race(arriving);
        continue;
      }
      const data = await this.#session.message("DATA");
      const answered = numberOf(data, "Id", MAX_UINT32);
      const path = unanswered.get(answered);
      require(path !== undefined, "message-unexpected", "DATA for no request");
      unanswered.delete(answered);
      const answer = this.#answer(path, data).finally(() => arriving.delete(answer));
      arriving.add(answer);
    }
    await Promise.all(arriving);
  }

  /** Asks for small files by batches; returns which. */
  async #bringBatches(paths: readonly string[]): Promise<string[]> {
    const files = [...this.#entries.values()].flatMap((entry, number): Numbered[] =>
      entry.Kind === "file" && paths.includes(entry.Path) ? [[number, entry]] : []
    );
    const groups = groupFiles(files);
    const batched = groups.flat().map(([, { Path }]) => Path);
    const open = new Map<number, Numbered[]>();
    const Accept = this.#options.accept === true ? ACCEPT : {};
    while (groups.length > 0 || open.size > 0) {
      const group = open.size < MAX_OPEN_BATCHES ? groups.shift() : undefined;
      if (group !== undefined) {
        const Id = this.#nextId++;
        open.set(Id, group);
        const Entries = group.map(([number]) => number);
        await this.#session.send({ State: "BATCH", Id, Entries, ...Accept });
        continue;
      }
      const data = await this.#session.message("BATCH-DATA");
      const id = numberOf(data, "Id", MAX_UINT32);
      const asked = open.get(id);
      require(asked !== undefined, "message-unexpected", "an answer to no batch");
      await this.#takeBatch(data, asked);
      open.delete(id);
    }
    return batched;
  }

  async #takeBatch(data: Fields, asked: readonly Numbered[]): Promise<void> {
    const changed = parseChanged(data, asked);
    const there = asked.filter(([number]) => !changed.has(number));
    const coming = readComing(data, MAX_BATCH_BYTES, this.#options.accept === true);
    const size = there.reduce((sum, [, { Size }]) => sum + Size, 0);
    require(coming.size === size, "message-unexpected", "a batch of another length");
    for (const [number, { Path }] of asked) if (changed.has(number)) this.#note(Path, "changed");
    const bytes = await takeComing(this.#session, data, coming);
    this.contentBytes += numberOf(data, "StreamSize", MAX_BATCH_BYTES);
    for (const [{ Path, Digest, Strategy }, contents] of cutFiles(bytes, there)) {
      if (sha256(contents).toString("hex") !== Digest) {
        this.#note(Path, "failed", "digest-mismatch");
        continue;
      }
      this.#note(Path, this.#outcomeAt(Path));
      this.#options.held.set(Path, contents);
      if (Strategy === "STRICT") this.#given.add(Path);
    }
  }

  #fileOf(path: string): FileLine | undefined {
    const entry = this.#entries.get(path);
    return entry?.Kind === "file" ? entry : undefined;
  }

  async #answer(path: string, data: Fields): Promise<void> {
    const words = ["Success", "Match", "FileNotFound", "Denied", "Changed"] as const;
    const status = wordOf(data, "Status", words);
    this.statuses.set(path, status);
    if (status === "Success") return await this.#install(path, data);
    if (status === "Match") {
      const held = this.#askedFor(path);
      const declared = this.#fileOf(path)?.Digest;
      const agrees = held !== undefined &&
        (declared === undefined || sha256(held).toString("hex") === declared);
      return require(agrees, "message-unexpected", "a match of what differs");
    }
    const outcome = { FileNotFound: "missing", Denied: "denied", Changed: "changed" } as const;
    this.#note(path, outcome[status]);
  }

  async #install(path: string, data: Fields): Promise<void> {
    const entry = this.#fileOf(path);
    const partial = this.#options.partial?.get(path) ?? Buffer.alloc(0);
    require(data.Stream !== undefined, "message-malformed", "Success without a stream");
    const offset = numberOf(data, "Offset", MAX_NUMBER);
    const coming = readComing(data, 2 ** 40, this.#options.accept === true);
    const { size } = coming;
    const digest = hexOf(data, "Digest", 32);
    numberOf(data, "Mode", 0o777);
    const isAskedFor = offset === 0 || offset === partial.length;
    const isDeclared = entry === undefined ||
      (entry.Size === offset + size && entry.Digest === digest.toString("hex"));
    require(isAskedFor && isDeclared, "message-unexpected", "another file than declared");
    try {
      const rest = await takeComing(this.#session, data, coming);
      this.contentBytes += numberOf(data, "StreamSize", MAX_NUMBER);
      const whole = Buffer.concat([partial.subarray(0, offset), rest]);
      require(sha256(whole).equals(digest), "digest-mismatch");
      const outcome = this.#outcomeAt(path);
      this.#options.held.set(path, whole);
      if (entry?.Strategy === "STRICT") this.#given.add(path);
      this.#note(path, outcome);
    } catch (error) {
      const code = (error as { code?: string }).code ?? "io-failed";
      if (code !== "digest-mismatch" && code !== "reset") throw error;
      this.#note(path, "failed", code);
    }
  }
}
