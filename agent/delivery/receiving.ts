/**
 * How an agent receives on protocol 2: loaded with the first session, and no part of what an agent loads
 * to start.
 *
 * @module
 */
export { receiveAsAgent } from "../../protocol/mod.ts";
