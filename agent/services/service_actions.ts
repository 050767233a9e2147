/**
 * What a keeper may call about the services that it declared: how they stand, what they wrote, and to
 * have them stop and start.
 *
 * @module
 */
import { type Action, type CallContext, CallError, delay as waitFor } from "../../protocol/mod.ts";
import { MAX_SERVICE_FOLLOWERS, SERVICE_WAIT_MS } from "../limits.ts";
import type { AgentServices } from "./agent_services.ts";
import type { ServiceTask } from "./service_task.ts";

/** What makes the actions. */
export interface ServiceActionsParts {
  /** Returns what runs services, or `null` where there never was one. */
  readonly services: () => Promise<AgentServices | null>;
  /** Waits; rejects with the reason of the signal. The real clock by default. */
  readonly delay?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** Which service is meant. */
interface NamedService {
  readonly name: string;
  /** Whether what comes is waited for. */
  readonly isFollowing: boolean;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const NAME_SCHEMA = {
  type: "object",
  properties: { Name: { type: "string" } },
  required: ["Name"],
} as const;

/** Makes the actions about services. */
export function serviceActions(parts: ServiceActionsParts): readonly Action[] {
  let followers = 0;
  return [
    {
      name: "service-list",
      description: {
        describe: "Tells how each service stands that this keeper declared.",
        output: "a list of objects with Name, State, Code, Pid, Since, Starts, Health, " +
          "MemoryBytes and LastEnd",
      },
      run: async (context) => {
        const services = await parts.services();
        const listed = services?.list(callerOf(context)) ?? [];
        return listed.map(({ name, task }) => describeService(name, task));
      },
    },
    {
      name: "service-logs",
      description: {
        describe:
          "Sends the last that a service wrote, and with Follow what it writes from now on.",
        input: {
          type: "object",
          properties: { Name: { type: "string" }, Follow: { type: "boolean" } },
          required: ["Name"],
        },
        output: "an object with Bytes and Lost, and a stream",
      },
      parseInput: parseNamed,
      run: async (context, input) => {
        const named = input as NamedService;
        const task = await findService(parts, { context, named });
        if (named.isFollowing && followers >= MAX_SERVICE_FOLLOWERS) {
          throw new CallError("busy", "too many follow the output of services");
        }
        followers++;
        try {
          return await sendLog(context, task, named);
        } finally {
          followers--;
        }
      },
    },
    ...(["restart", "stop", "start"] as const).map((verb): Action => ({
      name: `service-${verb}`,
      description: {
        describe: DOES[verb],
        input: NAME_SCHEMA,
        output: "an object like those of service-list",
      },
      parseInput: parseNamed,
      run: async (context, input) => {
        const named = input as NamedService;
        const task = await findService(parts, { context, named });
        if (verb === "restart") task.restart();
        else if (verb === "start") task.start();
        else task.hold();
        const { delay = waitFor } = parts;
        const over = new AbortController();
        const late = delay(SERVICE_WAIT_MS, AbortSignal.any([context.signal, over.signal]));
        await Promise.race([task.settled, late.catch(() => {})]);
        over.abort();
        return describeService(named.name, task);
      },
    })),
  ];
}

const DOES = {
  restart: "Stops a service and starts it again.",
  stop: "Stops a service, until it is started or its definition changes.",
  start: "Starts a service that does not run.",
} as const;

/** Who calls: each keeper has to do with the services alone that its own key signed for. */
function callerOf({ origin }: CallContext): string | null {
  return origin.keeper?.address ?? null;
}

function parseNamed(input: unknown): NamedService {
  const { Name, Follow = false } = Object(input) as Record<string, unknown>;
  if (typeof Name !== "string" || !NAME.test(Name) || typeof Follow !== "boolean") {
    throw new TypeError("a service has to be named");
  }
  return { name: Name, isFollowing: Follow };
}

async function findService(
  { services }: ServiceActionsParts,
  { context, named }: { readonly context: CallContext; readonly named: NamedService },
): Promise<ServiceTask> {
  const task = (await services())?.find(named.name, callerOf(context)) ?? null;
  if (task === null) throw new CallError("service-unknown", "there is no such service");
  return task;
}

async function sendLog(
  context: CallContext,
  { log }: ServiceTask,
  { isFollowing }: NamedService,
): Promise<Readonly<Record<string, number>>> {
  const output = await context.openOutput();
  let at = Math.max(0, log.end - log.read().bytes.length);
  let bytes = 0;
  let lost = 0;
  do {
    const piece = log.read(at);
    lost += piece.start - at;
    bytes += piece.bytes.length;
    at = piece.start + piece.bytes.length;
    await output.write(piece.bytes);
    if (isFollowing) await log.next(at, context.signal);
    context.signal.throwIfAborted();
  } while (isFollowing && !(log.isClosed && log.end === at));
  await output.end();
  return { Bytes: bytes, Lost: lost };
}

/** Tells how a service stands. */
export function describeService(name: string, task: ServiceTask): Record<string, unknown> {
  const { state, code, pid, sinceMs, starts, health, memoryBytes, lastEnd } = task.status;
  return {
    Name: name,
    State: state,
    Code: code,
    Pid: pid,
    Since: new Date(sinceMs).toISOString(),
    Starts: starts,
    Health: health,
    MemoryBytes: memoryBytes,
    LastEnd: lastEnd === null ? null : {
      Code: lastEnd.code,
      Exit: lastEnd.exitStatus,
      Signal: lastEnd.signal,
      Time: new Date(lastEnd.atMs).toISOString(),
    },
  };
}
