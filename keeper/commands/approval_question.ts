/**
 * The question to a person at a terminal: which of the agents that wait are approved.
 *
 * @module
 */
import { fingerprintGroups } from "../../protocol/mod.ts";
import {
  formatTable,
  sanitiseText,
  type TextInput,
  type TextOutput,
} from "../../protocol/host/mod.ts";
import { type AgentReport, isAgentWaiting, type PassReport } from "../report/report.ts";
import { approveAgents, type KnownAgent, type KnownAgentsStore } from "../trust/mod.ts";

/** What a question needs. */
export interface ApprovalQuestionOptions {
  /** Where a person answers. */
  readonly stdin: TextInput;
  /** Where a person reads. */
  readonly stderr: TextOutput;
  /** Takes the decisions. */
  readonly knownAgents: KnownAgentsStore;
  /** Ends the question; its reason is thrown. */
  readonly signal: AbortSignal;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

const PROMPT = "Approve which? Numbers, a for all, Enter for none: ";
const NAME_WIDTH = 12;
const INDENT = "   ";

/** Asks about each waiting agent once, and one question at a time. */
export class ApprovalQuestion {
  readonly #options: ApprovalQuestionOptions;
  readonly #asked = new Set<string>();
  #isStanding = false;

  /** Asks nothing yet. */
  constructor(options: ApprovalQuestionOptions) {
    this.#options = options;
  }

  /**
   * Asks about the agents of a report that wait and were not asked about before, and approves those
   * that the person names; does nothing while another question stands.
   *
   * @returns How many were approved.
   * @throws {StorageError} if the decision cannot be written; the signal's reason.
   */
  async ask(report: PassReport): Promise<number> {
    if (this.#isStanding) return 0;
    const agents = report.agents.filter((agent) => {
      return isAgentWaiting(agent) && !this.#asked.has(nameOf(agent));
    });
    if (agents.length === 0) return 0;
    for (const agent of agents) this.#asked.add(nameOf(agent));
    this.#isStanding = true;
    try {
      await this.#options.stderr.write(formatQuestion(agents));
      return await this.#decide(await this.#readAnswer(agents), report.app);
    } finally {
      this.#isStanding = false;
    }
  }

  /** Shows the question again, where one stands and something was printed below it. */
  async remind(): Promise<void> {
    if (this.#isStanding) await this.#options.stderr.write(PROMPT);
  }

  async #readAnswer(agents: readonly AgentReport[]): Promise<readonly AgentReport[]> {
    const { stdin, stderr, signal } = this.#options;
    for (;;) {
      const answer = await stdin.readLine(PROMPT, { signal });
      const numbers = readNumbers(answer ?? "", agents.length);
      if (numbers !== null) return agents.filter((_, i) => numbers.has(i + 1));
      await stderr.write(`Write numbers from 1 to ${agents.length}, as in 1,3.\n`);
    }
  }

  async #decide(agents: readonly AgentReport[], app: string | null): Promise<number> {
    const { stderr, knownAgents, now = Date.now } = this.#options;
    const selectors = agents.flatMap(({ fingerprint }) => fingerprint ?? []);
    if (selectors.length === 0) {
      await stderr.write(
        "Nobody was approved. The next start of the keeper asks again;\n" +
          "`agents approve` works at any time.\n",
      );
      return 0;
    }
    let replaced: readonly KnownAgent[] = [];
    await knownAgents.update((state) => {
      const outcome = approveAgents(state, { selectors, app }, now());
      replaced = outcome.replaced;
      return outcome.state;
    });
    for (const { address, fingerprint } of agents) {
      await stderr.write(`approved ${fingerprint} (${address})\n`);
    }
    for (const { fingerprint } of replaced) await stderr.write(`replaced ${fingerprint}\n`);
    return agents.length;
  }
}

/** An agent with another key, or a key at another address, is worth another question. */
function nameOf({ address, fingerprint }: AgentReport): string {
  return `${address} ${fingerprint}`;
}

function formatQuestion(agents: readonly AgentReport[]): string {
  const rows = agents.map(({ address, component, node, outcome }, i) => [
    `${i + 1}`,
    address,
    sanitiseText(component ?? "-", { maxLength: NAME_WIDTH }),
    outcome.kind === "pending" ? "new" : "CHANGED",
    node === null ? "-" : `${node.ip} ${node.country ?? ""}`,
  ]);
  const headings = ["#", "AGENT", "COMPONENT", "KEY", "NODE (unsigned)"];
  const columns = headings.map((heading) => ({ heading }));
  const [head, ...lines] = formatTable(rows, { columns }).split("\n");
  // A fingerprint has to be read whole, and fits no column.
  const table = agents.map(({ fingerprint }, i) => {
    const key = fingerprint ?? "";
    return `${lines[i]}\n${INDENT}${key}\n${INDENT}${fingerprintGroups(key)}\n`;
  });
  const hasChanged = agents.some(({ outcome }) => outcome.kind !== "pending");
  const subject = agents.length === 1 ? "1 agent waits" : `${agents.length} agents wait`;
  return `\n${subject} for your approval and got nothing. Compare each fingerprint,\n` +
    "whole, with the one that the agent itself printed at its start.\n" +
    (hasChanged ? "CHANGED: another key is on record for this address.\n" : "") +
    [`${head}\n`, ...table].join("");
}

/** Reads an answer; `null` where it makes no sense. */
function readNumbers(answer: string, count: number): ReadonlySet<number> | null {
  const text = answer.trim().toLowerCase();
  if (text === "") return new Set();
  if (text === "a" || text === "all") {
    return new Set(Array.from({ length: count }, (_, i) => i + 1));
  }
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const numbers = words.map((word) => /^[1-9]\d*$/.test(word) ? Number(word) : NaN);
  return numbers.every((number) => number <= count) ? new Set(numbers) : null;
}
