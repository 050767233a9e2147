/**
 * What one agent should hold, put together from what is declared for it and what the vault holds.
 *
 * @module
 */
import { type FileEntry, findPathFault, type ManifestEntry } from "../../protocol/mod.ts";
import { defaultIssuedMode, type IssuedItem, issuedItems } from "./application_certificate.ts";
import { reachesLevel, type TrustGround, type TrustLevel } from "../trust/mod.ts";
import type { Declaration } from "./declaration.ts";
import type { VaultFaultCode, VaultFile, VaultItem, VaultView } from "./vault.ts";

/** Something that an agent was not given, because it asks for more than the agent's level. */
export interface WithheldFile {
  /** Where it would go; a folder stands for all that is below it. */
  readonly path: string;
  /** The level that it asks for. */
  readonly required: TrustGround;
}

/** Something that cannot be given to anybody now; what agents hold there is left as it is. */
export interface DeliveryFault {
  /** Where it would go, with all that is below it. */
  readonly path: string;
  /** Where it is in the vault. */
  readonly source: string;
  /** Why. */
  readonly code:
    | VaultFaultCode
    /** Something is declared below it, so that it can be no file. */
    | "target-taken"
    /** It goes below something that cannot be given now and is left as it is. */
    | "target-kept";
  /** What was found, for people. */
  readonly reason: string;
}

/** A file of the vault that an agent is given, and what declares it. */
export interface GivenFile {
  /** The file. */
  readonly file: VaultFile;
  /** What declares it. */
  readonly declaration: Declaration;
}

/** What one agent should hold. */
export interface Assembly {
  /** The lines of its manifest, in no order. */
  readonly entries: readonly ManifestEntry[];
  /** The files of the vault behind them, by path. */
  readonly files: ReadonlyMap<string, GivenFile>;
  /** What is left out because of its level. */
  readonly withheld: readonly WithheldFile[];
  /** What cannot be given now. */
  readonly faults: readonly DeliveryFault[];
}

/** What was put together for whoever reaches all levels that are asked for, by what is declared. */
type Assemblies = WeakMap<readonly Declaration[], Assembly>;

const WHOLE = new WeakMap<VaultView, Assemblies>();

/**
 * Puts together what an agent of a level should hold; once for all levels that are given all.
 *
 * What is declared deeper goes before what a folder above it holds there, also where it is withheld. A
 * file or folder that is declared by itself is withheld wherever a folder that it is in would bring it.
 */
export function assemble(
  declarations: readonly Declaration[],
  view: VaultView,
  level: TrustLevel,
): Assembly {
  const isWhole = declarations.every(({ requires }) => {
    return requires === undefined || reachesLevel(level, requires);
  });
  if (!isWhole) return new Assembling(declarations, view, level).run();
  const known = WHOLE.get(view) ?? new WeakMap<readonly Declaration[], Assembly>();
  WHOLE.set(view, known);
  const assembly = known.get(declarations) ?? new Assembling(declarations, view, level).run();
  known.set(declarations, assembly);
  return assembly;
}

/** One thing that a declaration brings: something of the vault, or what is issued. */
type AssembledItem = VaultItem | IssuedItem;

/** Returns what a declaration brings; the same list where nothing changed. */
export function itemsOf(declaration: Declaration, view: VaultView): readonly AssembledItem[] {
  const { issued } = declaration;
  return issued === undefined ? view.contentsOf(declaration).items : issuedItems(issued);
}

/** Says what something is called where it comes from. */
function nameOf({ source, issued }: Declaration): string {
  return issued === undefined ? JSON.stringify(source) : `the certificate ${issued.certificate}`;
}

class Assembling {
  readonly #declarations: readonly Declaration[];
  readonly #view: VaultView;
  readonly #level: TrustLevel;
  readonly #entries: ManifestEntry[] = [];
  readonly #files = new Map<string, GivenFile>();
  readonly #withheld: WithheldFile[] = [];
  readonly #faults: DeliveryFault[] = [];
  readonly #kept = new Set<string>();
  /** The levels that sources ask for and the agent does not reach. */
  readonly #lacking = new Map<string, TrustGround>();

