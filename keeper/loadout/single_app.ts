/**
 * One app by flags alone, in the form that the original's `run-single-app` had.
 *
 * @module
 */
import { isAppName } from "../../protocol/mod.ts";
import { suggestName } from "../../protocol/host/mod.ts";
import { DEFAULT_COMMS_PORT } from "../limits.ts";
import type { FolderStrategy } from "../../protocol/mod.ts";
import { type AppLoadout, resolveApp } from "./app_loadout.ts";
import type { AppSettings } from "./app_settings.ts";
import type { WrittenDirective } from "./directive.ts";
import { readSourcePath, readTargetPath, readWorkdir } from "./paths.ts";
import { type LoadoutProblem, type Place, Problems, problemsError, quoted } from "./problems.ts";
import { componentKey, GROUP_ALL, type WrittenGroup } from "./written_app.ts";

/** What the flags say. */
export interface SingleAppFlags {
  /** The name of the app. */
  readonly app: string;
  /** The folder of the sources. */
  readonly vaultFolder: string;
  /** The components, each `name` or `name:group:group`; an item may hold several, with commas. */
  readonly components?: readonly string[];
  /**
   * What goes where, each `local`, `local:remote`, `local:S` or `local:remote:S`, and behind it
   * `@component` or `@group`, or nothing for every agent; an item may hold several, with commas.
   */
  readonly directives: readonly string[];
  /** The folder on the agents that relative remote paths begin at. */
  readonly remoteWorkdir?: string;
  /** The agents; without it the Flux API is asked for those of the app. */
  readonly settings?: AppSettings;
}

/** What the flags come to. */
export interface SingleApp {
  /** The app. */
  readonly app: AppLoadout;
  /** What is probably not meant. */
  readonly warnings: readonly LoadoutProblem[];
}

const DIRECTIVES = "--state-directives";
const LETTERS: Readonly<Record<string, FolderStrategy>> = {
  S: "STRICT",
  A: "ALLOW_ADDS",
  C: "ENSURE_CREATED",
  E: "ENSURE_CREATED",
};
const FORM = "Write LOCAL[:REMOTE][:S|A|C][@COMPONENT|@GROUP].";
const NO_ESCAPES = "A name with : or , or @ cannot be written here; write a loadout.";
const NO_SETTINGS: AppSettings = { agents: null, fluxApi: [], port: DEFAULT_COMMS_PORT, wire: [] };

/**
 * Reads what the flags of `run-single-app` say.
 *
 * A remote path has to end in `/` or in the name of the source: the original took every one for the
 * folder that the source goes into, so anything else may be meant in two ways. The letters are `S` for
 * STRICT (where none is written), `A` for ALLOW_ADDS, and `C` or `E` for ENSURE_CREATED.
 *
 * @throws {ConfigErrors} with every item that cannot be used, and what to write instead.
 *
 * @example
 * ```ts
 * import { parseSingleApp } from "@fluxvault/fluxvault/keeper";
 *
 * const { app } = parseSingleApp({
 *   app: "vaultdemo",
 *   vaultFolder: "vault",
 *   components: ["web:tls", "db"],
 *   directives: ["motd,key.pem:/etc/tls/:S@tls", "seed.sql:C@db"],
 * });
 * const [motd, key] = app.declarationsOf("web");
 * console.assert(motd?.target === "motd" && key?.target === "/etc/tls/key.pem");
 * console.assert(app.declarationsOf("db")[1]?.strategy === "ENSURE_CREATED");
 * ```
 */
export function parseSingleApp(flags: SingleAppFlags): SingleApp {
  const problems = new Problems();
  const name = { text: "APP", order: 0 };
  if (!isAppName(flags.app)) {
    const hint = "Use letters, digits and inner hyphens, at most 63 of them.";
    problems.add(name, `an app cannot be called ${quoted(flags.app)}`, hint);
  }
  const components = readComponents(flags.components ?? [], problems);
  const receivers = new Receivers(components, problems);
  const items = splitItems(flags.directives);
  if (items.length === 0) {
    const place = { text: DIRECTIVES, order: 0 };
    problems.add(place, "there is nothing to deliver", `Name files and folders. ${FORM}`);
  }
  for (const [i, item] of items.entries()) {
    const place = { text: `${DIRECTIVES}, item ${i + 1}`, order: i };
    const read = readItem(item, { place, problems });
    if (read !== null) receivers.give(read);
  }
  const groups = receivers.groups();
  const app = resolveApp({
    name: flags.app,
    place: name,
    vault: undefined,
    settings: flags.settings ?? NO_SETTINGS,
    workdir: readWorkdirFlag(flags.remoteWorkdir, problems),
    hooks: new Map(),
    certificates: new Map(),
    services: new Map(),
    groups,
    components: receivers.components(),
    isWhole: false,
  }, { problems, resolveVault: () => flags.vaultFolder });
  const errors = problems.errors();
  if (errors.length > 0) throw problemsError(errors);
  return { app, warnings: problems.warnings() };
}

function splitItems(items: readonly string[]): string[] {
  return items.flatMap((item) => item.split(",")).map((item) => item.trim())
    .filter((item) => item !== "");
}

function readWorkdirFlag(text: string | undefined, problems: Problems): string | undefined {
  if (text === undefined) return undefined;
  const read = readWorkdir(text);
  if ("path" in read) return read.path;
  const place = { text: "--remote-workdir", order: 0 };
  problems.add(place, `${quoted(text)} ${read.fault}`, read.hint);
  return undefined;
}

/** A component as the flags name it. */
interface NamedComponent {
  readonly name: string;
  readonly place: Place;
  readonly memberOf: readonly string[];
}

