/** Ports that a test takes, gives back and takes again, and that nobody else is given meanwhile. */
import { tmpdir } from "node:os";

/**
 * Where the ports begin that a system gives to whoever dials, or listens at any port. A port from there
 * that is free for a moment may be another test's in the next.
 */
function readFirstGivenPort(): number {
  try {
    const range = Deno.readTextFileSync("/proc/sys/net/ipv4/ip_local_port_range");
    return Number.parseInt(range);
  } catch {
    return 49_152;
  }
}

const END = Math.min(readFirstGivenPort(), 32_768);
const BEGIN = Math.max(END - 16_384, 10_000);
/** What all test processes of this user count in, one after the other. */
const TURNS_FILE = `${tmpdir()}/fluxvault-test-ports-${Deno.uid() ?? "user"}`;

/** Returns a port whose turn it is: all others come before it does again. */
function takeTurn(): number {
  using file = Deno.openSync(TURNS_FILE, { read: true, write: true, create: true, mode: 0o600 });
  file.lockSync(true);
  const buffer = new Uint8Array(16);
  const length = file.readSync(buffer) ?? 0;
  const last = Number.parseInt(new TextDecoder().decode(buffer.subarray(0, length)));
  const next = last >= BEGIN && last < END - 1 ? last + 1 : BEGIN;
  file.seekSync(0, Deno.SeekMode.Start);
  file.truncateSync(0);
  file.writeSync(new TextEncoder().encode(`${next}\n`));
  return next;
}

function isFree(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** Takes a port that is free at an address now, and that no other test takes. */
export function freePort(hostname = "127.0.0.1"): number {
  // Where a system gives all ports to anybody there are none to choose from.
  if (END - BEGIN < 1_024) {
    using listener = Deno.listen({ hostname, port: 0 });
    return listener.addr.port;
  }
  for (let tried = BEGIN; tried < END; tried++) {
    const port = takeTurn();
    if (isFree(hostname, port)) return port;
  }
  throw new Error("no port is free");
}

/**
 * Returns the port at which a program is to listen: the one that is given, or one that is still its own
 * when it is started again.
 */
export function portAt(hostname: string, port: number): number {
  // An address of another network is none of this machine's.
  return port === 0 && hostname.startsWith("127.") ? freePort(hostname) : port;
}
