/**
 * Commands that change whom the keeper trusts, put on record.
 *
 * @module
 */
import type { CommandContext } from "../../protocol/host/mod.ts";
import { openStateFolder } from "../commands/opened_state_folder.ts";
import type { DECIDE_OPTIONS } from "../options.ts";
import { KnownAgentsFile } from "../trust/known_agents_file.ts";
import { AuditFile } from "./log/audit_file.ts";
import { describeTrustChanges } from "./audited_known_agents.ts";
import { findAuditLog } from "./run_audit.ts";

/**
 * Makes of a command one that is on record: that it is called before it runs, so that it does not run
 * where that cannot be written, and whom the keeper trusts otherwise since.
 *
 * @param words The words that call it.
 */
export function recordCommand<Context extends CommandContext<typeof DECIDE_OPTIONS>>(
  words: string,
  run: (context: Context) => Promise<number>,
): (context: Context) => Promise<number> {
  return async (context) => {
    const stateFolder = openStateFolder(context);
    const { auditLog } = context.settings;
    const known = new KnownAgentsFile(stateFolder);
    const log = new AuditFile(findAuditLog({ stateFolder, auditLog }));
    const before = await known.load();
    await log.append([{ event: "command", command: words }]);
    const code = await run(context);
    const changes = describeTrustChanges(before, await known.load(), "operator");
    if (changes.length > 0) await log.append(changes);
    return code;
  };
}
