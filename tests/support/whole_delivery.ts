/** A delivery that both ends know of. */
import type { RunningAgent, Site } from "./site.ts";

/** Delivers the vault, and waits until the agent knows that all of it has come. */
export async function deliverWhole(site: Site, { program, address }: RunningAgent): Promise<void> {
  const count = () => program.reports.filter(({ event }) => event === "delivery").length;
  const before = count();
  await site.deliver({ agents: [address] });
  await program.waitFor(() => count() > before || undefined);
}
