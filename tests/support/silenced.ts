/** Notices whatever prints or ends the process while a test runs. */

/** What was noticed; the scope puts everything back. */
export interface Silence extends Disposable {
  /** What was called, by its name. */
  readonly broken: readonly string[];
}

/** Puts something in the place of all that prints or exits. */
export function silenced(): Silence {
  const broken: string[] = [];
  const before: (() => void)[] = [];
  // deno-lint-ignore no-explicit-any
  function watch(owner: any, name: string, key: string): void {
    const original = owner[key];
    owner[key] = () => {
      broken.push(`${name}.${key}`);
    };
    before.push(() => owner[key] = original);
  }
  for (const [key, value] of Object.entries(console)) {
    if (typeof value === "function") watch(console, "console", key);
  }
  watch(Deno, "Deno", "exit");
  for (const name of ["stdout", "stderr"] as const) {
    for (const key of ["write", "writeSync"]) watch(Deno[name], `Deno.${name}`, key);
  }
  return {
    broken,
    [Symbol.dispose](): void {
      for (const undo of before) undo();
    },
  };
}
