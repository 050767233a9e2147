/**
 * The question to a person at a terminal: which of the agents that wait are approved.
 *
 * @module
 */
import type { TextInput, TextOutput } from "../../protocol/host/mod.ts";
import { isSameApp } from "../app_name.ts";
import { MAX_ASKED_ADDRESSES } from "../limits.ts";
import { sortByAddress } from "../report/address_order.ts";
import { type AgentReport, isAgentWaiting, type PassReport } from "../report/report.ts";
import {
  approveAgents,
  type KnownAgent,
  type KnownAgentsState,
  type KnownAgentsStore,
} from "../trust/mod.ts";
import {
  type ApprovalAnswer,
  type ApprovalPage,
  complaintFor,
  formatPageHead,
  formatPageRows,
  isChanged,
  pagesOf,
  promptFor,
  readAnswer,
  STOP,
} from "./approval_page.ts";

/** What a question needs. */
export interface ApprovalQuestionOptions {
  /** Where a person answers. */
  readonly stdin: TextInput;
  /** Where a person reads. */
  readonly stderr: TextOutput;
  /** Takes the decisions. */
  readonly knownAgents: KnownAgentsStore;
  /** The app, where the question is one of several. */
  readonly nameOfApp?: string;
  /** Is told of each answer that approved somebody, and waited for; nobody is by default. */
  readonly onApproved?: () => Promise<void>;
  /** Ends the question; its reason is thrown. */
  readonly signal: AbortSignal;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** What is known of an address that was asked about. */
interface WaitingAddress {
  /** The key that waits there; `null` for none. */
  readonly fingerprint: string | null;
  /** The pass that told of it. */
  readonly pass: number;
}

/**
 * Asks about each address once, and one question at a time: whoever shows another key at each contact
 * is asked about no more often.
 */
export class ApprovalQuestion {
  readonly #options: ApprovalQuestionOptions;
  /** The key that each address had as it was asked about; `null` once it had another. */
  readonly #asked = new Map<string, string | null>();
  /** What is known of each address that was asked about. */
  readonly #waiting = new Map<string, WaitingAddress>();
  #hasToldOfMore = false;
  #isStanding = false;
  /** What waits for an answer. */
  #page: ApprovalPage | null = null;

  /** Asks nothing yet. */
  constructor(options: ApprovalQuestionOptions) {
    this.#options = options;
  }

  /** Tells whether {@linkcode ApprovalQuestion.ask} would ask about a report, or a question stands. */
  willAsk(report: PassReport): boolean {
    return this.#isStanding || this.#newIn(report).length > 0;
  }

