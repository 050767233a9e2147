/**
 * Who owns an app, by several answers that agree.
 *
 * One answer is what one node says, or whoever stands between. Two that agree make a lie dearer, not
 * impossible: they may come from the same node, or from nodes of one operator. The operator's own word
 * remains the better source.
 *
 * @module
 */
import { checkAppName } from "./app_name.ts";
import { type AppOwner, fetchAppOwner } from "./app_owner.ts";
import { FluxApiError } from "./errors.ts";
import type { FluxClient } from "./flux_client.ts";

/** How many answers have to agree. */
const MIN_AGREEING_ANSWERS = 2;

/** The options of {@linkcode fetchAgreedAppOwner}. */
export interface FetchAgreedAppOwnerOptions {
  /** Ends all questions; its reason is thrown as it is. */
  readonly signal?: AbortSignal;
}

/**
 * Asks several times at once, past every cache, who owns an app.
 *
 * Each client is asked once; a single one is asked twice, the second time from its second base URL
 * on. The end of every question is waited for, within the limits of the clients, so that a dispute is
 * seen however late it comes. What could not be asked is no answer and disputes nothing.
 *
 * @param clients The clients to ask, of APIs that have as little as possible in common.
 * @returns What at least two answers say and none denies; may be `unusable`.
 * @throws {TypeError} if there is no client.
 * @throws {FluxApiError} `name-invalid` before anything is sent, `owner-disputed` if two answers
 * contradict each other, or the code of the last failure if fewer than two questions were answered.
 *
 * @example
 * ```ts
 * import { fetchAgreedAppOwner, FluxClient } from "@fluxvault/fluxvault/flux";
 *
 * const data = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
 * const client = new FluxClient({
 *   fetch: () => Promise.resolve(Response.json({ status: "success", data })),
 * });
 * const owner = await fetchAgreedAppOwner([client], "vaultdemo");
 * console.assert(owner.kind === "zelid" && owner.address === data);
 * ```
 */
export async function fetchAgreedAppOwner(
  clients: readonly FluxClient[],
  appName: string,
  options: FetchAgreedAppOwnerOptions = {},
): Promise<AppOwner> {
  checkAppName(appName);
  const answers = await Promise.allSettled(
    listQuestions(clients).map(({ client, startAt }) =>
      fetchAppOwner(client, appName, { ...options, bypassCache: true, startAt })
    ),
  );
  options.signal?.throwIfAborted();
  const owners: AppOwner[] = [];
  const failures: FluxApiError[] = [];
  for (const answer of answers) {
    if (answer.status === "fulfilled") owners.push(answer.value);
    else if (answer.reason instanceof FluxApiError) failures.push(answer.reason);
    else throw answer.reason;
  }
  const names = new Set(owners.map(nameOwner));
  if (names.size > 1) throw disputedError(appName, names);
  const [owner] = owners;
  if (owner !== undefined && owners.length >= MIN_AGREEING_ANSWERS) return owner;
  throw tooFewError(appName, failures.at(-1));
}

function listQuestions(
  clients: readonly FluxClient[],
): { readonly client: FluxClient; readonly startAt: number }[] {
  const [client, ...others] = clients;
  if (client === undefined) throw new TypeError("there is no client to ask");
  if (others.length > 0) return clients.map((client) => ({ client, startAt: 0 }));
  return Array.from({ length: MIN_AGREEING_ANSWERS }, (_, startAt) => ({ client, startAt }));
}

/** Writes an owner so that two texts are equal exactly where the owners are. */
function nameOwner(owner: AppOwner): string {
  switch (owner.kind) {
    case "zelid":
      return owner.address;
    case "ethereum":
      // The case of the digits is a checksum, which not everybody writes.
      return owner.address.toLowerCase();
    case "unusable":
      return `"${owner.text}"`;
  }
}

function disputedError(appName: string, names: ReadonlySet<string>): FluxApiError {
  return new FluxApiError(
    "owner-disputed",
    `the answers contradict each other about who owns ${appName}: ${[...names].join(", ")}`,
    { hint: "Give the address of the owner with --zelid." },
  );
}

function tooFewError(appName: string, failure: FluxApiError | undefined): FluxApiError {
  const { code = "api-error", message = "nobody answered", transient = false, hint } = failure ??
    {};
  return new FluxApiError(
    code,
    `cannot get two answers that agree about who owns ${appName}: ${message}`,
    { cause: failure, transient, ...(hint === undefined ? {} : { hint }) },
  );
}
