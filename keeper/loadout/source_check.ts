/**
 * Whether what a loadout declares is in the vault now, and can be delivered as it is declared.
 *
 * The vault is looked at again in each pass; this is for an operator who asks before.
 *
 * @module
 */
import { join } from "node:path";
import type { Declaration } from "../vault/declaration.ts";
import type { AppLoadout } from "./app_loadout.ts";
import { type LoadoutProblem, quoted } from "./problems.ts";

/** What a source is, or why it cannot be one. */
type SourceKind = "file" | "folder" | "missing" | "link" | "unreadable" | "special";

/** What was found. */
export interface SourceCheck {
  /** What contradicts itself with the vault as it is. */
  readonly problems: readonly LoadoutProblem[];
  /** What cannot be delivered now, or has no effect. */
  readonly warnings: readonly LoadoutProblem[];
}

/** Looks at the sources of an app. */
export async function checkSources(app: AppLoadout): Promise<SourceCheck> {
  const { vaultFolder } = app;
  const vault = await kindOf(vaultFolder, { followLinks: true });
  if (vault !== "folder") {
    const problem = `the vault folder of ${app.app} is no folder that can be read: ` +
      JSON.stringify(vaultFolder);
    const hint = "Make it and put the sources into it, or say where it is: vault.";
    return { problems: [], warnings: [{ place: app.origin, problem, hint }] };
  }
  const kinds = new Map<string, SourceKind>();
  const warnings = new Map<string, LoadoutProblem>();
  const problems = new Map<string, LoadoutProblem>();
  for (const component of [null, ...app.components]) {
    const all = app.declarationsOf(component);
    const declarations = all.filter(({ issued }) => issued === undefined);
    for (const declaration of declarations) {
      const { source, symlinks } = declaration;
      const key = `${symlinks}:${source}`;
      const kind = kinds.get(key) ??
        await findSource(vaultFolder, source, { followLinks: symlinks === "copy" });
      kinds.set(key, kind);
      for (const warning of judge(declaration, { kind, vaultFolder })) {
        warnings.set(`${warning.place}\n${warning.problem}`, warning);
      }
    }
    const isFile = ({ source, symlinks }: Declaration) => {
      return kinds.get(`${symlinks}:${source}`) === "file";
    };
    for (const problem of findInside(declarations, isFile)) {
      problems.set(`${problem.place}\n${problem.problem}`, problem);
    }
  }
  return { problems: [...problems.values()], warnings: [...warnings.values()] };
}

async function findSource(
  vaultFolder: string,
  source: string,
  options: { readonly followLinks: boolean },
): Promise<SourceKind> {
  const segments = source.split("/");
  for (let length = 1; length < segments.length; length++) {
    const kind = await kindOf(join(vaultFolder, ...segments.slice(0, length)), options);
    if (kind !== "folder") return kind === "file" || kind === "special" ? "missing" : kind;
  }
  return await kindOf(join(vaultFolder, ...segments), options);
}

async function kindOf(
  path: string,
  { followLinks }: { readonly followLinks: boolean },
): Promise<SourceKind> {
  try {
    const info = followLinks ? await Deno.stat(path) : await Deno.lstat(path);
    if (info.isSymlink) return "link";
    return info.isDirectory ? "folder" : info.isFile ? "file" : "special";
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    return isMissing ? "missing" : "unreadable";
  }
}

function judge(
  declaration: Declaration,
  { kind, vaultFolder }: { readonly kind: SourceKind; readonly vaultFolder: string },
): readonly LoadoutProblem[] {
  const { source, origin: place = "", together, inPlace } = declaration;
  const name = quoted(source);
  const where = JSON.stringify(vaultFolder);
  switch (kind) {
    case "missing":
      return [{
        place,
        problem: `there is no ${name} in the vault folder ${where}`,
        hint: "Put it there; until then agents keep what they hold of it.",
      }];
    case "link":
      return [{
        place,
        problem: `${name} is a symbolic link, or behind one, and is refused`,
        hint: "Put the file itself into the vault, or write symlinks: copy.",
      }];
    case "unreadable":
      return [{
        place,
        problem: `${name} in the vault folder ${where} cannot be looked at`,
        hint: "Let this program read it, and every folder on the way.",
      }];
    case "special":
      return [{
        place,
        problem: `${name} is neither a file nor a folder`,
        hint: "Only regular files and folders are delivered.",
      }];
    case "file":
      if (together !== true) return [];
      return [{
        place,
        problem: `${name} is a file, and together is for folders`,
        hint: "Leave together out: one file is always exchanged at once.",
      }];
    case "folder":
      if (inPlace !== true) return [];
      return [{
        place,
        problem: `${name} is a folder, and in_place is for one file`,
        hint: "Leave in_place out, or declare the mounted file itself.",
      }];
  }
}

/** Finds targets that would need a folder where another declaration puts a file. */
function findInside(
  declarations: readonly Declaration[],
  isFile: (declaration: Declaration) => boolean,
): LoadoutProblem[] {
  const byTarget = new Map(declarations.map((declaration) => [declaration.target, declaration]));
  return declarations.flatMap((declaration) => {
    const { target, origin = "" } = declaration;
    const found: LoadoutProblem[] = [];
    for (let i = target.indexOf("/", 1); i > 0; i = target.indexOf("/", i + 1)) {
      const outer = byTarget.get(target.slice(0, i));
      if (outer === undefined || !isFile(outer)) continue;
      found.push({
        place: origin,
        problem: `the target ${quoted(target)} needs a folder where ${quoted(outer.target)}, ` +
          `declared at ${outer.origin}, is a file`,
        hint: "Give one of them another target.",
      });
    }
    return found;
  });
}
