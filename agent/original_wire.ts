/**
 * What an agent uses of the original's wire, which most never speak: loaded with the first use, and
 * nothing else of it is in the agent's bundle.
 *
 * @module
 */
export {
  acceptOriginal,
  generateSharedRsaKeyPair,
  limits,
  receiveOriginalAsAgent,
  requestLineBytes,
} from "../protocol/original/mod.ts";
