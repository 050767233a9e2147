/** Deliveries of a keeper whose files name hooks. */
import {
  deliverAsKeeper,
  type DeliveryReport,
  type Hook,
  type ManifestMessage,
  MemorySecretSource,
  type SecretSource,
} from "../../protocol/mod.ts";
import { composeManifestStatement } from "../../protocol/statement.ts";
import { openSignedSession, type SignedDelivery } from "./signing.ts";

/** What is delivered. */
export interface HookedDelivery extends SignedDelivery {
  /** The contents of the files, by their paths. */
  readonly files: Readonly<Record<string, string>>;
  /** The same of files that name no hook. @default {{}} */
  readonly others?: Readonly<Record<string, string>>;
  /** The hooks; each file names the first. */
  readonly hooks: readonly Hook[];
  /** After how many seconds without a delivery the files with a hook go. @default for ever */
  readonly leaseS?: number;
  /** Whether it is a plan. @default {false} */
  readonly isPlan?: boolean;
}

async function hookedSource(
  { files, others = {}, hooks, leaseS }: HookedDelivery,
): Promise<SecretSource> {
  const contents = Object.entries({ ...files, ...others }).map(([path, text]) => {
    return [path, new TextEncoder().encode(text)] as const;
  });
  const source = await MemorySecretSource.from(Object.fromEntries(contents));
  const [hook] = hooks;
  const entries = source.entries.map((entry) => {
    if (hook === undefined || entry.path in others) return entry;
    return { ...entry, hook: hook.name, ...(leaseS === undefined ? {} : { leaseS }) };
  });
  return {
    entries,
    hooks,
    missing: source.missing,
    open: (entry, from) => source.open(entry, from),
  };
}

/** Delivers to an agent, and returns what it told. */
export async function deliverHooked(
  agent: { readonly host: string; readonly port: number },
  delivery: HookedDelivery,
): Promise<DeliveryReport> {
  const { signer, manifestSigner = signer, revision = 1, isPlan = false } = delivery;
  const source = await hookedSource(delivery);
  const session = await openSignedSession(agent, delivery);
  const { claim: { app, component }, agentDigestHex } = session.origin;
  return await deliverAsKeeper(session, source, {
    revision,
    isPlan,
    lifetimeS: 3_600,
    sign: manifestSigner === null ? null : (message: ManifestMessage) => {
      const text = composeManifestStatement({ ...message, app, component, agentDigestHex });
      return manifestSigner.sign(text);
    },
  });
}
