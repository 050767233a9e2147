/**
 * What process number 1 owes to the others: orphans are reaped, and no end of a child of the agent's own
 * is taken away from it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "../support/assert.ts";
import { FollowedProcess } from "../support/followed_process.ts";
import { Site } from "../support/site.ts";

const HOST = fileURLToPath(new URL("../support/orphan_host.ts", import.meta.url));
/** A new namespace of processes, in which what is started is number 1. */
const NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];

/** Says what is missing for a namespace of processes, or `null`. */
function missingForNamespace(): string | null {
  if (Deno.build.os !== "linux") return "needs Linux";
  try {
    const [program = "", ...args] = [...NAMESPACE, "true"];
    const { success } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
    return success ? null : "needs root, to make a namespace of processes";
  } catch {
    return "needs unshare";
  }
}

Deno.test("orphans: are reaped by whoever adopts them, and every child keeps its exit status", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const count = 60;
  const command = [Deno.execPath(), "run", "--quiet", "-A", HOST, `${count}`];
  await using host = new FollowedProcess({ command });
  const { code, stdout, stderr } = await host.end;
  assertEquals(code, 0, stderr);
  const statuses = Array.from({ length: count }, (_, i) => i);
  const { reaped, ...told } = JSON.parse(stdout);
  assertEquals(told, {
    before: false,
    after: true,
    statuses,
    applications: statuses,
    orphans: 2 * count,
  });
  // Some were reaped by the shell that they come from, before it ended itself.
  assert(reaped >= count / 2, `${reaped} were reaped`);
});

const missing = missingForNamespace();

Deno.test(
  `orphans: are reaped by an agent that is process number 1${
    missing === null ? "" : ` (${missing})`
  }`,
  {
    ignore: missing !== null,
  },
  async () => {
    await using site = await Site.open({ "db.password": "s3cret" });
    // Orphans come and go while the application looks for zombies; its own status is its own.
    const script = `
    [ "$PPID" = 1 ] || exit 90
    for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'sleep 0.01; exit 3' &) ; (sleep 0.02 &); done
    tries=0
    while [ "$tries" -lt 1500 ]; do
      alive=0
      for stat in /proc/[0-9]*/stat; do
        read -r pid name state parent rest <"$stat" || continue
        [ "$parent" = 1 ] && [ "$pid" != "$$" ] && alive=1
      done 2>/dev/null
      [ "$alive" = 0 ] && exit 23
      sleep 0.02; tries=$((tries + 1))
    done
    exit 91
  `;
    const agent = await site.startAgent({
      process: { application: ["/bin/sh", "-c", script], starter: NAMESPACE },
    });
    assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
    const { code, stderr } = await agent.program.end;
    assertEquals(code, 23, stderr);
  },
);

Deno.test(
  `orphans: a signal to process number 1 reaches its application${
    missing === null ? "" : ` (${missing})`
  }`,
  {
    ignore: missing !== null,
  },
  async () => {
    await using site = await Site.open({ "db.password": "s3cret" });
    const script = "trap 'exit 12' TERM; echo ready; while :; do sleep 0.05; done";
    const agent = await site.startAgent({
      process: { application: ["/bin/sh", "-c", script], starter: NAMESPACE },
    });
    assertEquals((await site.deliver({ agents: [agent.address] })).code, 0);
    const { program } = agent;
    await program.waitFor(() => program.stdout.includes("ready") || undefined);
    const children = await Deno.readTextFile(`/proc/${program.pid}/task/${program.pid}/children`);
    const [first] = children.trim().split(" ").map(Number);
    assert(first !== undefined);
    Deno.kill(first, "SIGTERM");
    assertEquals((await program.end).code, 12);
  },
);
