/** A working folder for a disk store, with everything around it that no path may reach. */
import { DiskSecretStore, type DiskSecretStoreOptions } from "../../agent/disk/mod.ts";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { MemoryLogger } from "./memory_logger.ts";
import { listTree, temporaryFolder } from "./temporary_folder.ts";

/** How a store is opened there. */
export interface YardOptions extends Partial<DiskSecretStoreOptions> {
  /** Below which folders absolute paths may lead. */
  readonly allowed?: readonly string[];
  /** The working folder. */
  readonly root?: string;
}

/** A working folder with everything around it that no path may reach. */
export class DiskYard implements AsyncDisposable {
  readonly #path: string;
  readonly logger = new MemoryLogger();

  private constructor(path: string) {
    this.#path = path;
  }

  static async make(): Promise<DiskYard> {
    const { path } = await temporaryFolder();
    const yard = new DiskYard(path);
    for (const name of ["files", "state", "outside", "allowed", "allowed-beside"]) {
      await Deno.mkdir(`${path}/${name}`, { mode: 0o700 });
    }
    await Deno.writeTextFile(`${path}/outside/sentinel`, "untouched", { mode: 0o600 });
    await Deno.writeTextFile(`${path}/state/identity.json`, "untouched", { mode: 0o600 });
    return yard;
  }

  path(name: string): string {
    return `${this.#path}/${name}`;
  }

  open(options: YardOptions = {}): Promise<DiskSecretStore> {
    const { allowed = [this.path("allowed")], root = this.path("files"), ...others } = options;
    return DiskSecretStore.open({
      workingFolder: root,
      stateFolder: this.path("state"),
      absoluteFolders: allowed,
      logger: this.logger,
      ...others,
    });
  }

  tree(name: string): Promise<string[]> {
    return listTree(this.path(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#path, { recursive: true });
  }
}

/** Delivers a file. */
export async function put(
  store: DiskSecretStore,
  path: string,
  { text = "content", mode = 0o600 }: { readonly text?: string; readonly mode?: number } = {},
): Promise<"created" | "updated"> {
  const bytes = encodeUtf8(text);
  const staged = await store.stage(path, { size: bytes.length, mode });
  try {
    await staged.write(bytes);
    return await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
