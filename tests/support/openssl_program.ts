/** OpenSSL, where there is one, as the judge of what others should be able to read. */

/** What OpenSSL said, and whether it was content. */
export interface OpensslVerdict {
  readonly code: number;
  readonly text: string;
}

/** Runs OpenSSL. */
export async function runOpenssl(
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<OpensslVerdict> {
  const command = new Deno.Command("openssl", { args: [...args], stdin: "null", ...options });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Runs OpenSSL until it has written a line, or ends; returns what it has written. */
export async function readOpensslLine(args: readonly string[]): Promise<string> {
  const command = new Deno.Command("openssl", {
    args: [...args],
    ...{ stdin: "null", stdout: "piped", stderr: "null" } as const,
  });
  await using child = command.spawn();
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of child.stdout) {
    text += decoder.decode(piece, { stream: true });
    if (text.includes("\n")) break;
  }
  return text;
}

/** Whether this machine has it. */
export const HAS_OPENSSL: boolean = await (async () => {
  try {
    return (await runOpenssl(["version"])).code === 0;
  } catch {
    return false;
  }
})();
