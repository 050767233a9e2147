/**
 * A runtime that the library is tried in, as the tests see it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { AgentTask, SessionOutcome } from "../guest/session_tasks.ts";
import type { Tasks } from "../guest/tasks.ts";

/** An agent in a runtime. */
export interface ServedAgent extends AsyncDisposable {
  /** The port of 127.0.0.1 where it takes one keeper. */
  readonly port: number;
  /** How its session ended. */
  outcome(): Promise<SessionOutcome>;
}

/** A runtime that runs; `await using` ends it. */
export interface Runtime extends AsyncDisposable {
  /** Has the library do a task. */
  perform<Kind extends keyof Tasks>(kind: Kind, input: Tasks[Kind][0]): Promise<Tasks[Kind][1]>;
  /** Where the runtime asks for what an API on this machine answers. */
  reach(apiUrl: string): string;
  /** Has the library be an agent, behind whatever the runtime listens with. */
  listen(task: AgentTask): Promise<ServedAgent>;
}

/** What a guest says: the value, or what went wrong. */
export type Said = { readonly value: unknown } | { readonly error: string };

/** The value that a guest says; throws its error. */
// deno-lint-ignore no-explicit-any
export function valueOf(said: Said): any {
  if ("error" in said) throw new Error(`the guest failed: ${said.error}`);
  return said.value;
}

const bundles = new Map<string, Promise<string>>();

/** Bundles a guest into one file of JavaScript, types stripped and no more; returns its text. */
export function bundleGuest(name: string, platform: "browser" | "deno"): Promise<string> {
  const bundle = bundles.get(name) ?? runBundler(name, platform);
  bundles.set(name, bundle);
  return bundle;
}

async function runBundler(name: string, platform: string): Promise<string> {
  const guest = fileURLToPath(new URL(`../guest/${name}.ts`, import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", platform, guest],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`deno bundle failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
