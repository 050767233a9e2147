/**
 * The services of an agent: programs that it runs for as long as a keeper declares them.
 *
 * @module
 */
export { AgentServices, type AgentServicesOptions } from "./agent_services.ts";
export { endLeftServices } from "./left_services.ts";
export { serviceActions } from "./service_actions.ts";
export { ProcessLauncher } from "./service_launcher.ts";
export type { ServiceEvent } from "./service_status.ts";
export { openServiceJournal, SERVICES_FILE_NAME } from "./services_file.ts";
