/**
 * What several parts of the agent program let keepers call, as one.
 *
 * @module
 */
import { type Action, CallError, type SessionCalls } from "../../protocol/mod.ts";

/**
 * Puts calls together. An action that several have is done by each, and has failed where it has with
 * all of them.
 *
 * @returns `undefined` where there are none.
 */
export function combineCalls(
  ...parts: readonly (SessionCalls | undefined)[]
): SessionCalls | undefined {
  const given = parts.filter((part) => part !== undefined);
  const [only, ...others] = given;
  if (others.length === 0) return only;
  const byName = new Map<string, Action[]>();
  for (const action of given.flatMap(({ actions = [] }) => actions)) {
    byName.set(action.name, [...byName.get(action.name) ?? [], action]);
  }
  return {
    ...only,
    actions: [...byName.values()].map(combineActions),
    work: async (desk) => {
      await Promise.all(given.map(({ work }) => work?.(desk)));
    },
  };
}

function combineActions(actions: readonly Action[]): Action {
  const [first, ...others] = actions;
  if (first === undefined) throw new TypeError("there is no action");
  if (others.length === 0) return first;
  return {
    ...first,
    run: async (context, input) => {
      const ends = await Promise.allSettled(actions.map((action) => action.run(context, input)));
      const fault = ends.find((end) =>
        end.status === "rejected" && !(end.reason instanceof CallError)
      );
      const success = ends.find(({ status }) => status === "fulfilled");
      const end = fault ?? success ?? ends[0];
      if (end?.status === "fulfilled") return end.value;
      throw end?.reason;
    },
  };
}
