import { closeSync, openSync } from "node:fs";
import { type ChildStart, startChild } from "../../../agent/application/child_process.ts";
import { OwnChildren } from "../../../agent/application/own_children.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

/** These start real processes of a Unix. */
const UNIX = { ignore: Deno.build.os === "windows" };

function shell(script: string, more: Partial<ChildStart> = {}): ChildStart {
  return {
    command: ["/bin/sh", "-c", script],
    env: { PATH: "/usr/bin:/bin" },
    descriptors: new Map(),
    isLeader: true,
    ...more,
  };
}

Deno.test(
  "startChild tells the status or the signal with which a process ended",
  UNIX,
  async () => {
    const children = new OwnChildren();
    const exited = await startChild(shell("exit 7"), children);
    assertEquals(await exited.ended, { status: 7, signal: null });
    const killed = await startChild(shell("kill -USR1 $$"), children);
    assertEquals(await killed.ended, { status: null, signal: "SIGUSR1" });
    // Neither takes a signal any more.
    exited.signal("SIGTERM");
    killed.endGroup();
  },
);

Deno.test("startChild says what keeps a program from being started", UNIX, async () => {
  const command = ["/nowhere/program"];
  const error = await assertRejects(
    () => startChild(shell("", { command }), new OwnChildren()),
    Error,
  );
  assertEquals((error as { code?: string }).code, "ENOENT");
});

Deno.test(
  "startChild gives a process its variables and descriptors, and no others",
  UNIX,
  async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/in`, "from a file");
    const input = openSync(`${folder.path}/in`, "r");
    const script = `[ "$(cat <&5)|$A" = "from a file|b c" ] && [ "$(env | wc -l)" -le 4 ]`;
    const env = { PATH: "/usr/bin:/bin", A: "b c" };
    const descriptors = new Map([[5, input]]);
    const child = await startChild(shell(script, { env, descriptors }), new OwnChildren());
    closeSync(input);
    assertEquals(await child.ended, { status: 0, signal: null });
  },
);

Deno.test("startChild passes signals to a process, and ends its group", UNIX, async () => {
  await using folder = await temporaryFolder();
  const [alive, up] = [`${folder.path}/alive`, `${folder.path}/up`];
  assertEquals((await new Deno.Command("mkfifo", { args: [alive, up] }).output()).code, 0);
  const allGone = Deno.readTextFile(alive);
  const script = `exec 3>${alive}; trap 'exit 5' HUP; (trap '' HUP; sleep 600) &
    echo up >${up}; while :; do sleep 0.05; done`;
  const child = await startChild(shell(script), new OwnChildren());
  assertEquals(await Deno.readTextFile(up), "up\n");
  child.signal("SIGHUP");
  assertEquals(await child.ended, { status: 5, signal: null });
  child.endGroup();
  await allGone;
});

Deno.test("startChild tracks a child until its end is known", UNIX, async () => {
  const children = new OwnChildren();
  const tracked: number[] = [];
  const { track } = children;
  children.track = (pid, ended) => {
    tracked.push(pid);
    track.call(children, pid, ended);
  };
  const child = await startChild(shell("exit 0"), children);
  const [pid = 0] = tracked;
  assert(children.has(pid));
  await child.ended;
  await Promise.resolve();
  assert(!children.has(pid));
});
