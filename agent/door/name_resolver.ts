/**
 * Looks up host names as every other program on the machine does: hosts file, then DNS.
 *
 * @module
 */
/**
 * Returns the addresses of a host name.
 *
 * The look-up cannot be cut short; whoever waits for it has to give up by himself.
 *
 * @throws what the system says where the name has no address.
 *
 * @example
 * ```ts
 * import { parsePeerRule, PeerPolicy, resolveHostName } from "@fluxvault/fluxvault/agent";
 *
 * const rules = [parsePeerRule("localhost")];
 * const policy = new PeerPolicy(rules, { resolveName: resolveHostName });
 * console.assert(await policy.allows("127.0.0.1"));
 * ```
 */
export async function resolveHostName(name: string): Promise<readonly string[]> {
  // Loaded when it is needed: most agents are given addresses, and memory is short.
  const { lookup } = await import("node:dns/promises");
  const answers = await lookup(name, { all: true });
  return answers.map(({ address }) => address);
}
