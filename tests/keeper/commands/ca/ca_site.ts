/** A folder of state in which the commands of `ca` run. */
import { AUTHORITY_COMMANDS } from "../../../../keeper/authority_commands.ts";
import type { AuthorityParts } from "../../../../keeper/commands/ca/authority_desk.ts";
import { openKeyRing } from "../../../../keeper/keys/system_key_ring.ts";
import type { Command, CommandContext, Program } from "../../../../protocol/host/mod.ts";
import { encodePem } from "../../../../protocol/certificates/mod.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryInput } from "../../../support/memory_input.ts";
import { type ProgramRun, runInProcess } from "../../../support/program.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";
import { makeRequest } from "../../authority/authority_site.ts";
import { playSecretTool, QUICK } from "../../keys/key_fixtures.ts";

/** The passphrase of the tests. */
export const PASSPHRASE = "correct horse battery";

/** Where a test runs commands. */
export interface CaSite {
  /** The folder of state is `state` in it. */
  readonly folder: string;
  readonly clock: FakeClock;
  /** What the secret service holds; it is used with `--key-store system`. */
  readonly secrets: Map<string, string>;
  /** Runs a command with lines on standard input. */
  run(args: readonly string[], lines?: readonly string[]): Promise<ProgramRun>;
  /** Writes a request, in PEM, and returns its path. */
  request(): Promise<string>;
  /** Issues a certificate and returns its serial number. */
  issue(...args: readonly string[]): Promise<string>;
}

type Run = (context: CommandContext, parts: AuthorityParts) => Promise<number>;

/** Runs a test; the passphrase comes as a credential. */
export async function withAuthority(work: (site: CaSite) => Promise<void>): Promise<void> {
  await using temporary = await temporaryFolder();
  const folder = temporary.path;
  const clock = new FakeClock();
  const secrets = new Map<string, string>();
  await Deno.mkdir(`${folder}/credentials`);
  await Deno.writeTextFile(`${folder}/credentials/fluxvault-passphrase`, PASSPHRASE);
  const stateFolder = `${folder}/state`;
  const wire = (command: Command): Command => ({
    ...command,
    async load() {
      const { run } = await command.load();
      return {
        run: (context) => {
          const ring = openKeyRing({ ...context, stateFolder }, {
            run: playSecretTool(secrets),
            cost: QUICK,
            now: clock.now,
          });
          return (run as Run)(context, { ring, now: clock.now });
        },
      };
    },
  });
  const program: Program = {
    name: "fluxvault-keeper",
    leadingWord: "keeper",
    version: "0",
    summary: "Certifies.",
    commands: AUTHORITY_COMMANDS.map(wire),
  };
  const variables = { CREDENTIALS_DIRECTORY: `${folder}/credentials` };
  const run = (args: readonly string[], lines: readonly string[] = []) => {
    const chosen = args.includes("--key-store") ? [] : keyStoreFor(args);
    const all = ["ca", ...args, ...chosen, "--state-dir", stateFolder];
    return runInProcess(program, all, { variables, stdin: new MemoryInput(lines) });
  };
  const request = async () => {
    const path = `${folder}/request.pem`;
    await Deno.writeTextFile(path, encodePem("CERTIFICATE REQUEST", (await makeRequest()).request));
    return path;
  };
  await work({
    folder,
    clock,
    secrets,
    run,
    request,
    async issue(...args) {
      const path = await request();
      const { stdout, stderr } = await run(["issue", "--request", path, "--json", ...args]);
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout).serial;
    },
  });
}

function keyStoreFor([command]: readonly string[]): readonly string[] {
  return command === "show" || command === "list" ? [] : ["--key-store", "file"];
}
