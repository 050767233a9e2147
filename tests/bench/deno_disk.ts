/** A Deno of its own, whose pages nothing else has read: they count against whoever reads them first. */

const IMAGE_BYTES = 192 * 2 ** 20;
/** What Linux reads ahead unless it is told otherwise, in sectors; some machines read 8 MiB. */
const READ_AHEAD_SECTORS = 256;

/** A small file system with a copy of this Deno. */
export interface DenoDisk extends AsyncDisposable {
  /** The copy. */
  readonly deno: string;
  /** Has the system forget what it read of it. */
  forget(): Promise<void>;
}

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  if (code === 0) return new TextDecoder().decode(stdout).trim();
  throw new Error(`${command}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Makes one; `null` where that cannot be done (it takes root, and Linux). */
export async function openDenoDisk(folder: string): Promise<DenoDisk | null> {
  const image = `${folder}/image`;
  const place = `${folder}/mounted`;
  const deno = `${place}/deno`;
  await Deno.mkdir(place, { recursive: true });
  let isMounted = false;
  const close = async () => {
    if (isMounted) await run("umount", place);
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await Deno.writeFile(image, new Uint8Array());
    await Deno.truncate(image, IMAGE_BYTES);
    await run("mkfs.ext4", "-q", "-F", image);
    await run("mount", "-o", "loop", image, place);
    isMounted = true;
    const device = await run("findmnt", "-n", "-o", "SOURCE", place);
    await run("blockdev", "--setra", `${READ_AHEAD_SECTORS}`, device);
    await Deno.copyFile(Deno.execPath(), deno);
  } catch {
    await close();
    return null;
  }
  return {
    deno,
    async forget(): Promise<void> {
      await run("sync", deno);
      for (const file of [deno, image]) {
        await run("dd", `if=${file}`, "iflag=nocache", "count=0", "status=none");
      }
    },
    [Symbol.asyncDispose]: close,
  };
}