  constructor(declarations: readonly Declaration[], view: VaultView, level: TrustLevel) {
    this.#declarations = declarations;
    this.#view = view;
    this.#level = level;
    for (const { source, requires } of declarations) {
      if (requires === undefined || reachesLevel(level, requires)) continue;
      this.#lacking.set(source, requires);
    }
  }

  run(): Assembly {
    const deeper = findDeeper(this.#declarations.map(({ target }) => target));
    // What is above comes first: whether it is kept decides about what is below.
    const fromAbove = this.#declarations.map((declaration) => {
      const above = [...foldersAbove(declaration.target)].filter((folder) => deeper.has(folder));
      return { declaration, count: above.length };
    }).sort((a, b) => a.count - b.count).map(({ declaration }) => declaration);
    for (const declaration of fromAbove) {
      const { target, requires, source } = declaration;
      if (requires !== undefined && !reachesLevel(this.#level, requires)) {
        this.#withheld.push({ path: target, required: requires });
      } else if (isAnyAbove(target, this.#kept)) {
        const reason = `${nameOf(declaration)} goes below something that cannot be read`;
        this.#faults.push({ path: target, source, code: "target-kept", reason });
      } else this.#addAll(declaration, deeper.get(target) ?? NOTHING_DEEPER);
    }
    return {
      entries: this.#entries,
      files: this.#files,
      withheld: this.#withheld,
      faults: this.#faults,
    };
  }

  #addAll(declaration: Declaration, deeper: Deeper): void {
    for (const item of itemsOf(declaration, this.#view)) {
      const path = item.below === "" ? declaration.target : `${declaration.target}/${item.below}`;
      const isOthers = deeper.targets.size > 0 &&
        (deeper.targets.has(path) || isAnyAbove(path, deeper.targets));
      if (isOthers || this.#isLacking(declaration, item, path)) continue;
      this.#add(declaration, item, { path, isWay: deeper.ways.has(path) });
    }
  }

  /** Tells whether something in a folder asks by itself for more than the agent has; tells of it once. */
  #isLacking(
    { source, issued }: Declaration,
    { below }: AssembledItem,
    path: string,
  ): boolean {
    if (this.#lacking.size === 0 || below === "" || issued !== undefined) return false;
    const required = this.#lacking.get(`${source}/${below}`);
    if (required !== undefined) {
      this.#withheld.push({ path, required });
      return true;
    }
    for (const folder of foldersAbove(below)) {
      if (this.#lacking.has(`${source}/${folder}`)) return true;
    }
    return false;
  }

  #add(
    declaration: Declaration,
    item: AssembledItem,
    { path, isWay }: { readonly path: string; readonly isWay: boolean },
  ): void {
    const fault = this.#findFault(item, { path, isWay });
    if (fault !== null) {
      const { source } = declaration;
      this.#faults.push({
        ...fault,
        path,
        source: item.below === "" ? source : `${source}/${item.below}`,
      });
      // What cannot be named cannot have been given, either.
      if (fault.code === "target-taken" || findPathFault(path) !== null) return;
      this.#kept.add(path);
      this.#entries.push({ kind: "keep", path });
    } else if (item.kind === "issued") {
      this.#entries.push(entryOf(declaration, item, () => issuedEntry(declaration, item, path)));
    } else if (item.kind === "file") {
      this.#files.set(path, { file: item, declaration });
      this.#entries.push(entryOf(declaration, item, () => fileEntry(declaration, item, path)));
    } else {
      const isRoot = item.below === "";
      const make = () => folderEntry(declaration, { path, isRoot });
      this.#entries.push(entryOf(declaration, item, make));
    }
  }

  #findFault(
    item: AssembledItem,
    { path, isWay }: { readonly path: string; readonly isWay: boolean },
  ): Pick<DeliveryFault, "code" | "reason"> | null {
    if (item.kind === "gap") return item;
    if (isWay && item.kind !== "folder") {
      return { code: "target-taken", reason: "something else goes below it, so it can be no file" };
    }
    // Each segment was looked at; how long they are together depends on the target.
    const fault = path.length < SURELY_SHORT_PATH ? null : findPathFault(path);
    return fault === null ? null : { code: "path-refused", reason: `its target ${fault}` };
  }
}

