/** A process that adds events to an audit log one by one: FILE NAME COUNT. */
import { AuditFile } from "../../../../keeper/audit/log/audit_file.ts";

const [path = "", name = "", count = "0"] = Deno.args;
const log = new AuditFile(path);
for (let number = 0; number < Number(count); number++) {
  await log.append([{ event: "test", name, number }]);
}
