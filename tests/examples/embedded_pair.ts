/**
 * Both examples at once, over connections in memory.
 *
 * @module
 */
import { Shop } from "./agent_in_application.ts";
import { Office } from "./keeper_in_application.ts";
import { MemoryPort } from "./memory_port.ts";

/** What came of it. */
export interface EmbeddedOutcome {
  /** The passwords that the application with the agent worked with. */
  readonly passwords: readonly string[];
  /** What the application with the keeper saw. */
  readonly history: readonly string[];
  /** What an action answered. */
  readonly answer: unknown;
}

/** Has an office give a shop its password, twice the same one and then another. */
export async function runEmbeddedPair(): Promise<EmbeddedOutcome> {
  const port = new MemoryPort("192.0.2.1");
  const shop = await Shop.open("192.0.2.1");
  const running = shop.run(port);
  const agents = ["192.0.2.7:8888"];
  const isOurs = () => Promise.resolve(true); // An operator compares fingerprints here.
  const office = new Office({ agents, dial: port.dial, isOurs });
  for (const password of ["correct horse", "correct horse", "battery staple"]) {
    await office.deliver(password);
  }
  const answer = await office.ask("192.0.2.7:8888", "passwords");
  await office.close();
  port.close();
  await running;
  return { passwords: shop.passwords, history: office.history, answer };
}
