/**
 * One state directive: what of the vault goes where, as it is written for a group or a component.
 *
 * @module
 */
import { type FolderStrategy, isAppName, limits } from "../../protocol/mod.ts";
import { suggestName } from "../../protocol/host/mod.ts";
import type { TrustGround } from "../trust/mod.ts";
import type { DeclaredIssue } from "../vault/application_certificate.ts";
import type { Declaration } from "../vault/declaration.ts";
import type { WrittenCertificate } from "./certificates.ts";
import type { WrittenHook } from "./hooks.ts";
import { readIssue, readIssueTarget } from "./issued_directive.ts";
import { Mapping } from "./mapping.ts";
import { type PathFault, type ReadPath, readSourcePath, readTargetPath } from "./paths.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import type { YamlNode } from "./yaml_tree.ts";

/** The keys of a state directive. */
export const DIRECTIVE_KEYS = [
  "source",
  "certificate",
  "part",
  "target",
  "strategy",
  "mode",
  "folder_mode",
  "uid",
  "gid",
  "requires",
  "hook",
  "together",
  "lease",
  "readers",
  "in_place",
  "symlinks",
  "compress",
] as const;

/** The strategies of a state directive. */
export const STRATEGIES: readonly FolderStrategy[] = ["STRICT", "ALLOW_ADDS", "ENSURE_CREATED"];
/** The levels of trust that a state directive may ask for. */
export const REQUIRED_LEVELS: readonly TrustGround[] = ["first-use", "approved", "enrolled"];

const FORM = {
  what: "a state directive",
  keys: DIRECTIVE_KEYS,
  advice: {
    content_source: { meant: "source" },
    name: {
      meant: "source",
      hint: "Write source for what it is called in the vault, target for where it goes.",
    },
    path: {
      meant: "source",
      hint: "Write source for what it is called in the vault, target for where it goes.",
    },
    remote_dir: { meant: "target", hint: "Write target, with / at its end: target: etc/app/." },
    sync_strategy: { meant: "strategy" },
    permissions: { meant: "mode" },
    owner: { hint: "Write uid, and gid for its group, as numbers." },
    user: { meant: "uid" },
    group: { meant: "gid" },
    required_level: { meant: "requires" },
  },
} as const;

const COMPONENT_NAME = "Use letters, digits and inner hyphens, at most 63 of them.";
const OWNER = {
  min: 0,
  max: limits.MAX_OWNER_ID,
  hint: "Write its number, for example 1000: what names mean differs from agent to agent.",
};

/** A state directive as it is written; its target begins at a folder that others decide about. */
export interface WrittenDirective {
  /** Where it is written. */
  readonly place: Place;
  /** All but its target. */
  readonly declaration: Omit<Declaration, "target" | "origin">;
  /** Where it goes: relative to the folder of its component or group, or absolute. */
  readonly target: string;
}

/** What state directives are read with. */
export interface DirectiveOptions {
  /** The hooks of the app, by their names. */
  readonly hooks: ReadonlyMap<string, WrittenHook | null>;
  /** The certificates of the app, by their names. */
  readonly certificates: ReadonlyMap<string, WrittenCertificate | null>;
  /** Takes what is wrong. */
  readonly problems: Problems;
}

/** Reads a state directive; `null` where it cannot be used. */
export function readDirective(node: YamlNode, options: DirectiveOptions): WrittenDirective | null {
  const { problems } = options;
  if (node.kind === "text") {
    const problem = `a state directive has to be a mapping, and this is ${quoted(node.text)}`;
    problems.add(node.place, problem, `Write source: ${quoted(node.text)}.`);
    return null;
  }
  const mapping = Mapping.read(node, { form: FORM, problems });
  if (mapping === null) return null;
  const isIssued = mapping.has("certificate");
  const issued = readIssue(mapping, options.certificates);
  const source = isIssued ? "" : readSource(mapping);
  const target = isIssued ? readIssuedTarget(mapping, issued) : readTarget(mapping, source);
  const strategy = mapping.choice("strategy", STRATEGIES) ?? "STRICT";
  const declaration = {
    source: source ?? "",
    strategy,
    symlinks: mapping.choice("symlinks", ["refuse", "copy"]) ?? "refuse",
    ...dropUndefined({
      issued,
      mode: mapping.mode("mode"),
      folderMode: mapping.mode("folder_mode"),
      uid: mapping.integer("uid", OWNER),
      gid: mapping.integer("gid", OWNER),
      requires: mapping.choice("requires", REQUIRED_LEVELS),
      hook: readHookName(mapping, options),
      together: mapping.boolean("together") === true ? true as const : undefined,
      leaseS: mapping.duration("lease", { min: 1, max: limits.MAX_LEASE_S }),
      readers: readReaders(mapping, problems),
      inPlace: mapping.boolean("in_place") === true ? true as const : undefined,
      compress: mapping.boolean("compress") === true ? true as const : undefined,
    }),
  } as const;
  checkTogether(mapping, declaration);
  if (source === undefined || target === undefined) return null;
  if (isIssued && issued === undefined) return null;
  return { place: mapping.place, declaration, target };
}

