/**
 * Who owns an app, according to the network.
 *
 * For years FluxOS took any text as an owner, and the answer comes over an API that nobody signs:
 * a keeper or agent that trusts an owner should have been told the address by its operator.
 *
 * @module
 */
import { checkAppName } from "./app_name.ts";
import { FluxApiError } from "./errors.ts";
import type { FluxClient, FluxGetOptions } from "./flux_client.ts";
import { printable } from "./responses.ts";
import { isZelId } from "./zelid.ts";

/** The owner of an app, by the form of the text. */
export type AppOwner =
  /** A ZelID, whose checksum fits. */
  | { readonly kind: "zelid"; readonly address: string }
  /** `0x` and 40 hexadecimal digits, in the case in which FluxOS gave them. */
  | { readonly kind: "ethereum"; readonly address: string }
  /**
   * Anything else, an address with a wrong checksum too: an owner without a key that could be
   * verified. The text is fit for printing.
   */
  | { readonly kind: "unusable"; readonly text: string };

const ETHEREUM_ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/**
 * Asks who owns an app, once; where trust hangs on the answer, use `fetchAgreedAppOwner`.
 *
 * @throws {FluxApiError} `name-invalid` before anything is sent, `app-unknown`, or what else the
 * client throws.
 *
 * @example
 * ```ts
 * import { fetchAppOwner, FluxClient } from "@fluxvault/fluxvault/flux";
 *
 * const data = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
 * const client = new FluxClient({
 *   fetch: () => Promise.resolve(Response.json({ status: "success", data })),
 * });
 * const owner = await fetchAppOwner(client, "vaultdemo");
 * console.assert(owner.kind === "zelid");
 * ```
 */
export async function fetchAppOwner(
  client: FluxClient,
  appName: string,
  options: FluxGetOptions = {},
): Promise<AppOwner> {
  checkAppName(appName);
  return await client.get(`/apps/appowner/${appName}`, readAppOwner, options);
}

/**
 * Classifies the owner in an answer.
 *
 * @throws {FluxApiError} `response-malformed` if the data is not text.
 */
export function readAppOwner(data: unknown): AppOwner {
  if (typeof data !== "string") {
    throw new FluxApiError("response-malformed", "the owner is not text", { transient: true });
  }
  if (isZelId(data)) return { kind: "zelid", address: data };
  if (ETHEREUM_ADDRESS.test(data)) return { kind: "ethereum", address: data };
  return { kind: "unusable", text: printable(data) };
}
