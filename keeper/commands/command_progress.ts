/**
 * Where a command shows how far deliveries have come.
 *
 * @module
 */
import { ProgressDisplay } from "../progress/progress_display.ts";
import type { ServeContext } from "./run_context.ts";

/** Makes what shows progress: on the terminal where a person reads along, else in the log. */
export function makeProgress(
  { settings, stderr, logger }: Pick<ServeContext, "settings" | "stderr" | "logger">,
): ProgressDisplay {
  const isRead = !settings.json && !settings.quiet && stderr.isTerminal;
  return new ProgressDisplay({ area: isRead ? stderr.area ?? null : null, logger });
}