/** The members of an object, those that are `undefined` left out. */
type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what was not written. */
export function dropUndefined<T extends Readonly<Record<string, unknown>>>(members: T): Defined<T> {
  const written = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(written) as Defined<T>;
}

function readSource(mapping: Mapping): string | undefined {
  const hint = "Name a file or folder of the vault: source: tls/key.pem.";
  if (!mapping.has("source")) return mapping.miss("source", hint);
  const text = mapping.text("source", hint);
  if (text === undefined) return undefined;
  return usePath(mapping, "source", { text, read: readSourcePath(text) });
}

function readTarget(mapping: Mapping, source: string | undefined): string | undefined {
  const hint = "Say where it goes, or leave target out: then it goes where it is in the vault.";
  if (!mapping.has("target")) return source;
  const text = mapping.text("target", hint);
  if (text === undefined) return undefined;
  // Without a source the target is still looked at.
  return usePath(mapping, "target", { text, read: readTargetPath(text, source ?? "source") });
}

function readIssuedTarget(mapping: Mapping, issued: DeclaredIssue | undefined): string | undefined {
  const hint = "Say where it goes, such as tls/, or leave target out: then it goes by its name.";
  const text = mapping.text("target", hint);
  if (issued === undefined || (text === undefined && mapping.has("target"))) return undefined;
  const read = readIssueTarget(text ?? null, issued);
  return usePath(mapping, "target", { text: text ?? issued.certificate, read });
}

function usePath(
  mapping: Mapping,
  key: string,
  { text, read }: { readonly text: string; readonly read: ReadPath },
): string | undefined {
  if ("path" in read) return read.path;
  const { fault, hint }: PathFault = read;
  return mapping.refuse(key, `is ${quoted(text)}, which ${fault}`, hint);
}

function readHookName(mapping: Mapping, { hooks }: DirectiveOptions): string | undefined {
  const hint = "Name a hook that is defined under hooks: of the app.";
  const name = mapping.text("hook", hint);
  if (name === undefined || hooks.has(name)) return name;
  const good = [...hooks].filter(([, hook]) => hook !== null).map(([known]) => known);
  const close = suggestName(name.slice(0, 100), good);
  const problem = `names ${quoted(name)}, which is not defined under hooks: of the app`;
  return mapping.refuse("hook", problem, close === null ? hint : `Did you mean ${close}?`);
}

/** Reads which components may read from a file server, in the order and spelling of the manifest. */
function readReaders(mapping: Mapping, problems: Problems): readonly string[] | undefined {
  const hint = "Write a list of components: [web, worker]. An empty one is none: [].";
  const written = mapping.textList("readers", hint);
  if (written === undefined) return undefined;
  const readers = new Map<string, Place>();
  for (const { text, place } of written) {
    const name = text.toLowerCase();
    const other = readers.get(name);
    if (!isAppName(text)) {
      problems.add(place, `no component can be called ${quoted(text)}`, COMPONENT_NAME);
    } else if (other !== undefined) {
      const problem = `the reader ${
        quoted(text)
      } stands twice: case does not tell components apart`;
      problems.add(place, problem, "Name each component once.");
    } else readers.set(name, place);
  }
  if (readers.size > limits.MAX_READERS) {
    const advice = "Leave readers out: then all components of the app may read it.";
    return mapping.refuse("readers", `names over ${limits.MAX_READERS} components`, advice);
  }
  return [...readers.keys()].sort();
}

/** Refuses what cannot be had at once. */
function checkTogether(mapping: Mapping, declaration: WrittenDirective["declaration"]): void {
  const { strategy, together, inPlace, leaseS } = declaration;
  if (together === true && inPlace === true) {
    const hint = "Leave one of them out: together is for folders, in_place for a mounted file.";
    mapping.refuse("in_place", "contradicts together: a set is exchanged, never rewritten", hint);
  }
  if (together === true && strategy !== "STRICT") {
    const problem = `contradicts strategy: ${strategy}: the set is exchanged as a whole`;
    mapping.refuse("together", problem, "Leave one of them out.");
  }
  if (strategy !== "ENSURE_CREATED") return;
  const hint = "Leave one of them out.";
  if (inPlace === true) {
    const problem = "contradicts strategy: ENSURE_CREATED: what is there is never written over";
    mapping.refuse("in_place", problem, hint);
  }
  if (leaseS !== undefined) {
    const problem = "contradicts strategy: ENSURE_CREATED: what was made is the application's";
    mapping.refuse("lease", problem, hint);
  }
}
