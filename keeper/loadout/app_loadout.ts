/**
 * What of its vault each component of an app is to hold: groups and own entries brought together.
 *
 * @module
 */
import { isRegistrableAppName, isRegistrableComponentName } from "../../flux/mod.ts";
import { type Hook, isAppName, type Service } from "../../protocol/mod.ts";
import type { ApplicationCertificate } from "../vault/application_certificate.ts";
import type { Declaration } from "../vault/declaration.ts";
import type { AppSettings } from "./app_settings.ts";
import type { WrittenDirective } from "./directive.ts";
import { DEFAULT_POLLING_INTERVAL_S, MAX_DECLARATIONS } from "./limits.ts";
import { joinTarget } from "./paths.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import {
  componentKey,
  GROUP_ALL,
  type WrittenApp,
  type WrittenComponent,
  type WrittenGroup,
} from "./written_app.ts";

/** One app of a loadout. */
export interface AppLoadout extends AppSettings {
  /** The name of the app. */
  readonly app: string;
  /** Where it is written, as `file:line:column` or the name of a flag. */
  readonly origin: string;
  /** The folder of its sources; absolute where the loadout came from a file. */
  readonly vaultFolder: string;
  /** The hooks that its declarations name, and those that none names. */
  readonly hooks: readonly Hook[];
  /** The certificates that its declarations name, and those that none names. */
  readonly certificates: readonly ApplicationCertificate[];
  /** The services that some component has, and those that none has. */
  readonly services: readonly Service[];
  /** The components that the loadout names, as it writes them. */
  readonly components: readonly string[];
  /**
   * Returns what a component is to hold: what the group `all` says, where the loadout does not name
   * the component, or the agent names none. Case does not tell components apart.
   */
  declarationsOf(component: string | null): readonly Declaration[];
  /** Returns the services that a component has, in the same way. */
  servicesOf(component: string | null): readonly Service[];
}

/** Takes the folder of an app's sources as it is written, or not, and returns where it is. */
export type ResolveVault = (app: string, vault: string | undefined) => string;

/** What an app is resolved with. */
export interface ResolveOptions {
  /** Finds the folder of the sources. */
  readonly resolveVault: ResolveVault;
  /** Takes what is wrong. */
  readonly problems: Problems;
}

/** Works out what each component gets; what contradicts itself is noted, and is not in the result. */
export function resolveApp(written: WrittenApp, options: ResolveOptions): AppLoadout {
  const { name, place, settings, components } = written;
  const { problems } = options;
  checkNames(written, problems);
  checkUse(written, problems);
  const all = written.groups.get(GROUP_ALL);
  const resolver = new Resolver(written, problems);
  const unnamed = resolver.resolve({ groups: all === undefined ? [] : [all], own: null });
  const named = new Map<string, readonly Declaration[]>();
  const servicesBy = new Map<string, readonly Service[]>();
  const ownServices = (parts: readonly WrittenGroup[]) => {
    const names = new Set(parts.flatMap(({ services }) => services));
    return [...names].flatMap((one) => written.services.get(one)?.service ?? []);
  };
  const unnamedServices = ownServices(all === undefined ? [] : [all]);
  for (const component of components) {
    const groups = [GROUP_ALL, ...component.memberOf]
      .map((group) => written.groups.get(group))
      .filter((group) => group !== undefined);
    named.set(componentKey(component.name), resolver.resolve({ groups, own: component }));
    servicesBy.set(componentKey(component.name), ownServices([...groups, component]));
  }
  // What contradicts itself in a group that has no members yet would do so once it has.
  for (const group of written.groups.values()) resolver.resolve({ groups: [group], own: null });
  const hooks = [...written.hooks.values()].filter((hook) => hook !== null).map(({ hook }) => hook);
  const certificates = [...written.certificates.values()].filter((one) => one !== null)
    .map(({ certificate }) => certificate);
  return {
    ...settings,
    app: name,
    origin: place.text,
    vaultFolder: options.resolveVault(name, written.vault),
    hooks,
    certificates,
    services: [...written.services.values()].flatMap((one) => one?.service ?? []),
    components: components.map((component) => component.name),
    declarationsOf: (component) => {
      return (component === null ? undefined : named.get(componentKey(component))) ?? unnamed;
    },
    servicesOf: (component) => {
      const own = component === null ? undefined : servicesBy.get(componentKey(component));
      return own ?? unnamedServices;
    },
  };
}

