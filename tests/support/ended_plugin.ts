/**
 * A program that runs a plugin until it ends, says how, and then has nothing to do any more: it ends when the
 * thread of the plugin is gone.
 *
 * Arguments: the body of the plugin's action, and the limit of a run in milliseconds.
 */
import { actingCode, startWalled } from "./walled_plugins.ts";

const [body = "", runTimeoutMs] = Deno.args;
const plugin = await startWalled(actingCode(body), {
  runTimeoutMs: Number(runTimeoutMs),
  changes: { limits: { memoryMb: 16, callTimeoutS: 20 } },
});
const called = await plugin.call("act", 1).then(JSON.stringify, (error) => error.code);
const end = await plugin.ended;
await plugin.gone;
// deno-lint-ignore no-console
console.log(`${called} ${end}`);