/** Below so many UTF-16 units no path is too long, whatever it is made of. */
const SURELY_SHORT_PATH = 256;

/** What else is declared below a target. */
interface Deeper {
  /** The nearest targets below it. */
  readonly targets: ReadonlySet<string>;
  /** The folders on the way to them, the target itself among them. */
  readonly ways: ReadonlySet<string>;
}

const NOTHING_DEEPER: Deeper = { targets: new Set(), ways: new Set() };

/** Finds for each target what is declared below it and nearest to it. */
function findDeeper(targets: readonly string[]): ReadonlyMap<string, Deeper> {
  const declared = new Set(targets);
  const found = new Map<string, { targets: Set<string>; ways: Set<string> }>();
  for (const target of declared) {
    const ways: string[] = [];
    for (const folder of foldersAbove(target)) {
      ways.push(folder);
      if (!declared.has(folder)) continue;
      const deeper = found.get(folder) ?? { targets: new Set(), ways: new Set() };
      deeper.targets.add(target);
      for (const way of ways) deeper.ways.add(way);
      found.set(folder, deeper);
      break;
    }
  }
  return found;
}

/** Yields the folders that a path is in, the innermost first. */
function* foldersAbove(path: string): Generator<string> {
  for (let i = path.lastIndexOf("/"); i > 0; i = path.lastIndexOf("/", i - 1)) {
    yield path.slice(0, i);
  }
}

function isAnyAbove(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false;
  for (const folder of foldersAbove(path)) if (folders.has(folder)) return true;
  return false;
}

/** The lines that were made, so that what did not change is the same object again. */
const MADE = new WeakMap<Declaration, WeakMap<AssembledItem, ManifestEntry>>();

function entryOf(
  declaration: Declaration,
  item: AssembledItem,
  make: () => ManifestEntry,
): ManifestEntry {
  let made = MADE.get(declaration);
  if (made === undefined) MADE.set(declaration, made = new WeakMap());
  let entry = made.get(item);
  if (entry === undefined) made.set(item, entry = make());
  return entry;
}

function fileEntry(declaration: Declaration, file: VaultFile, path: string): FileEntry {
  const { strategy, mode, inPlace, leaseS, hook, readers } = declaration;
  return {
    kind: "file",
    path,
    digest: file.digest,
    size: file.size,
    mode: mode ?? (file.isProgram ? 0o700 : 0o600),
    ...ownerOf(declaration),
    strategy: strategy === "ENSURE_CREATED" ? "ENSURE_CREATED" : "STRICT",
    ...(inPlace === undefined ? {} : { inPlace }),
    ...(leaseS === undefined ? {} : { leaseS }),
    ...(hook === undefined ? {} : { hook }),
    ...(readers === undefined ? {} : { readers }),
  };
}

function issuedEntry(
  declaration: Declaration,
  { part }: Extract<IssuedItem, { readonly kind: "issued" }>,
  path: string,
): ManifestEntry {
  const { issued, mode = defaultIssuedMode(part), inPlace, hook } = declaration;
  return {
    kind: "issued",
    path,
    certificate: issued?.certificate ?? "",
    part,
    mode,
    ...ownerOf(declaration),
    strategy: "STRICT",
    ...(inPlace === undefined ? {} : { inPlace }),
    ...(hook === undefined ? {} : { hook }),
  };
}

function folderEntry(
  declaration: Declaration,
  { path, isRoot }: { readonly path: string; readonly isRoot: boolean },
): ManifestEntry {
  const { strategy, folderMode = 0o700, together, hook } = declaration;
  return {
    kind: "folder",
    path,
    mode: folderMode,
    ...ownerOf(declaration),
    strategy,
    ...(isRoot && together !== undefined ? { together } : {}),
    ...(hook === undefined ? {} : { hook }),
  };
}

function ownerOf({ uid, gid }: Declaration): { readonly uid?: number; readonly gid?: number } {
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
}
