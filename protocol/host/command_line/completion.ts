/**
 * The scripts that complete a program's command line in a shell, read off its tables.
 *
 * @module
 */
import { allowsSource, namesOf, type Option } from "./option_table.ts";
import { allOptionsOf, type Command, optionsOf, type Program } from "./program.ts";

/** A shell for which there is a script. */
export type Shell = "bash" | "zsh" | "fish";

/** Writes the script that completes a program in a shell. */
export function formatCompletions(program: Program, shell: Shell): string {
  switch (shell) {
    case "bash":
      return bashScript(program);
    case "zsh":
      return zshScript(program);
    case "fish":
      return fishScript(program);
  }
}

interface Candidate {
  readonly word: string;
  readonly help: string;
}

/** What may follow the words of one command, the deepest command first. */
interface Place {
  readonly path: readonly string[];
  readonly candidates: readonly Candidate[];
}

function placesOf(program: Program): Place[] {
  const paths = new Map<string, readonly string[]>([["", []]]);
  for (const { path } of program.commands) {
    for (let i = 1; i <= path.length; i++) paths.set(path.slice(0, i).join(" "), path.slice(0, i));
  }
  const places = [...paths.values()].map((path) => ({
    path,
    candidates: candidates(program, path),
  }));
  return places.sort((a, b) => b.path.length - a.path.length);
}

function candidates(program: Program, path: readonly string[]): Candidate[] {
  const isHere = (command: Command) => path.every((word, i) => command.path[i] === word);
  const words = new Map<string, string>();
  for (const command of program.commands.filter(isHere)) {
    const next = command.path[path.length];
    if (next !== undefined && !words.has(next)) words.set(next, command.summary);
  }
  const own = program.commands.find((command) =>
    isHere(command) && command.path.length === path.length
  );
  const options = own === undefined ? [] : optionsOf(own).filter(isFlag);
  return [
    ...[...words].map(([word, help]) => ({ word, help })),
    ...options.map(({ name, help }) => ({ word: `--${name}`, help })),
  ];
}

function isFlag(option: Option): boolean {
  return allowsSource(option, "flag");
}

/** The flags of a program by what their values are. */
function valueCases(program: Program): { flags: string[]; kind: "path" | "any" | string[] }[] {
  const cases: { flags: string[]; kind: "path" | "any" | string[] }[] = [];
  for (const option of allOptionsOf(program).filter(isFlag)) {
    if (option.kind === "boolean") continue;
    const flags = namesOf(option).map((name) => `--${name}`);
    if (option.kind === "choice") cases.push({ flags, kind: [...option.choices] });
    else cases.push({ flags, kind: option.kind === "path" ? "path" : "any" });
  }
  return cases;
}

function functionName(program: Program): string {
  return `_${program.name.replaceAll(/\W/g, "_")}`;
}

function bashScript(program: Program): string {
  const name = functionName(program);
  const cases = valueCases(program).map(({ flags, kind }) => {
    const words = kind === "path"
      ? 'compgen -f -- "$current"'
      : Array.isArray(kind)
      ? `compgen -W "${kind.join(" ")}" -- "$current"`
      : "";
    return `    ${flags.join("|")}) COMPREPLY=(${words && `$(${words})`}); return ;;`;
  });
  const places = placesOf(program).map(({ path, candidates }) =>
    `    ${placePattern(path)}) candidates="${candidates.map(({ word }) => word).join(" ")}" ;;`
  );
  return `# bash completion for ${program.name}; to load it now:
#   source <(${program.name} --completions bash)
${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local line="" word candidates=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ "$word" == -* ]] || line="$line $word"
  done
  case "$previous" in
${cases.join("\n")}
  esac
  case "$line " in
${places.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o filenames -F ${name} ${program.name}
`;
}

function zshScript(program: Program): string {
  const name = functionName(program);
  const cases = valueCases(program).map(({ flags, kind }) => {
    const action = kind === "path"
      ? "_files; "
      : Array.isArray(kind)
      ? `compadd -- ${kind.join(" ")}; `
      : "";
    return `    ${flags.join("|")}) ${action}return ;;`;
  });
  const places = placesOf(program).map(({ path, candidates }) => {
    const items = candidates.map(({ word, help }) => `      ${quoteZsh(`${word}:${help}`)}`);
    return `    ${placePattern(path)}) candidates=(\n${items.join("\n")}\n    ) ;;`;
  });
  return `#compdef ${program.name}
# zsh completion for ${program.name}; to load it now:
#   source <(${program.name} --completions zsh)
${name}() {
  local line="" word previous="\${words[CURRENT-1]}"
  local -a candidates
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] || line="$line $word"
  done
  case "$previous" in
${cases.join("\n")}
  esac
  case "$line " in
${places.join("\n")}
  esac
  _describe 'argument' candidates
}
if [[ "\${funcstack[1]}" == "${name}" ]]; then
  ${name} "$@"
else
  compdef ${name} ${program.name}
fi
`;
}

function fishScript(program: Program): string {
  const lines = [
    `# fish completion for ${program.name}; to load it now:`,
    `#   ${program.name} --completions fish | source`,
    `complete -c ${program.name} -f`,
  ];
  for (const { path, candidates } of placesOf(program)) {
    const condition = path.length === 0
      ? "__fish_use_subcommand"
      : path.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    for (const { word, help } of candidates) {
      if (word.startsWith("-")) continue;
      lines.push(
        `complete -c ${program.name} -n ${quoteFish(condition)} -a ${word} -d ${quoteFish(help)}`,
      );
    }
  }
  for (const option of allOptionsOf(program).filter(isFlag)) {
    const short = option.short === undefined ? "" : ` -s ${option.short}`;
    lines.push(
      `complete -c ${program.name} -l ${option.name}${short}${fishValue(option)} -d ${
        quoteFish(option.help)
      }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function fishValue(option: Option): string {
  if (option.kind === "boolean") return "";
  if (option.kind === "path") return " -r -F";
  return option.kind === "choice" ? ` -x -a ${quoteFish(option.choices.join(" "))}` : " -x";
}

function placePattern(path: readonly string[]): string {
  return path.length === 0 ? "*" : `*" ${path.join(" ")} "*`;
}

function quoteZsh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quoteFish(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
