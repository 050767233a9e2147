/**
 * What a Flux node tells the containers that it runs; light, since an agent asks for it on every node.
 *
 * @module
 */
export { fetchHostInfo, type FetchHostInfoOptions, type HostInfo } from "./host_info.ts";
