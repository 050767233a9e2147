/**
 * What the agent serves over HTTP to the other containers of its app.
 *
 * @module
 */
export { CallerCertificates } from "./caller_certificates.ts";
export { ChangeFeeds } from "./change_feeds.ts";
export { FileServer, type FileServerOptions } from "./file_server.ts";
export { type Figure, HealthPages } from "./health_pages.ts";
export { type AddressHandler, HttpServer, type HttpServerOptions } from "./server/http_server.ts";
export { ServedFiles } from "./served_files.ts";
export { ServedManifests } from "./served_manifests.ts";
export { ServerKey } from "./server_key.ts";
