/** The machine's own nginx, with one worker, that serves a folder for as long as the bench. */
import { answersOn } from "./processes.ts";
import { isInstalled } from "./ssh_server.ts";
import { freePort } from "../support/free_port.ts";

/** An nginx of our own on a high port of 127.0.0.1. */
export class NginxServer implements AsyncDisposable {
  /** Where it is. */
  readonly address: string;
  /** The process that serves. */
  readonly pid: number;
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess, { port, pid }: { port: number; pid: number }) {
    this.#process = process;
    this.address = `127.0.0.1:${port}`;
    this.pid = pid;
  }

  /**
   * Starts it; below `/files/` it serves a folder.
   *
   * @param folder Where it has what it writes itself.
   * @returns A text that says why there is none, where there is none.
   */
  static async start(folder: string, served: string): Promise<NginxServer | string> {
    if (!await isInstalled("nginx")) return "nginx is not installed";
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const port = freePort();
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const settings = [
      "daemon off; worker_processes 1;",
      // The folders of the bench are its own user's alone.
      ...(Deno.uid() === 0 ? ["user root;"] : []),
      `pid ${folder}/pid; error_log ${folder}/error.log;`,
      "events { worker_connections 2048; }",
      "http {",
      "access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;",
      ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
      `server { listen 127.0.0.1:${port}; location /files/ { alias ${served}/; } }`,
      "}",
    ];
    await Deno.writeTextFile(`${folder}/config`, `${settings.join("\n")}\n`);
    const process = new Deno.Command("nginx", {
      args: ["-e", `${folder}/error.log`, "-c", `${folder}/config`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    if (await answersOn(port)) {
      const workers = await Deno.readTextFile(`/proc/${process.pid}/task/${process.pid}/children`);
      return new NginxServer(process, { port, pid: Number(workers.trim().split(" ")[0]) });
    }
    await end(process);
    return "nginx does not start here";
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process);
  }
}

async function end(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGTERM");
  } catch {
    // It has ended by itself.
  }
  await process.status;
}
