/**
 * What FluxVault needs to know of the Flux network: where the instances of an app run, who owns it,
 * what it consists of, and what its containers are called.
 *
 * Nothing here is trusted. FluxOS signs none of these answers, and any node can put itself into the
 * list of any app: the list is a hint where to dial, never authorization.
 *
 * Runs wherever there is `fetch`. The example injects one, so that it touches no network:
 *
 * @example
 * ```ts
 * import { fetchAppLocations, FluxClient } from "@fluxvault/fluxvault/flux";
 *
 * const client = new FluxClient({
 *   fetch: () =>
 *     Promise.resolve(Response.json({
 *       status: "success",
 *       data: [
 *         { name: "vaultdemo", ip: "203.0.113.20:16147" },
 *         { name: "vaultdemo", ip: "203.0.113.20:16137" },
 *         { name: "VaultDemo", ip: "198.51.100.7" },
 *         { name: "vaultdemo", ip: "not an address" },
 *       ],
 *     })),
 * });
 * const { locations, skipped } = await fetchAppLocations(client, "vaultdemo");
 * console.assert(locations.map(({ host }) => host).join() === "198.51.100.7,203.0.113.20");
 * console.assert(skipped.malformed === 1);
 * ```
 *
 * @module
 */
export { fetchAgreedAppOwner, type FetchAgreedAppOwnerOptions } from "./agreed_owner.ts";
export {
  type AppLocation,
  type AppLocations,
  fetchAppLocations,
  type FetchAppLocationsOptions,
  type SkippedRows,
} from "./app_locations.ts";
export { checkAppName, isRegistrableAppName, isRegistrableComponentName } from "./app_name.ts";
export { type AppOwner, fetchAppOwner } from "./app_owner.ts";
export {
  type AppComponent,
  type AppSpecification,
  type AppSpecificationAnswer,
  fetchAppSpecification,
} from "./app_specification.ts";
export { type ContainerMount, isReplicatedPath } from "./container_data.ts";
export {
  type ContainerIdentity,
  formatContainerName,
  parseContainerName,
  parseContainerPointer,
  type PointerIdentity,
} from "./container_name.ts";
export { FluxApiError, type FluxApiErrorCode, type FluxApiErrorOptions } from "./errors.ts";
export {
  DEFAULT_FLUX_API,
  FluxClient,
  type FluxClientOptions,
  type FluxGetOptions,
} from "./flux_client.ts";
export { fetchHostInfo, type FetchHostInfoOptions, type HostInfo } from "./node/mod.ts";
export {
  DEFAULT_NODE_API_PORT,
  formatNodeAddress,
  type NodeAddress,
  parseNodeAddress,
} from "./node_address.ts";
export type { Fetch } from "./request.ts";
export { recoverSigner, signMessage, zelIdOfKey } from "./signed_message.ts";
export { decodeWif, encodeWif, type FluxPrivateKey, generatePrivateKey } from "./wif.ts";
export { isZelId, zelIdOf } from "./zelid.ts";
