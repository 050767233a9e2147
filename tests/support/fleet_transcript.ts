/** What an operator sees of a fleet, command after command, to be held against a file. */
import type { ProcessEnd } from "./followed_process.ts";
import { replaceAll } from "./golden.ts";
import type { RunningAgent, Site } from "./site.ts";

/** How long ago something was, which takes more room the longer it was. */
const AGES = /\b\d+ (?:s|min) ago/g;
/** How wide the column of ages is where all are as short as can be, with what parts it from the next. */
const AGE_WIDTH = "N s ago  ".length;

/** Has the column `SEEN` be as wide in every table as where all that is in it is short. */
function levelAges(text: string): string {
  let column: readonly [start: number, end: number] | null = null;
  return text.split("\n").map((line) => {
    const start = line.indexOf("  SEEN ") + 2;
    if (start > 2) column = [start, line.indexOf("STATE", start)];
    // A table ends in front of the first line that is none of its rows.
    else if (column !== null && !line.slice(...column).match(/^(?:\d+ (?:s|min) ago|-) +$/)) {
      column = null;
    }
    if (column === null) return line;
    const cell = line.slice(...column).trimEnd().replace(AGES, "N s ago");
    return line.slice(0, column[0]) + cell.padEnd(AGE_WIDTH) + line.slice(column[1]);
  }).join("\n");
}

/** Plays commands one after the other and writes down what an operator sees. */
export class FleetTranscript {
  readonly #site: Site;
  readonly #agents: readonly RunningAgent[];
  readonly #args: readonly string[];
  #text = "";

  /** Plays in a site; `args` follow every command but `status`, which takes the folder of state. */
  constructor(site: Site, agents: readonly RunningAgent[], args: readonly string[]) {
    this.#site = site;
    this.#agents = agents;
    this.#args = args;
  }

  /** Runs a command to its end. */
  async run(...words: readonly string[]): Promise<ProcessEnd> {
    const isStatus = words[0] === "status";
    const args = isStatus ? ["--state-dir", this.#site.path("keeper-state")] : this.#args;
    const end = await this.#site.run("keeper", [...words, ...args]);
    const { code, stdout, stderr } = end;
    this.#text += `$ fluxvault-keeper ${words.join(" ")}\n${stdout}${stderr}(status ${code})\n\n`;
    return end;
  }

  /** Says what happens in between. */
  note(text: string): void {
    this.#text += `# ${text}\n`;
  }

  /** Returns what was seen, with words for what is another in each run. */
  toString(): string {
    const agents = this.#agents.flatMap(({ address, fingerprint }, i) => [
      [new RegExp(address, "g"), `HOST:PORT-${i + 1}`.padEnd(address.length, "_")] as const,
      [new RegExp(fingerprint, "g"), `FINGERPRINT-${i + 1}`] as const,
      [new RegExp(fingerprint.slice(0, 15), "g"), `SHA256:KEY-${i + 1}`.padEnd(15, "_")] as const,
    ]);
    return replaceAll(levelAges(this.#text), [
      ...agents,
      [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"],
      [/\b\d{4}-\d\d-\d\d \d\d:\d\d/g, "YYYY-MM-DD HH:MM"],
      [/\b1\d{12}\b/g, "REVISIONNUMBR"],
      [/\b[0-9a-f]{16}\b/g, "CONTENTS-PRINTED"],
      [AGES, "N s ago"],
      [/\b\d+\.\d\d s\b/g, "N.NN s"],
    ]);
  }
}
