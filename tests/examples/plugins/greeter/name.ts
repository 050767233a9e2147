/** Reads whom to greet: what a caller says is to be checked, like all input. */
export function readName(input: unknown): string {
  const { name } = (input ?? {}) as { name?: unknown };
  if (typeof name !== "string" || name === "") {
    // The word goes to the caller; the text of an error goes nowhere.
    throw Object.assign(new Error("there is no name"), { code: "input-malformed" });
  }
  return name;
}
