/**
 * Mutual TLS over any transport, for both programs; loads modules of Node's with the first connection.
 *
 * @module
 */
export {
  acceptTls,
  connectTls,
  type PeerCheck,
  type TlsClientOptions,
  type TlsOptions,
} from "./mutual_tls.ts";