function readComponents(items: readonly string[], problems: Problems): NamedComponent[] {
  const components = new Map<string, NamedComponent>();
  for (const [i, item] of splitItems(items).entries()) {
    const place = { text: `COMPONENTS, item ${i + 1}`, order: i };
    const [name = "", ...groups] = item.split(":");
    for (const part of [name, ...groups]) {
      if (isAppName(part)) continue;
      const hint = "Write NAME or NAME:GROUP:GROUP, names of letters, digits and inner hyphens.";
      problems.add(place, `${quoted(item)} holds the name ${quoted(part)}`, hint);
    }
    if (components.has(componentKey(name))) {
      problems.add(place, `the component ${quoted(name)} stands twice`, "Name it once.");
    }
    const memberOf = [...new Set(groups)].filter((group) => group !== GROUP_ALL);
    components.set(componentKey(name), { name, place, memberOf });
  }
  return [...components.values()];
}

/** A state directive, and for whom. */
interface ReadItem {
  readonly directive: WrittenDirective;
  /** The component or group that is named, or `null`. */
  readonly receiver: string | null;
}

function readItem(
  item: string,
  { place, problems }: { readonly place: Place; readonly problems: Problems },
): ReadItem | null {
  const refuse = (problem: string, hint: string = FORM): null => {
    problems.add(place, `${quoted(item)} ${problem}`, hint);
    return null;
  };
  const [what = "", receiver = null, ...ats] = item.split("@");
  if (ats.length > 0) return refuse("holds more than one @", NO_ESCAPES);
  if (receiver === "") return refuse("names nobody behind @");
  if (/^[A-Za-z]:\\/.test(what)) return refuse("starts with a drive letter");
  const [local = "", ...rest] = what.split(":");
  if (rest.length > 2) return refuse("holds more than two colons", NO_ESCAPES);
  const [first = "", second] = rest;
  const isLetterAlone = second === undefined && strategyOf(first) !== null;
  const word = isLetterAlone ? first : second;
  const strategy = word === undefined ? "STRICT" : strategyOf(word);
  if (strategy === null) {
    return refuse(`has the strategy ${quoted(word ?? "")}`, `${FORM} ${WORDS}`);
  }
  const source = readSourcePath(local);
  if (!("path" in source)) return refuse(`has a local path that ${source.fault}`, source.hint);
  const remote = isLetterAlone ? "" : first;
  const target = readRemote(remote, source.path);
  if (!("path" in target)) return refuse(`has a remote path that ${target.fault}`, target.hint);
  const declaration = { source: source.path, strategy, symlinks: "refuse" } as const;
  return { directive: { place, declaration, target: target.path }, receiver };
}

const WORDS = "S is STRICT, A is ALLOW_ADDS, C is ENSURE_CREATED.";

function strategyOf(word: string): FolderStrategy | null {
  if (Object.hasOwn(LETTERS, word)) return LETTERS[word] ?? null;
  return Object.values(LETTERS).find((strategy) => strategy === word) ?? null;
}

function readRemote(remote: string, source: string): ReturnType<typeof readTargetPath> {
  if (remote === "") return { path: source };
  const target = readTargetPath(remote, source);
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const name = nameOf(source);
  if (!("path" in target) || nameOf(target.path) === name) return target;
  const hint = `Write ${remote}/ for the folder that ${name} goes into. To give it another name, ` +
    "write a loadout.";
  return { fault: `may be the folder for ${quoted(name)}, or a new name for it`, hint };
}

/** Hands state directives to the components and groups that they name. */
class Receivers {
  readonly #components: readonly NamedComponent[];
  readonly #problems: Problems;
  readonly #given = new Map<string, WrittenDirective[]>();
  readonly #groups: ReadonlySet<string>;

  constructor(components: readonly NamedComponent[], problems: Problems) {
    this.#components = components;
    this.#problems = problems;
    this.#groups = new Set([GROUP_ALL, ...components.flatMap(({ memberOf }) => memberOf)]);
  }

  give({ directive, receiver }: ReadItem): void {
    const key = receiver === null ? groupKey(GROUP_ALL) : this.#find(receiver, directive.place);
    if (key === null) return;
    this.#given.set(key, [...this.#given.get(key) ?? [], directive]);
  }

  groups(): ReadonlyMap<string, WrittenGroup> {
    return new Map([...this.#groups].map((name) => {
      const directives = this.#given.get(groupKey(name)) ?? [];
      const place = { text: DIRECTIVES, order: 0 };
      const count = directives.length;
      return [name, { name, place, workdir: undefined, count, directives, services: [] }];
    }));
  }

  components() {
    return this.#components.map((component) => {
      const directives = this.#given.get(componentKey(component.name)) ?? [];
      const count = directives.length;
      return { ...component, workdir: undefined, count, directives, services: [] };
    });
  }

  #find(name: string, place: Place): string | null {
    const isComponent = this.#components.some((component) => {
      return componentKey(component.name) === componentKey(name);
    });
    const isGroup = this.#groups.has(name);
    if (isComponent && isGroup) {
      const hint = "Give the group another name.";
      this.#problems.add(place, `${quoted(name)} is a component and a group`, hint);
      return null;
    }
    if (isComponent) return componentKey(name);
    if (isGroup) return groupKey(name);
    const known = [...this.#components.map((component) => component.name), ...this.#groups];
    const close = suggestName(name.slice(0, 100), known);
    const hint = close === null
      ? "Add it to the components, NAME or NAME:GROUP; without @ it is for every agent."
      : `Did you mean ${close}?`;
    this.#problems.add(place, `${quoted(name)} is neither a component nor a group`, hint);
    return null;
  }
}

/** Returns a key that no component has. */
function groupKey(name: string): string {
  return `:${name}`;
}
