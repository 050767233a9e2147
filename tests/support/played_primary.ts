/** A primary in memory that relays to agents in memory, honestly or as a test has it. */
import {
  type Action,
  type Bytes,
  type CallContext,
  CallError,
  type Duplex,
  duplexPair,
  type SendStream,
} from "../../protocol/mod.ts";
import { type Behaviour, FakeAgent, type FakeAgentOptions } from "./fake_fleet.ts";

/** What a {@linkcode PlayedPrimary} does otherwise than an honest one. */
export interface PlayedPrimaryOptions extends Omit<FakeAgentOptions, "calls" | "wants"> {
  /** What it says of those behind it; by default all that there are. */
  readonly list?: (components: readonly string[]) => unknown;
  /** To whom it leads where a component is asked for; by default to that one. */
  readonly leadTo?: (component: string) => string;
  /** What becomes of the bytes that it relays, by direction. */
  readonly change?: (bytes: Uint8Array, direction: "forth" | "back") => Uint8Array;
  /** Whether it says that it relays. @default {true} */
  readonly relays?: boolean;
}

/** A primary, and who is behind it. */
export class PlayedPrimary implements AsyncDisposable {
  /** The primary itself, as an agent. */
  readonly agent: FakeAgent;
  /** Who is behind it, by component. */
  readonly behind: Map<string, Behaviour>;
  /** The components that were asked for, in order. */
  readonly relayed: string[];
  readonly #counts: { lists: number };
  readonly #serving: ReadonlySet<Promise<unknown>>;

  private constructor(
    agent: FakeAgent,
    parts: Pick<PlayedPrimary, "behind" | "relayed"> & {
      readonly counts: { lists: number };
      readonly serving: ReadonlySet<Promise<unknown>>;
    },
  ) {
    this.agent = agent;
    this.behind = parts.behind;
    this.relayed = parts.relayed;
    this.#counts = parts.counts;
    this.#serving = parts.serving;
  }

  /** Makes a primary with nobody behind it; it is the component `agent`. */
  static async make(options: PlayedPrimaryOptions = {}): Promise<PlayedPrimary> {
    const behind = new Map<string, Behaviour>();
    const relayed: string[] = [];
    const counts = { lists: 0 };
    const serving = new Set<Promise<unknown>>();
    const { relays = true } = options;
    const list = () => {
      counts.lists++;
      const components = [...behind.keys()];
      const answer = options.list?.(components) ?? components.map((Component) => ({ Component }));
      return Promise.resolve({ Agents: answer });
    };
    const actions: readonly Action[] = [
      { name: "relay-list", run: list },
      { name: "relay", run: (context, input) => relay(context, componentOf(input)) },
    ];
    const relay = async (context: CallContext, component: string) => {
      relayed.push(component);
      const behaviour = behind.get(options.leadTo?.(component) ?? component);
      const { stream, signal } = context;
      if (behaviour === undefined || stream === null) {
        throw new CallError("component-unknown", "nobody is there");
      }
      const [agentEnd, end] = duplexPair();
      const served = behaviour(agentEnd).catch(() => {}).finally(() => serving.delete(served));
      serving.add(served);
      const openOutput = () => context.openOutput();
      await carry({ stream, signal, openOutput }, end, options.change ?? ((bytes) => bytes));
    };
    const agent = await FakeAgent.make({
      component: "agent",
      ...options,
      calls: { actions },
      ...(relays ? { wants: ["relay"] } : {}),
    });
    return new PlayedPrimary(agent, { behind, relayed, counts, serving });
  }

  /** How often it was asked whom it relays to. */
  get lists(): number {
    return this.#counts.lists;
  }

  /** Lets an agent register with it; a new one of that component where none is given. */
  async add(component: string, options: FakeAgentOptions = {}): Promise<FakeAgent> {
    const agent = await FakeAgent.make({ component, ...options });
    this.behind.set(component, agent.serve);
    return agent;
  }

  /** Waits until nobody behind it is busy. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#serving);
  }
}

function componentOf(input: unknown): string {
  return String((input as { readonly Component: unknown }).Component);
}

/** Carries bytes between a keeper and an agent, until both have ended. */
async function carry(
  { stream, signal, openOutput }: {
    readonly stream: AsyncIterable<Bytes>;
    readonly signal: AbortSignal;
    readonly openOutput: () => Promise<Pick<SendStream, "write" | "end">>;
  },
  { readable, writable }: Duplex,
  change: NonNullable<PlayedPrimaryOptions["change"]>,
): Promise<void> {
  const output = await openOutput();
  const writer = writable.getWriter();
  const reader = readable.getReader();
  writer.closed.catch(() => {});
  const forth = async () => {
    for await (const bytes of stream) await writer.write(change(bytes.slice(), "forth"));
    await writer.close();
  };
  const back = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return await output.end();
      await output.write(change(value.slice(), "back") as Bytes);
    }
  };
  const cut = (reason: unknown) => {
    writer.abort(reason).catch(() => {});
    reader.cancel(reason).catch(() => {});
  };
  const onAbort = () => cut(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.all([forth(), back()]);
  } catch (error) {
    cut(error);
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
