/** A keeper's network in memory with one primary, and agents behind it. */
import { Stage } from "../keeper/keeper_stage.ts";
import type { FakeAgent } from "./fake_fleet.ts";
import { PlayedPrimary, type PlayedPrimaryOptions } from "./played_primary.ts";
import { fixedRsaKeyPair } from "./session_pair.ts";

/** A network, the primary at `p:1`, and those behind it in the order of their components. */
export interface PrimaryStage {
  /** The network. */
  readonly stage: Stage;
  /** The primary. */
  readonly primary: PlayedPrimary;
  /** The agents behind it. */
  readonly agents: readonly FakeAgent[];
}

/** Works with a primary at `p:1` and agents behind it. */
export async function withPrimary(
  components: readonly string[],
  work: (parts: PrimaryStage) => Promise<void>,
  options: PlayedPrimaryOptions = {},
): Promise<void> {
  // The key is made ahead, so that the time that each may take is spent on nothing else.
  await fixedRsaKeyPair();
  await using stage = new Stage();
  await using primary = await PlayedPrimary.make(options);
  const agents: FakeAgent[] = [];
  for (const component of components) agents.push(await primary.add(component));
  await stage.add("p:1", primary.agent);
  await work({ stage, primary, agents });
}
