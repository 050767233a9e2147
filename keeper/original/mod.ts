/**
 * What a keeper needs beside the wire to serve nodes of the original FluxVault.
 *
 * @module
 */
export {
  Deliveries,
  type DeliveriesState,
  type DeliveriesStore,
  NO_DELIVERIES_STORE,
} from "./deliveries.ts";
