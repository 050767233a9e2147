/** The parts of a command's context that have nothing to tell: no `--`, and no signal ever. */
import type { CommandContext } from "../../protocol/host/mod.ts";

/** Spread it into a context. */
export const QUIET_PARTS: Pick<CommandContext, "rest" | "signals" | "leaveSignals"> = {
  rest: null,
  signals: { add() {}, remove() {} },
  leaveSignals() {},
};
