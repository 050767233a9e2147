/**
 * How passes went, as values.
 *
 * @module
 */
export {
  type AgentOutcome,
  type AgentReport,
  isAgentWanted,
  isFileWanted,
  isPassWanted,
  type PassProblem,
  type PassReport,
} from "./report.ts";
