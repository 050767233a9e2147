/**
 * What agents may call at a keeper: actions for an app, a component and a level of trust.
 *
 * @module
 */
import {
  type Action,
  type ActionContract,
  type ActionOptions,
  type CallContext,
  defineAction,
  openActionRegister,
} from "../../protocol/mod.ts";
import { isSameApp } from "../app_name.ts";
import type { CalledAgent, CallsOfAgent } from "../contact/called_agent.ts";
import { reachesLevel, type TrustGround } from "../trust/mod.ts";

/** Which agents may call an action of a keeper. */
export interface ActionAudience {
  /** The app that the agents are dialled for; `null` for agents of no app. */
  readonly app: string | null;
  /** The components whose agents may. @default {all} */
  readonly components?: readonly string[];
  /** How much an agent must be trusted at least. */
  readonly level: TrustGround;
}

/** The context of a call, and which agent calls. */
export interface AgentCallContext extends CallContext {
  /** Who calls, and how much it is trusted. */
  readonly agent: CalledAgent;
}

/** An action of a keeper, and who may call it. */
export interface KeeperActionOptions<SentInput, Input, SentOutput, Output>
  extends Omit<ActionOptions<SentInput, Input, SentOutput, Output>, "run">, ActionAudience {
  /** Does what was called for; see `Action.run`. */
  readonly run: (context: AgentCallContext, input: Input) => SentOutput | Promise<SentOutput>;
}

/** An action of a keeper that is offered until this is disposed of; sessions that are open keep it. */
export interface KeeperActionRegistration<SentInput, Output> extends Disposable {
  /** What an agent takes in the place of the name to check input and output at its end, too. */
  readonly contract: ActionContract<SentInput, Output>;
}

interface Offer {
  readonly name: string;
  readonly audience: ActionAudience;
  readonly makeAction: (agent: CalledAgent) => Action;
}

/** Holds what agents may call, and finds what of it an agent may. */
export class OfferedActions {
  readonly #offers = new Set<Offer>();

  /**
   * Offers an action from the next session on.
   *
   * @throws {TypeError} if the name is none, or some agent would find two actions of that name.
   */
  add<SentInput, Input, SentOutput, Output>(
    name: string,
    options: KeeperActionOptions<SentInput, Input, SentOutput, Output>,
  ): KeeperActionRegistration<SentInput, Output> {
    const { app, components, level, run } = options;
    const audience = { app, level, ...(components === undefined ? {} : { components }) };
    const rivals = [...this.#offers].filter((offer) => offer.name === name);
    if (rivals.some((rival) => haveAgentInCommon(rival.audience, audience))) {
      throw new TypeError(`there is an action ${name} for these agents already`);
    }
    const define = (agent: CalledAgent | null) =>
      defineAction<SentInput, Input, SentOutput, Output>(name, {
        ...options,
        run: (context, input) => {
          if (agent === null) throw new TypeError("an action of a keeper is called by an agent");
          return run(withAgent(context, agent), input);
        },
      });
    const { contract } = define(null);
    const offer: Offer = { name, audience, makeAction: define };
    this.#offers.add(offer);
    return { contract, [Symbol.dispose]: () => void this.#offers.delete(offer) };
  }

  /** Returns what an agent may call; nothing where it is only asked what it would do. */
  actionsFor(agent: CalledAgent): Action[] {
    if (agent.isPlan) return [];
    return [...this.#offers]
      .filter(({ audience }) => isMeant(audience, agent))
      .map(({ makeAction }) => makeAction(agent));
  }

  /** Returns the calls of an agent: what it may call here, beside what else there is. */
  beside(others: CallsOfAgent | undefined): CallsOfAgent {
    return (agent) => {
      const calls = others?.(agent) ?? null;
      const actions = this.actionsFor(agent);
      if (actions.length === 0) return calls;
      const register = openActionRegister({ actions: [...calls?.actions ?? [], ...actions] });
      return { ...calls, actions: register.list() };
    };
  }
}

function isMeant({ app, components, level }: ActionAudience, agent: CalledAgent): boolean {
  const isOfComponent = components === undefined ||
    (agent.component !== null && components.includes(agent.component));
  return isOfComponent && isSameApp(app, agent.app) && reachesLevel(agent.level, level);
}

function haveAgentInCommon(one: ActionAudience, other: ActionAudience): boolean {
  if (!isSameApp(one.app, other.app)) return false;
  if (one.components === undefined || other.components === undefined) return true;
  return one.components.some((component) => other.components?.includes(component));
}

/** The members of a context may be getters, which a spread would lose. */
function withAgent(context: CallContext, agent: CalledAgent): AgentCallContext {
  const { action, origin, signal, isOneWay, stream, desk } = context;
  return {
    ...{ action, origin, signal, isOneWay, stream, desk, agent },
    progress: (output) => context.progress(output),
    openOutput: (size) => context.openOutput(size),
  };
}
