/** A server for scp and rsync: the machine's own sshd with keys that live as long as the bench. */
import { answersOn } from "./processes.ts";
import { freePort } from "../support/free_port.ts";

const SSHD = "/usr/sbin/sshd";

/** Tells whether a program can be run here. */
export async function isInstalled(program: string): Promise<boolean> {
  const found = await new Deno.Command("sh", {
    args: ["-c", 'command -v "$0"', program],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return found.success;
}

/** Runs a program to its end; throws where it fails. */
export async function runTool(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}

/** An sshd of our own on a high port of 127.0.0.1. */
export class SshServer implements AsyncDisposable {
  /** The options by which scp reaches it. */
  readonly scpArguments: readonly string[];
  /** The command by which rsync reaches it. */
  readonly rsyncShell: string;
  /** The port that it listens on. */
  readonly port: number;
  /** The process that waits for connections. */
  readonly pid: number;
  /** The host as it stands before a path. */
  readonly host: string;
  readonly #process: Deno.ChildProcess;
  readonly #options: readonly string[];

  private constructor(process: Deno.ChildProcess, options: { folder: string; port: number }) {
    const { folder, port } = options;
    const common = [
      ...["-i", `${folder}/client`, "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"],
      ...["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-F", "/dev/null"],
    ];
    this.#process = process;
    this.#options = common;
    this.pid = process.pid;
    this.port = port;
    this.scpArguments = ["-q", "-P", `${port}`, ...common];
    this.rsyncShell = this.rsyncShellBy(port);
    this.host = `${Deno.env.get("USER") ?? "root"}@127.0.0.1`;
  }

  /**
   * Starts it; the caller has put nothing else into the folder.
   *
   * @returns A text that says why there is none, where there is none.
   */
  static async start(folder: string): Promise<SshServer | string> {
    for (const program of [SSHD, "ssh-keygen", "scp"]) {
      if (!await isInstalled(program)) return `${program} is not installed`;
    }
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    // As root it wants this folder, which a service manager would have made.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
    for (const name of ["server", "client"]) {
      await runTool("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`]);
    }
    const port = freePort();
    const settings = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder}/server`,
      `AuthorizedKeysFile ${folder}/client.pub`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "Subsystem sftp internal-sftp",
    ];
    await Deno.writeTextFile(`${folder}/config`, `${settings.join("\n")}\n`);
    const process = new Deno.Command(SSHD, {
      args: ["-D", "-f", `${folder}/config`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new SshServer(process, { folder, port });
    if (await answersOn(port)) return server;
    await server[Symbol.asyncDispose]();
    return "sshd does not start here";
  }

  /** Returns the command by which rsync reaches it by way of another port, on which a relay listens. */
  rsyncShellBy(port: number): string {
    return ["ssh", "-p", `${port}`, ...this.#options].join(" ");
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.#process.status;
  }
}
