/** Makes `console.assert` throw: preloaded for the examples, which would otherwise never fail. */
// deno-lint-ignore-file no-console
console.assert = (condition?: boolean, ...data: unknown[]): void => {
  if (!condition) throw new Error(`console.assert failed: ${data.join(" ")}`);
};
