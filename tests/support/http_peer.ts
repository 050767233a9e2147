/** Requests to an HTTP server, sent as they are written: no client tidies them up. */

/** What came back. */
export interface RawReply {
  /** The status, or 0 where the connection ended without one. */
  readonly status: number;
  /** The fields by their names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  /** What was behind the head, a character for each byte. */
  readonly body: string;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** Sends bytes, one for each character, and reads until the other side closes. */
export async function sendRaw(port: number, text: string): Promise<RawReply> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  let reply = "";
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const length = await conn.read(buffer).catch(() => null);
    if (length === null) break;
    reply += latin1(buffer.subarray(0, length));
  }
  return parseReply(reply);
}

/** Reads a reply. */
export function parseReply(text: string): RawReply {
  const end = text.indexOf("\r\n\r\n");
  const [line = "", ...lines] = text.slice(0, Math.max(end, 0)).split("\r\n");
  const fields = lines.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(line.split(" ")[1] ?? 0),
    fields: Object.fromEntries(fields),
    body: text.slice(end + 4),
  };
}

/** Asks for a target as it is written. */
export function getRaw(
  port: number,
  target: string,
  { method = "GET", fields = {} }: {
    readonly method?: string;
    readonly fields?: Readonly<Record<string, string>>;
  } = {},
): Promise<RawReply> {
  const all = { Host: "files", Connection: "close", ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return sendRaw(port, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
}
