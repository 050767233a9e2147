/**
 * What the agent serves over HTTP to the other containers of its app.
 *
 * @module
 */
export { CallerCertificates } from "./caller_certificates.ts";
export { ChangeFeeds } from "./change_feeds.ts";
export { FileServer, type FileServerOptions } from "./file_server.ts";
export { type Figure, HealthPages } from "./health_pages.ts";
export { type AddressHandler, HttpServer, type HttpServerOptions } from "./http_server.ts";
export type { DnsServer } from "./dns_datagrams.ts";
export { namesFrom, systemServer } from "./name_service.ts";
export { type NameService, Neighbours } from "./neighbours.ts";
export { ServedFiles } from "./served_files.ts";
export { ServedManifests } from "./served_manifests.ts";
export { ServerKey } from "./server_key.ts";
