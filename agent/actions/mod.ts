/**
 * What keepers may call at every agent of the program.
 *
 * @module
 */
export { AgentReport, type AgentReportParts } from "./agent_report.ts";
