/**
 * The names that the project exports, as `deno doc` sees them, and the list that they are held to.
 *
 * Run as a program (`deno task structure:update`) it writes the list anew.
 *
 * @module
 */
import { PROJECT_ROOT, readProjectConfig } from "../../dist/tasks/derived_config.ts";

/** The sorted names that each entry of `exports` offers. */
export type PublicNames = Readonly<Record<string, readonly string[]>>;

const LIST = new URL("public_names.json", import.meta.url);

interface DocNode {
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly { readonly declarationKind: string }[];
  }[];
}

async function readNamesOf(path: string): Promise<readonly string[]> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: PROJECT_ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`deno doc failed: ${new TextDecoder().decode(stderr)}`);
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Readonly<Record<string, DocNode>>;
  };
  const names = Object.values(nodes).flatMap(({ symbols }) => symbols)
    .filter(({ declarations }) =>
      declarations.some(({ declarationKind }) => declarationKind === "export")
    )
    .map(({ name }) => name);
  return [...new Set(names)].sort();
}

/** Reads what the modules export now. */
export async function readPublicNames(): Promise<PublicNames> {
  const { exports } = await readProjectConfig();
  const names: Record<string, readonly string[]> = {};
  for (const [entry, path] of Object.entries(exports)) names[entry] = await readNamesOf(path);
  return names;
}

/** Reads the list. */
export async function readNameList(): Promise<PublicNames> {
  return JSON.parse(await Deno.readTextFile(LIST));
}

/** Compares what the modules export with what the list promises. */
export function findNameChanges(listed: PublicNames, actual: PublicNames): string[] {
  const changes: string[] = [];
  for (const entry of new Set([...Object.keys(listed), ...Object.keys(actual)])) {
    const before = new Set(listed[entry]);
    const after = new Set(actual[entry]);
    for (const name of before.difference(after)) changes.push(`${entry} no longer exports ${name}`);
    for (const name of after.difference(before)) changes.push(`${entry} newly exports ${name}`);
  }
  return changes;
}

if (import.meta.main) {
  await Deno.writeTextFile(LIST, JSON.stringify(await readPublicNames(), null, 2) + "\n");
}
