/**
 * What an agent uses of the wire of protocol 2: loaded with the first connection, and no part of what an
 * agent loads to start.
 *
 * @module
 */
export { openAsAgent, receiveAsAgent } from "../protocol/mod.ts";
