/**
 * Who else is in the network of the containers, by their DNS.
 *
 * @module
 */
export type { DnsServer } from "./dns_datagrams.ts";
export { namesFrom, systemServer } from "./name_service.ts";
export {
  componentOf,
  FOREIGN_HOST,
  isNear,
  isOwnHost,
  type NameService,
  type Neighbour,
  Neighbours,
  type StrangerReason,
} from "./neighbours.ts";
