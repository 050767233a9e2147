/**
 * `fluxvault-agent health`.
 *
 * @module
 */
import { type CommandContext, EXIT_DONE, EXIT_FAILURE } from "../../protocol/host/mod.ts";
import { type AgentHealth, askHealth } from "../health_socket.ts";
import type { HEALTH_OPTIONS } from "../options.ts";

/** Asks the agent with this folder of state how it is, and says whether that is well. */
export async function run(context: CommandContext<typeof HEALTH_OPTIONS>): Promise<number> {
  const { settings, stdout } = context;
  const health = await askHealth(settings.stateDir);
  await stdout.write(
    settings.json ? `${JSON.stringify({ event: "health", ...health })}\n` : `${describe(health)}\n`,
  );
  const isWell = health.serving && (settings.healthyWhen === "serving" || health.delivered);
  return isWell ? EXIT_DONE : EXIT_FAILURE;
}

function describe({ serving, delivered }: AgentHealth): string {
  const files = delivered ? "all files are in place" : "not all files are known to be in place";
  return `${serving ? "takes keepers" : "is being stopped"}; ${files}`;
}
