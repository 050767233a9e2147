/**
 * The least that a Deno process can do with a socket: the base line of the programs.
 *
 * Arguments: `answer` (a byte for each connection), `receive FILE` (a connection into a file that is
 * synced), `send FILE PORT`. The first two say their port.
 */
const [mode = "", file = "", port = ""] = Deno.args;
const BUFFER_BYTES = 262_144;

function listenAndSay(): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const line = JSON.stringify({ event: "listening", port: listener.addr.port });
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  return listener;
}

interface Reader {
  read(buffer: Uint8Array): Promise<number | null>;
}

interface Writer {
  write(bytes: Uint8Array): Promise<number>;
}

async function copy(from: Reader, to: Writer): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let length; (length = await from.read(buffer)) !== null;) {
    for (let offset = 0; offset < length;) {
      offset += await to.write(buffer.subarray(offset, length));
    }
  }
}

if (mode === "answer") {
  for await (const connection of listenAndSay()) {
    connection.write(new Uint8Array(1)).then(() => connection.close(), () => {});
  }
} else if (mode === "receive") {
  using listener = listenAndSay();
  using connection = await listener.accept();
  using target = await Deno.open(file, { write: true, create: true, truncate: true });
  await copy(connection, target);
  await target.sync();
  await connection.write(new Uint8Array(1));
} else {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  using source = await Deno.open(file);
  await copy(source, connection);
  await connection.closeWrite();
  await connection.read(new Uint8Array(1));
}
