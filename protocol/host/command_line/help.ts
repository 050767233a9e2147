/**
 * The text of `--help`, read off the tables.
 *
 * @module
 */
import { allowsSource, type Option, variableName } from "./option_table.ts";
import { type Command, optionsOf, type Program } from "./program.ts";

const MAX_WIDTH = 80;
const DEFAULT_GROUP = "Options";

/** Writes the help of a command; no line is longer than 80 columns. */
export function formatHelp(program: Program, command: Command): string {
  const words = command.path.length > 0 ? ` ${command.path.join(" ")}` : "";
  const operands = (command.operands === undefined ? "" : ` ${command.operands}`) +
    (command.rest === undefined ? "" : ` [-- ${command.rest}]`);
  const lines = [
    ...wrap(command.path.length === 0 ? program.summary : command.summary, ""),
    "",
    `Usage: ${program.name}${words} [OPTIONS]${operands}`,
    ...commandLines(program, command),
  ];
  for (const [group, options] of groupsOf(command)) {
    lines.push("", `${group}:`);
    for (const option of options) {
      lines.push(`  ${flagText(option)}`, ...wrap(describeOption(option), " ".repeat(6)));
    }
  }
  const format = program.configFormat ?? "JSON";
  lines.push(
    "",
    ...wrap(
      `A flag goes before its variable, a variable before the ${format} file of --config, whose ` +
        "keys are the names without dashes in front. A list is written with commas, or its flag " +
        "is given again. --no-NAME switches off.",
      "",
    ),
  );
  return `${lines.join("\n")}\n`;
}

function commandLines(program: Program, command: Command): string[] {
  const below = program.commands.filter(({ path }) =>
    path.length > command.path.length && command.path.every((word, i) => path[i] === word)
  );
  if (below.length === 0) return [];
  const lines = below.flatMap(({ path, operands, summary }) => [
    `  ${[...path, ...operands === undefined ? [] : [operands]].join(" ")}`,
    ...wrap(summary, " ".repeat(6)),
  ]);
  return ["", "Commands:", ...lines];
}

function groupsOf(command: Command): Map<string, Option[]> {
  const groups = new Map<string, Option[]>();
  for (const option of optionsOf(command)) {
    const group = option.group ?? DEFAULT_GROUP;
    groups.set(group, [...groups.get(group) ?? [], option]);
  }
  return groups;
}

function flagText(option: Option): string {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const value = metavarOf(option);
  return `${short}--${option.name}${value === null ? "" : ` ${value}`}`;
}

/** Returns what stands for the value of an option, or `null` where it takes none. */
function metavarOf(option: Option): string | null {
  if (option.metavar !== undefined) return option.metavar;
  switch (option.kind) {
    case "boolean":
      return null;
    case "choice":
      return option.choices.join("|");
    case "integer":
      return "NUMBER";
    case "seconds":
      return "SECONDS";
    case "list":
      return "ITEM,...";
    case "path":
      return "PATH";
    case "text":
      return "TEXT";
  }
}

function describeOption(option: Option): string {
  const notes: string[] = [];
  if (allowsSource(option, "variable")) {
    notes.push([variableName(option.name), ...option.variables ?? []].join(", "));
  }
  const value = defaultTextOf(option);
  if (value !== null) notes.push(`default: ${value}`);
  const aliases = option.aliases ?? [];
  if (aliases.length > 0) notes.push(`also --${aliases.join(", --")}`);
  return notes.length > 0 ? `${option.help} [${notes.join("; ")}]` : option.help;
}

function defaultTextOf(option: Option): string | null {
  if (option.defaultText !== undefined) return option.defaultText;
  if (option.secret || option.default === undefined || option.default === false) return null;
  if (Array.isArray(option.default)) return option.default.join(",");
  return option.kind === "seconds" ? `${option.default} s` : String(option.default);
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > MAX_WIDTH) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line];
}