/** Notes names that the Flux network would not have, where its API is asked. */
function checkNames({ name, place, settings, components }: WrittenApp, problems: Problems): void {
  if (settings.agents !== null) return;
  if (isAppName(name) && !isRegistrableAppName(name)) {
    const problem = `no app on the Flux network can be called ${quoted(name)}`;
    const hint = "A name there does not start with flux or zel. Or name its agents: agents.";
    problems.add(place, problem, hint);
  }
  for (const { name: component, place } of components) {
    if (!isAppName(component) || isRegistrableComponentName(component)) continue;
    const problem = `no component on the Flux network can be called ${quoted(component)}`;
    const hint =
      "Names there are of letters and digits, and do not start with flux or zel. Look at " +
      "the app's specification, or at --component-name of the agent.";
    problems.warn(place, problem, hint);
  }
}

/** Notes what is written and has no effect, or another than is likely to be meant. */
function checkUse(written: WrittenApp, problems: Problems): void {
  const { place, settings, hooks, certificates, groups, components, isWhole } = written;
  const parts = [...groups.values(), ...components];
  const directives = parts.flatMap((part) => part.directives);
  if (isWhole && parts.every(({ count }) => count === 0)) {
    const hint = "Give groups: or components: state_directives. To take back all that was given, " +
      "there is `wipe`.";
    problems.add(place, "the app declares nothing to deliver", hint);
  }
  const joined = new Set(components.flatMap(({ memberOf }) => memberOf));
  for (const { name, place } of groups.values()) {
    if (name === GROUP_ALL || joined.has(name)) continue;
    const hint = "Name it in member_of of a component, or call it all, which is every agent.";
    problems.warn(place, `no component is a member of the group ${quoted(name)}`, hint);
  }
  const named = new Set(directives.map(({ declaration }) => declaration.hook));
  for (const [name, hook] of hooks) {
    if (hook === null || named.has(name)) continue;
    problems.warn(
      hook.place,
      `no state directive names the hook ${quoted(name)}`,
      `Write hook: ${name} where it is meant, or leave it out.`,
    );
  }
  const used = new Set(parts.flatMap((part) => part.services));
  for (const [name, service] of written.services) {
    if (service === null || used.has(name)) continue;
    problems.warn(
      service.place,
      `no group or component has the service ${quoted(name)}`,
      `Write services: [${name}] below groups: and all:, or below a component.`,
    );
  }
  const { pollingIntervalS = DEFAULT_POLLING_INTERVAL_S } = settings;
  const issued = new Set(directives.map(({ declaration }) => declaration.issued?.certificate));
  for (const [name, one] of certificates) {
    if (one === null) continue;
    if (!issued.has(name)) {
      problems.warn(
        one.place,
        `no state directive names the certificate ${quoted(name)}`,
        `Write certificate: ${name} where its files are to go, or leave it out.`,
      );
    } else if (3 * pollingIntervalS > one.certificate.lifetimeS) {
      problems.warn(
        one.place,
        `the certificate ${
          quoted(name)
        } lives for ${one.certificate.lifetimeS} s, and a pass may ` +
          "come too late to renew it in its last third",
        "Make its lifetime longer, or polling_interval shorter.",
      );
    }
  }
  for (const { declaration: { leaseS }, place } of directives) {
    if (leaseS === undefined || leaseS > pollingIntervalS) continue;
    problems.warn(
      place,
      `its lease of ${leaseS} s ends before the next pass, ${pollingIntervalS} s later`,
      "Make the lease longer than polling_interval, or the file goes between two passes.",
    );
  }
}

/** A declaration, where it is written, and whether that is in the component itself. */
interface Entry {
  readonly place: Place;
  readonly declaration: Declaration;
}

/** Brings the state directives of groups and a component together. */
class Resolver {
  readonly #workdir: string | undefined;
  readonly #place: Place;
  readonly #problems: Problems;
  #count = 0;

  constructor(written: WrittenApp, problems: Problems) {
    this.#place = written.place;
    this.#workdir = written.workdir;
    this.#problems = problems;
  }

