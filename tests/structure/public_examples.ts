/**
 * The public functions and classes that show no example which runs, as `deno doc` sees them.
 *
 * @module
 */
import { PROJECT_ROOT, readProjectConfig } from "../../dist/tasks/derived_config.ts";

/** What runs: a block of TypeScript without a word that has it skipped, which can also fail. */
const RUNNING = /^```ts\n(?:(?!```).*\n)*?.*\bconsole\.assert\(/m;

/** What `deno doc` says of an exported symbol, as far as it matters here. */
export interface DocSymbol {
  /** Its name. */
  readonly name: string;
  /** Where it is declared; several times where it is overloaded. */
  readonly declarations: readonly {
    readonly kind: string;
    readonly declarationKind: string;
    readonly location: { readonly filename: string };
    readonly jsDoc?: {
      readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
    };
  }[];
}

/** Returns those that are functions or classes and show no example that runs, as `file name`. */
export function findWithoutExample(symbols: readonly DocSymbol[]): string[] {
  return symbols.flatMap(({ name, declarations }) => {
    const [first] = declarations;
    const isRun = declarations.some(({ kind, declarationKind }) => {
      return declarationKind === "export" && (kind === "function" || kind === "class");
    });
    const hasExample = declarations.some(({ jsDoc }) => {
      return jsDoc?.tags?.some(({ kind, doc = "" }) => kind === "example" && RUNNING.test(doc)) ===
        true;
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

/** Reads what shows no example that runs, sorted. */
export async function readWithoutExample(): Promise<readonly string[]> {
  const { exports } = await readProjectConfig();
  const found = await Promise.all(Object.values(exports).map(readSymbols));
  return [...new Set(found.flatMap(findWithoutExample))].sort();
}