  /**
   * Asks about the agents of a report that wait where nobody was asked about before, some at a time,
   * and approves those that the person names; does nothing while another question stands.
   *
   * @returns How many were approved.
   * @throws {StorageError} if the decision cannot be written; the signal's reason.
   */
  async ask(report: PassReport): Promise<number> {
    this.notice(report);
    if (this.#isStanding) return 0;
    this.#isStanding = true;
    try {
      const agents = this.#newIn(report);
      await this.#pointToList(report, agents);
      if (agents.length === 0) return 0;
      for (const { address, fingerprint } of agents) {
        this.#asked.set(address, fingerprint);
        this.#waiting.set(address, { fingerprint, pass: report.pass });
      }
      return await this.#askPages(agents, report.app);
    } finally {
      this.#page = null;
      this.#isStanding = false;
    }
  }

  /** Ends the line of a question that stands, before something is printed below it. */
  async makeRoom(): Promise<void> {
    if (this.#page !== null) await this.#options.stderr.write("\n");
  }

  /** Shows the question again, where one stands and something was printed below it. */
  async showAgain(): Promise<void> {
    if (this.#page === null) return;
    await this.#options.stderr.write(this.#formatRows(this.#page) + promptFor(this.#page));
  }

  /** Returns the agents of a report that wait where nobody was asked about yet. */
  #newIn(report: PassReport): readonly AgentReport[] {
    const others = report.agents.filter((agent) => {
      return isAgentWaiting(agent) && !this.#asked.has(agent.address);
    });
    return sortByAddress(others).slice(0, MAX_ASKED_ADDRESSES - this.#asked.size);
  }

  /** Takes in what a report says of those who were asked about. */
  notice(report: PassReport): void {
    const agents = new Map(report.agents.map((agent) => [agent.address, agent]));
    // A report without agents says that there was no list, or that none could be served.
    const saysAll = report.isWhole && agents.size > 0;
    const elsewhere = new Set(report.elsewhere);
    for (const address of this.#waiting.keys()) {
      if (this.#isOutdated(address, report)) continue;
      const agent = agents.get(address);
      if (agent === undefined && (!saysAll || elsewhere.has(address))) continue;
      const isWaiting = agent !== undefined && isAgentWaiting(agent);
      const fingerprint = isWaiting ? agent.fingerprint : null;
      this.#waiting.set(address, { fingerprint, pass: report.pass });
    }
  }

  /** Tells whether a later pass told of an address already: a pass that began earlier may end later. */
  #isOutdated(address: string, { pass }: PassReport): boolean {
    const known = this.#waiting.get(address);
    return known !== undefined && pass < known.pass;
  }

  #isGone({ address, fingerprint }: AgentReport): boolean {
    return this.#waiting.get(address)?.fingerprint !== fingerprint;
  }

  /** Says, once for each address, that there is more than is asked about. */
  async #pointToList(report: PassReport, asked: readonly AgentReport[]): Promise<void> {
    const { stderr } = this.#options;
    const waiting = report.agents.filter(isAgentWaiting);
    for (const { address, fingerprint } of waiting) {
      const before = this.#asked.get(address) ?? null;
      if (before === null || before === fingerprint) continue;
      if (this.#isOutdated(address, report)) continue;
      this.#asked.set(address, null);
      await stderr.write(`Another key waits at ${address} now: \`agents list\` shows it.\n`);
    }
    const others = waiting.filter(({ address }) => !this.#asked.has(address));
    if (others.length === asked.length || this.#hasToldOfMore) return;
    this.#hasToldOfMore = true;
    await stderr.write("More agents wait than are asked about: `agents list` shows them.\n");
  }

  async #askPages(agents: readonly AgentReport[], app: string | null): Promise<number> {
    const { stderr, onApproved } = this.#options;
    const { nameOfApp } = this.#options;
    const whose = nameOfApp === undefined ? "" : ` of ${nameOfApp}`;
    const [count, verb] = agents.length === 1
      ? ["1 agent", "waits"]
      : [`${agents.length} agents`, "wait"];
    await stderr.write(
      `\n${count}${whose} ${verb} for your approval and got nothing.\n` +
        "Compare each fingerprint, whole, with the one that the\n" +
        "agent itself printed at its start.\n",
    );
    let approved = 0;
    let isStopped = false;
    for (const page of pagesOf(agents)) {
      const answer = await this.#askPage(page);
      isStopped = answer.isStop;
      if (isStopped) break;
      const count = await this.#decide(answer, app);
      approved += count;
      if (count > 0) await onApproved?.();
    }
    if (approved === 0 || isStopped) {
      await stderr.write(
        `Nobody ${approved === 0 ? "" : "else "}was approved. The next start of the keeper\n` +
          "asks again; `agents approve` works at any time.\n",
      );
    }
    return approved;
  }

  async #askPage(page: ApprovalPage): Promise<ApprovalAnswer> {
    const { stdin, stderr, signal } = this.#options;
    await stderr.write(formatPageHead(page) + this.#formatRows(page));
    this.#page = page;
    for (;;) {
      const text = await stdin.readLine(promptFor(page), { signal });
      const answer = text === null ? STOP : readAnswer(text, page);
      if (answer !== null) {
        this.#page = null;
        return answer;
      }
      await stderr.write(complaintFor(page));
    }
  }

  #formatRows(page: ApprovalPage): string {
    const { width } = this.#options.stderr;
    return formatPageRows(page, { width, isGone: (agent) => this.#isGone(agent) });
  }

  async #decide({ agents, isAll }: ApprovalAnswer, app: string | null): Promise<number> {
    if (agents.length === 0) return 0;
    const { knownAgents, now = Date.now } = this.#options;
    let gone: readonly AgentReport[] = [];
    let left: readonly AgentReport[] = [];
    let replaced: readonly KnownAgent[] = [];
    await knownAgents.update((state) => {
      gone = agents.filter((agent) => this.#isGone(agent) || !isPending(agent, state, app));
      const there = agents.filter((agent) => !gone.includes(agent));
      left = isAll ? there.filter((agent) => takesPlace(agent, state, app)) : [];
      const selectors = there.filter((agent) => !left.includes(agent))
        .flatMap(({ fingerprint }) => fingerprint ?? []);
      const outcome = approveAgents(state, { selectors, app }, now());
      replaced = outcome.replaced;
      return outcome.state;
    });
    const approved = agents.filter((agent) => !gone.includes(agent) && !left.includes(agent));
    await this.#tell("approved", approved);
    for (const { fingerprint } of replaced) {
      await this.#options.stderr.write(`replaced ${fingerprint}\n`);
    }
    await this.#tellOfOthers(gone, left);
    return approved.length;
  }

  /** Says who was meant by an answer and is not approved, and why. */
  async #tellOfOthers(
    gone: readonly AgentReport[],
    left: readonly AgentReport[],
  ): Promise<void> {
    const { stderr } = this.#options;
    await this.#tell("not approved", gone);
    if (gone.length > 0) {
      await stderr.write("These keys wait there no more: `agents list` shows who\nwaits now.\n");
    }
    for (const { address } of gone) {
      // Where another key waits, the list has it; where none does, one is asked about when it comes.
      if (this.#waiting.get(address)?.fingerprint === null) this.#asked.delete(address);
    }
    await this.#tell("not approved", left);
    if (left.length > 0) {
      await stderr.write(
        "Another key is on record there: who is to take its place\n" +
          "has to be named, by `agents approve` and the fingerprint.\n",
      );
    }
  }

  async #tell(deed: string, agents: readonly AgentReport[]): Promise<void> {
    for (const { address, fingerprint } of agents) {
      await this.#options.stderr.write(`${deed} ${fingerprint} (${address})\n`);
    }
  }
}

/** Tells whether the key still waits at its address. */
function isPending(agent: AgentReport, state: KnownAgentsState, app: string | null): boolean {
  return state.pending.some((pending) => {
    return isSameApp(pending.app, app) && pending.address === agent.address &&
      pending.fingerprint === agent.fingerprint;
  });
}

/** Tells whether another key is on record for the address, which would go with an approval. */
function takesPlace(agent: AgentReport, state: KnownAgentsState, app: string | null): boolean {
  return isChanged(agent) || state.agents.some((known) => {
    return isSameApp(known.app, app) && known.address === agent.address &&
      known.fingerprint !== agent.fingerprint;
  });
}
