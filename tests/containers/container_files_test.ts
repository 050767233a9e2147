/**
 * Rule: the files for containers say the same as the rest of the project: the flags are those of the
 * tasks, and both files make the same images but for what these carry.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals } from "../support/assert.ts";

/** The instructions of one target, in their order. */
type Target = readonly (readonly [instruction: string, rest: string])[];

async function readFile(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../../dist/container/${name}`, import.meta.url));
}

/** Reads a container file: its targets by their names. */
async function readTargets(name: string): Promise<ReadonlyMap<string, Target>> {
  const text = (await readFile(name)).replaceAll(/^#.*\n/gm, "").replaceAll("\\\n", "");
  const targets = new Map<string, [string, string][]>();
  let current: [string, string][] = [];
  for (const line of text.split("\n")) {
    const [, instruction = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (instruction === "FROM") targets.set(rest.split(" AS ")[1] ?? "", current = []);
    else if (instruction !== "") current.push([instruction, rest.replaceAll(/ +/g, " ").trim()]);
  }
  return targets;
}

function find(target: Target | undefined, instruction: string): string[] {
  assert(target !== undefined);
  return target.filter(([name]) => name === instruction).map(([, rest]) => rest);
}

/** Returns the words of a task between `deno` and the script, as a container file has them. */
function denoCommand(task: keyof typeof config.tasks, bundle: string, ...args: string[]) {
  const words = config.tasks[task].split(" ").slice(1, -1);
  return ["/bin/deno", ...words, `/lib/fluxvault-${bundle}/main.js`, ...args];
}

function healthCommand(target: Target | undefined): string[] {
  const [health = ""] = find(target, "HEALTHCHECK");
  return JSON.parse(health.slice(health.indexOf("CMD ") + 4));
}

const TARGETS = [
  ["agent", "agent", "agent"],
  ["agent-run", "agent", "agent:run"],
  ["keeper", "keeper", "keeper"],
] as const;

for (const [name, bundle, task] of TARGETS) {
  Deno.test(`deno.Containerfile starts ${name} with the flags of its task`, async () => {
    const target = (await readTargets("deno.Containerfile")).get(name);
    const [entrypoint = ""] = find(target, "ENTRYPOINT");
    assertEquals(JSON.parse(entrypoint), denoCommand(task, bundle));
    if (name === "keeper") return;
    // Whoever asks for the health needs no more than the poorer of both agents may.
    assertEquals(healthCommand(target), denoCommand("agent", "agent", "health"));
  });

  Deno.test(`compiled.Containerfile makes of ${name} the same but for what it carries`, async () => {
    const compiled = (await readTargets("compiled.Containerfile")).get(name);
    const deno = (await readTargets("deno.Containerfile")).get(name);
    for (const instruction of ["VOLUME", "EXPOSE", "USER"]) {
      assertEquals(find(compiled, instruction), find(deno, instruction));
    }
    const variables = (target: Target | undefined) => {
      return find(target, "ENV").join(" ").split(" ").filter((pair) => !pair.startsWith("DENO_"));
    };
    assertEquals(variables(compiled), variables(deno));
    const pauses = (target: Target | undefined) => {
      return find(target, "HEALTHCHECK").map((text) => text.split("CMD")[0]);
    };
    assertEquals(pauses(compiled), pauses(deno));
    assertEquals(find(compiled, "ENTRYPOINT"), [`["/bin/fluxvault-${name}"]`]);
    if (name !== "keeper") {
      assertEquals(healthCommand(compiled), [`/bin/fluxvault-${name}`, "health"]);
    }
  });
}

Deno.test("both container files take the same root", async () => {
  const [compiled, deno] = await Promise.all(
    ["compiled.Containerfile", "deno.Containerfile"].map(readTargets),
  );
  assertEquals(compiled?.get("root"), deno?.get("root"));
  assertEquals(find(compiled?.get("base"), "USER"), ["65534:65534"]);
  assertEquals(find(deno?.get("base"), "USER"), ["65534:65534"]);
});
