/** Loadouts as data, each with what it means by a reckoning that knows nothing of the parser. */
import fc from "fast-check";

/** A state directive as data; its source is its target. */
export interface PlainDirective {
  readonly source: string;
  readonly target?: string;
  readonly [key: string]: unknown;
}

interface PlainGroup {
  readonly remote_workdir?: string;
  readonly state_directives: readonly PlainDirective[];
}

interface PlainComponent extends PlainGroup {
  readonly member_of: readonly string[];
}

/** An app as data. */
export interface PlainApp {
  readonly groups: Readonly<Record<string, PlainGroup>>;
  readonly components: Readonly<Record<string, PlainComponent>>;
  readonly [key: string]: unknown;
}

/** A loadout as data. */
export interface PlainLoadout {
  readonly version: 1;
  readonly apps: Readonly<Record<string, PlainApp>>;
}

const GROUPS = ["all", "g1", "g2"] as const;
const COMPONENTS = ["web", "db", "cache2"] as const;

const OPTIONS = {
  strategy: fc.constantFrom("STRICT", "ALLOW_ADDS"),
  mode: fc.constantFrom("0600", "640", "0o444"),
  folder_mode: fc.constantFrom("0700", "0755"),
  uid: fc.nat(4_294_967_294),
  gid: fc.nat(65_535),
  requires: fc.constantFrom("first-use", "approved", "enrolled"),
  hook: fc.constant("reload"),
  lease: fc.constantFrom(86_400, "24h", "7d"),
  readers: fc.subarray(["web", "Db", "cache-2"]),
  symlinks: fc.constantFrom("refuse", "copy"),
  compress: fc.boolean(),
};

const name = fc.string({
  unit: fc.constantFrom(..."abc.-_ #:{}[],&*!|>'\"%@`\u00e90N~"),
  minLength: 1,
})
  .filter((text) => !/^[.~]|^[a-z]:$/i.test(text));

/** Makes state directives whose targets begin with a prefix, so that only those of equal ones meet. */
function directives(prefix: string): fc.Arbitrary<PlainDirective[]> {
  const directive = fc.tuple(name, fc.record(OPTIONS, { requiredKeys: [] }))
    .map(([source, options]) => ({ source, target: prefix + source, ...options }));
  return fc.uniqueArray(directive, { selector: ({ source }) => source, maxLength: 4 });
}

/** A component takes targets of its own, and some of those of its groups. */
function component(groups: Readonly<Record<string, PlainGroup>>): fc.Arbitrary<PlainComponent> {
  const targets = Object.values(groups).flatMap((group) => {
    return group.state_directives.map(({ target }) => target ?? "");
  });
  const taken = fc.subarray(targets).map((list) =>
    list.map((target) => ({ source: "own", target }))
  );
  return fc.record({
    member_of: fc.subarray(["g1", "g2"]),
    state_directives: fc.tuple(directives("/own/"), taken).map((lists) => lists.flat()),
  });
}

function group(prefix: string): fc.Arbitrary<PlainGroup> {
  return fc.record({ state_directives: directives(prefix) });
}

/** Makes loadouts of one app, that can be used. */
export function arbitraryLoadout(): fc.Arbitrary<PlainLoadout> {
  return fc.record({ all: group("/all/"), g1: group("/g1/"), g2: group("/g2/") })
    .chain((groups) => {
      const one = component(groups);
      const components = fc.record({ web: one, db: one, cache2: one });
      return fc.record({ groups: fc.constant(groups), components });
    })
    .filter(({ groups, components }) => {
      return [...Object.values(groups), ...Object.values(components)]
        .some(({ state_directives }) => state_directives.length > 0);
    })
    .map((app) => ({
      version: 1,
      apps: { demo: { hooks: { reload: { touch: "/run/changed" } }, ...app } },
    }));
}

/** Reckons which source goes where on a component; on every other agent for `null`. */
export function reckonTargets(app: PlainApp, name: string | null): Map<string, string> {
  const found = new Map<string, string>();
  const own = name === null ? undefined : app.components[name];
  const parts = GROUPS.filter((group) => group === "all" || own?.member_of.includes(group))
    .map((group) => app.groups[group]);
  for (const part of [...parts, own]) {
    for (const { source, target } of part?.state_directives ?? []) {
      found.set(target ?? source, source);
    }
  }
  return found;
}

/** The components of each of these loadouts, and every other agent. */
export const PLAIN_COMPONENTS: readonly (string | null)[] = [...COMPONENTS, null];
