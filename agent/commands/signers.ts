/**
 * Whose signatures an agent takes: loaded only where keepers sign, with nothing else of the network.
 *
 * @module
 */
export { isZelId } from "../../flux/mod.ts";
