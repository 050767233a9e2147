/**
 * What a report for people says of one agent beside its row in the table.
 *
 * @module
 */
import { sanitiseText } from "../../protocol/host/mod.ts";
import { explainFile, explainHook, explainService } from "./explanations.ts";
import { hookTroublesOf } from "./hook_lines.ts";
import { type AgentReport, isFileWanted, isHookWanted, isServiceWanted } from "./report.ts";
import { serviceTroublesOf } from "./service_lines.ts";

/** How wide a terminal is that nobody made wider. */
const WIDTH = 80;

/** Breaks a line between words where it is wider than a terminal; what follows is indented. */
export function wrapLine(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `  ${word}`;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}

/** Says what of an agent is not as it should be: a line for each file and service, some for each hook. */
export function troublesOf({ outcome, address, trust }: AgentReport): string[] {
  if (outcome.kind !== "delivered") return [];
  const files = outcome.files.filter((file) => !isFileWanted(file));
  return [
    ...files.map(({ path, outcome, code }) => {
      const why = code === undefined ? "" : ` (${code})`;
      return sanitiseText(`${address}: ${path}: ${outcome}${why}`);
    }),
    ...outcome.withheld.map(({ path, required }) => {
      const why = `it asks for ${required}, and the agent is ${trust ?? "not trusted"}`;
      return sanitiseText(`${address}: ${path}: withheld (${why})`);
    }),
    ...hookTroublesOf(outcome.hooks, address),
    ...serviceTroublesOf(outcome.services ?? [], address),
  ];
}

/** Explains the codes of the files, hooks and services that are not as they should be, each once. */
export function explainCodes(agents: readonly AgentReport[]): string[] {
  const texts = new Map<string, string | null>();
  for (const { outcome } of agents) {
    if (outcome.kind !== "delivered") continue;
    for (const file of outcome.files) {
      if (file.code !== undefined && !isFileWanted(file)) {
        texts.set(file.code, explainFile(file.code));
      }
    }
    for (const hook of outcome.hooks) {
      if (hook.code !== undefined && !isHookWanted(hook)) {
        texts.set(hook.code, explainHook(hook.code));
      }
    }
    for (const service of outcome.services ?? []) {
      if (service.code !== undefined && !isServiceWanted(service)) {
        texts.set(service.code, explainService(service.code));
      }
    }
  }
  return [...texts].flatMap(([code, text]) => text === null ? [] : wrapLine(`${code}: ${text}`));
}

/** Says whom the keeper trusts from this pass on; two lines each, so that a fingerprint fits. */
export function formatNews({ news, address, fingerprint, component }: AgentReport): string[] {
  if (news === null) return [];
  const name = sanitiseText(component ?? "-");
  const head = news.kind === "first-use"
    ? `${address}: new, trusted at first use: place ${news.place} of ${news.places}`
    : news.before === null
    ? `${address}: new, it has enrolled`
    : `${address}: raised from ${news.before}, it has enrolled`;
  const replaced = news.kind === "enrolled" ? news.replaced : [];
  return [
    [
      head,
      `  ${fingerprint}, component ${name}`,
      ...replaced.map((other) => `  it takes the place of ${other}`),
    ].join("\n"),
  ];
}
