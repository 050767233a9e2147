/**
 * The public functions and classes that show no example, as `deno doc` sees them.
 *
 * Run as a program (`deno run -A tests/structure/public_examples.ts`) it writes the list anew.
 *
 * @module
 */
import { PROJECT_ROOT, readProjectConfig } from "../../dist/tasks/derived_config.ts";

const LIST = new URL("without_example.json", import.meta.url);

/** What `deno doc` says of an exported symbol, as far as it matters here. */
export interface DocSymbol {
  /** Its name. */
  readonly name: string;
  /** Where it is declared; several times where it is overloaded. */
  readonly declarations: readonly {
    readonly kind: string;
    readonly declarationKind: string;
    readonly location: { readonly filename: string };
    readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
  }[];
}

/** Returns those that are functions or classes and show no example, as `file name`. */
export function findWithoutExample(symbols: readonly DocSymbol[]): string[] {
  return symbols.flatMap(({ name, declarations }) => {
    const [first] = declarations;
    const isRun = declarations.some(({ kind, declarationKind }) => {
      return declarationKind === "export" && (kind === "function" || kind === "class");
    });
    const hasExample = declarations.some(({ jsDoc }) => {
      return jsDoc?.tags?.some(({ kind }) => kind === "example") === true;
    });
    if (first === undefined || !isRun || hasExample) return [];
    return `${first.location.filename.slice(PROJECT_ROOT.href.length)} ${name}`;
  });
}

async function readSymbols(path: string): Promise<readonly DocSymbol[]> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: PROJECT_ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`deno doc failed: ${new TextDecoder().decode(stderr)}`);
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>;
  };
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

/** Reads what shows no example now, sorted. */
export async function readWithoutExample(): Promise<readonly string[]> {
  const { exports } = await readProjectConfig();
  const found = await Promise.all(Object.values(exports).map(readSymbols));
  return [...new Set(found.flatMap(findWithoutExample))].sort();
}

/** Reads the list of those that may be without one. */
export async function readExemptions(): Promise<readonly string[]> {
  return JSON.parse(await Deno.readTextFile(LIST));
}

if (import.meta.main) {
  await Deno.writeTextFile(LIST, JSON.stringify(await readWithoutExample(), null, 2) + "\n");
}
