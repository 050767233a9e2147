/**
 * The one gate: runs every check and every suite, and says at the end which failed.
 *
 * `deno task ok` runs all; `--static` leaves the suites out; names run only those steps, for example
 * `deno task ok fmt lint`. A suite that cannot run on this machine says why and exits with status 77;
 * that is a skip, and under `CI=true` a failure.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { PROJECT_ROOT, readProjectConfig } from "./derived_config.ts";

/** The exit status by which a suite says that this machine lacks something it needs. */
const SKIP_STATUS = 77;

interface Step {
  readonly name: string;
  readonly args: readonly string[];
  readonly isSuite: boolean;
}

/** Lists the steps in the order in which they run: the quickest to fail first. */
function listSteps(taskNames: readonly string[]): Step[] {
  const suite = (name: string, ...args: string[]): Step => ({ name, args, isSuite: true });
  const check = (name: string, ...args: string[]): Step => ({ name, args, isSuite: false });
  return [
    check("fmt", "--check", "--quiet"),
    check("lint", "--quiet"),
    check("check", "--quiet"),
    check("doc", "--quiet"),
    check("publish:check", "--quiet"),
    suite("structure"),
    suite("test", "--ignore=tests/structure"),
    ...taskNames.filter((name) => name.startsWith("test:")).map((name) => suite(name)),
  ];
}

/** Picks the steps that the command line asks for. */
function chooseSteps(steps: readonly Step[], args: readonly string[]): readonly Step[] {
  if (args.length === 0) return steps;
  if (args.join() === "--static") return steps.filter((step) => !step.isSuite);
  const unknown = args.filter((arg) => !steps.some((step) => step.name === arg));
  if (unknown.length > 0) {
    console.error(`error: no such step: ${unknown.join(", ")}`);
    console.error(`hint: --static, or any of ${steps.map((step) => step.name).join(", ")}`);
    Deno.exit(2);
  }
  return steps.filter((step) => args.includes(step.name));
}

async function runStep(step: Step): Promise<number> {
  const status = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", step.name, ...step.args],
    cwd: PROJECT_ROOT,
    stdin: "null",
  }).spawn().status;
  return status.code;
}

const isCi = Deno.env.get("CI") === "true";
const steps = chooseSteps(listSteps(Object.keys((await readProjectConfig()).tasks)), Deno.args);
const summary: string[] = [];
let failed = 0;
for (const step of steps) {
  console.log(`\n== ${step.name}`);
  const startMs = performance.now();
  const code = await runStep(step);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const isSkip = code === SKIP_STATUS && !isCi;
  if (code !== 0 && !isSkip) failed++;
  const verdict = code === 0 ? "ok" : isSkip ? "skipped" : `FAILED (${code})`;
  summary.push(`${step.name.padEnd(16)} ${seconds.padStart(6)} s  ${verdict}`);
}
console.log(`\n${summary.join("\n")}`);
console.log(failed === 0 ? "\nok" : `\n${failed} of ${steps.length} steps failed`);
Deno.exit(failed === 0 ? 0 : 1);
