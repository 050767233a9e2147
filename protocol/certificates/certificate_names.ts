/**
 * The host names in the certificates by which agents and keepers know each other under TLS.
 *
 * Nothing resolves them: a certificate says by them what its holder is. As with all host names case does
 * not matter, so apps whose names differ in it alone are one.
 *
 * @module
 */
import { isAppName } from "../app_name.ts";

const ROOT = "fluxvault.internal";

/**
 * Returns the domain below which all names of an app lie.
 *
 * @throws {RangeError} if it cannot be the name of an app.
 */
export function appDomain(app: string): string {
  return `${labelOf(app)}.${ROOT}`;
}

/**
 * Returns the name in the certificate of an agent.
 *
 * @throws {RangeError} if app or component cannot have such a name.
 */
export function agentCertificateName(
  { app, component }: { readonly app: string; readonly component: string },
): string {
  return `${labelOf(component)}.agent.${appDomain(app)}`;
}

/**
 * Returns the name in the certificate that a keeper shows to the agents of an app.
 *
 * @throws {RangeError} if it cannot be the name of an app.
 */
export function keeperCertificateName(app: string): string {
  return `keeper.${appDomain(app)}`;
}

function labelOf(name: string): string {
  if (isAppName(name)) return name;
  throw new RangeError(`${JSON.stringify(name)} is not 1 to 63 letters, digits, inner hyphens`);
}