  resolve(
    { groups, own }: {
      readonly groups: readonly WrittenGroup[];
      readonly own: WrittenComponent | null;
    },
  ): readonly Declaration[] {
    if (this.#count > MAX_DECLARATIONS) return [];
    const owned = new Map<string, Entry>();
    if (own !== null) this.#gather(owned, own, own.workdir);
    const shared = new Map<string, Entry>();
    for (const group of groups) {
      this.#gather(shared, group, group.workdir ?? own?.workdir, owned);
    }
    const entries = new Map([...shared, ...owned]);
    this.#count += entries.size;
    if (this.#count > MAX_DECLARATIONS) {
      const problem =
        `the components are to hold over ${MAX_DECLARATIONS} files and folders in all`;
      const hint = "Put files that belong together into a folder, and declare that.";
      this.#problems.add(this.#place, problem, hint);
      return [];
    }
    this.#checkNesting(entries);
    this.#checkSpelling(entries);
    return [...entries.values()].map(({ declaration }) => declaration);
  }

  /** Adds the state directives of one part, but for targets that `winners` has. */
  #gather(
    entries: Map<string, Entry>,
    { directives }: { readonly directives: readonly WrittenDirective[] },
    workdir: string | undefined,
    winners?: ReadonlyMap<string, Entry>,
  ): void {
    for (const { place, declaration, target } of directives) {
      const joined = joinTarget(workdir ?? this.#workdir, target);
      if (!("path" in joined)) {
        const problem = `its target below remote_workdir ${joined.fault}`;
        this.#problems.add(place, problem, joined.hint);
        continue;
      }
      const { path } = joined;
      if (winners?.has(path)) continue;
      const entry = { place, declaration: { ...declaration, target: path, origin: place.text } };
      const other = entries.get(path);
      if (other === undefined) entries.set(path, entry);
      else this.#clash(entry, other, winners === undefined);
    }
  }

  #clash(entry: Entry, other: Entry, isOwn: boolean): void {
    const [first, second] = inOrder(entry, other);
    const problem =
      `the target ${quoted(entry.declaration.target)} is declared twice for the same ` +
      `component, first at ${first.place.text}`;
    const hint = isOwn
      ? "Leave one of them out, or give one another target."
      : "Leave one of them out, give one another target, or declare the target in the component " +
        "itself, which goes before its groups.";
    this.#problems.add(second.place, problem, hint);
  }

  /** Refuses a target inside of a file, and a set inside of another. */
  #checkNesting(entries: ReadonlyMap<string, Entry>): void {
    for (const [path, entry] of entries) {
      for (let i = path.indexOf("/", 1); i > 0; i = path.indexOf("/", i + 1)) {
        const outer = entries.get(path.slice(0, i));
        if (outer === undefined) continue;
        const { inPlace, issued } = outer.declaration;
        const isIssued = issued !== undefined && issued.part !== null;
        const isSetInSet = outer.declaration.together === true &&
          (entry.declaration.together === true || entry.declaration.inPlace === true);
        if (inPlace !== true && !isIssued && !isSetInSet) continue;
        const [first, second] = inOrder(entry, outer);
        const what = isIssued
          ? `a file (part: ${issued.part})`
          : inPlace === true
          ? "a file (in_place)"
          : "exchanged as a whole (together)";
        const problem = `the target ${quoted(path)} is inside of ` +
          `${quoted(outer.declaration.target)}, which is ${what}; the other is at ` +
          `${first.place.text}`;
        this.#problems.add(second.place, problem, "Give one of them another target.");
      }
    }
  }

  /** Notes targets that some file systems take for the same name. */
  #checkSpelling(entries: ReadonlyMap<string, Entry>): void {
    const seen = new Map<string, Entry>();
    for (const [path, entry] of entries) {
      const folded = path.normalize("NFC").toLowerCase();
      const other = seen.get(folded);
      seen.set(folded, entry);
      if (other === undefined) continue;
      const [first, second] = inOrder(entry, other);
      const problem = `the targets ${quoted(second.declaration.target)} and ` +
        `${quoted(first.declaration.target)} (at ${first.place.text}) differ only in case, or in ` +
        "how their letters are put together";
      const hint = "They are two files for an agent on Linux; make sure that you mean both.";
      this.#problems.warn(second.place, problem, hint);
    }
  }
}

function inOrder(a: Entry, b: Entry): [first: Entry, second: Entry] {
  return a.place.order <= b.place.order ? [a, b] : [b, a];
}
