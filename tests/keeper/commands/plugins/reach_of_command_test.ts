import { openReach } from "../../../../keeper/commands/plugins/reach_of_command.ts";
import { openAudit } from "../../../../keeper/audit/run_audit.ts";
import { CallError } from "../../../../protocol/mod.ts";
import { assertEquals, assertRejects } from "../../../support/assert.ts";
import { runContext, type TestRunContext } from "../../../support/run_context.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

async function withReach(
  args: readonly string[],
  work: (reach: ReturnType<typeof openReach>, context: TestRunContext) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  const context = await runContext([...args, "--state-dir", folder.path]);
  const { logger } = context;
  const audit = await openAudit({ stateFolder: folder.path, auditLog: undefined }, { logger });
  await work(openReach(context, audit), context);
}

Deno.test("openReach looks for agents when it is asked, and finds those on record", () =>
  withReach(["--agent-ips", "127.0.0.1:1"], async (reach, { logger }) => {
    assertEquals(await reach.agents(), []);
    assertEquals(logger.messages("warn"), []);
  }));

Deno.test("openReach tells the operator once why there are no agents, and a plugin a word", () =>
  withReach([], async (reach, { logger }) => {
    for (let i = 0; i < 2; i++) {
      await assertRejects(() => reach.agents(), CallError, "config-invalid");
    }
    assertEquals(logger.messages("warn"), ["A plugin asks for agents, which cannot be had."]);
    assertEquals(typeof logger.events[0]?.properties.hint, "string");
  }));

Deno.test("openReach makes no authority for a plugin", () =>
  withReach(["--key-store", "file"], async (reach) => {
    const order = { app: "shop", component: null, names: [], lifetimeMs: null };
    const sign = () => reach.signRequest({ ...order, request: new Uint8Array([1]) });
    await assertRejects(sign, CallError, "authority-missing");
  }));
