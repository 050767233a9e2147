/** A loadout on the disk, and the `config` commands over it. */
import { KEEPER_PROGRAM } from "../../../../keeper/program.ts";
import { type ProgramRun, runInProcess } from "../../../support/program.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

/** A loadout with two apps. */
export const LOADOUT = `version: 1
apps:
  demo:
    agents: [node:9000]
    hooks: { reload: { run: [nginx, -s, reload] } }
    groups:
      all: { state_directives: [{ source: motd }] }
    components:
      web:
        state_directives:
          - { source: key.pem, target: /etc/tls/, mode: 0640, uid: 5, hook: reload, lease: 1h,
              readers: [Web, db] }
      db:
  other:
    components: { one: { state_directives: [{ source: a }] } }
`;

/** A folder with a loadout, its vault folders, and a folder of state. */
export interface ConfigSite extends AsyncDisposable {
  /** Writes a file below the folder. */
  write(name: string, text: string): Promise<void>;
  /** Runs a command with the folder of state; in what it wrote the folder is called SITE. */
  run(...args: readonly string[]): Promise<ProgramRun>;
}

/** Lays the loadout and all that it declares. */
export async function configSite(): Promise<ConfigSite> {
  const folder = await temporaryFolder();
  const write = async (name: string, text: string): Promise<void> => {
    const path = `${folder.path}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  };
  for (const name of ["demo/motd", "demo/key.pem", "other/a"]) await write(name, name);
  await write("loadout.yaml", LOADOUT);
  return {
    write,
    async run(...args): Promise<ProgramRun> {
      const run = await runInProcess(KEEPER_PROGRAM, [
        ...["config", ...args.map((arg) => arg.replaceAll("SITE", folder.path))],
        ...["--state-dir", `${folder.path}/state`],
      ]);
      const clean = (text: string) => text.replaceAll(folder.path, "SITE");
      return { code: run.code, stdout: clean(run.stdout), stderr: clean(run.stderr) };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
