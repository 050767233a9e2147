/** The images that the tests of containers run: built as the pages say, on bases that stand in. */
import { fileURLToPath } from "node:url";
import { listBundle } from "../../dist/compile/bundle.ts";
import type { ContainerHost } from "./container_host.ts";

/** What an image carries: an executable, or the bundle and Deno. */
export type Carrier = "compiled" | "deno";

const CONTAINER_FOLDER = fileURLToPath(new URL("../../dist/container/", import.meta.url));
const OUTPUT_FOLDER = fileURLToPath(new URL("../../dist/bin/", import.meta.url));

/** The files of glibc that Deno and what it compiles ask for. */
const LIBRARIES = [
  ...["libdl.so.2", "libgcc_s.so.1", "librt.so.1", "libpthread.so.0", "libm.so.6", "libc.so.6"],
  "ld-linux-*.so.*",
];
/** The programs that files for containers and tests call in a shell. */
const BUSYBOX_PROGRAMS = "sh cp mkdir ln chown chmod wc sleep sha256sum env grep cat trap wget";

/** Makes the roots that stand in for images of a registry; nothing but what Debian installed. */
const MAKE_ROOTS = `
set -e
mkdir -p debian/bin debian/tmp alpine/bin alpine/lib alpine/etc deno
for root in debian alpine; do
  cp /bin/busybox $root/bin/
  for program in ${BUSYBOX_PROGRAMS}; do ln -s busybox $root/bin/$program; done
done
folder=$(dirname "$(ls /lib/*-linux-gnu/libc.so.6)")
mkdir -p debian$folder
for file in ${LIBRARIES.join(" ")}; do cp -L $folder/$file debian$folder/; done
cp -L /lib/ld-musl-*.so.1 alpine/lib/
ln "$DENO" deno/deno 2>/dev/null || cp "$DENO" deno/deno
`;

/** Makes `localhost/debian`, `localhost/alpine` and `localhost/deno`. */
export async function importBases(host: ContainerHost): Promise<void> {
  const roots = `${host.folder}/roots`;
  await Deno.mkdir(roots);
  const script = `cd "$1"\n${MAKE_ROOTS}`;
  const made = await host.follow(["sh", "-c", script, "sh", roots], {
    DENO: await Deno.realPath(Deno.execPath()),
  }).end;
  if (made.code !== 0) throw new Error(made.stderr);
  for (const name of ["debian", "alpine", "deno"]) {
    const archive = `${roots}/${name}.tar`;
    const packed = await host.follow(["tar", "-C", `${roots}/${name}`, "-cf", archive, "."]).end;
    if (packed.code !== 0) throw new Error(packed.stderr);
    await host.podman("import", "--quiet", archive, `localhost/${name}`);
  }
  await Deno.remove(roots, { recursive: true });
}

/** Returns the paths of the files of a bundle that was built, for example of `fluxvault-agent`. */
export function listBuiltBundle(name: string): Promise<string[]> {
  return listBundle(OUTPUT_FOLDER + name);
}

/** How to build one image. */
export interface ImageBuild {
  /** What it carries. */
  readonly carrier: Carrier;
  /** `agent`, `agent-run` or `keeper`. */
  readonly target: string;
  /** The name of its base. */
  readonly base: "scratch" | "alpine";
  /** The folder with what is put into it. @default dist/bin */
  readonly context?: string;
  /** Its name and tag. @default the one that {@linkcode imageName} returns */
  readonly tag?: string;
}

/** Returns the name and tag of an image. */
export function imageName({ target, base, carrier }: ImageBuild): string {
  return `localhost/fluxvault-${target}:${base}-${carrier}`;
}

/** Builds an image as the page says, but for the bases; returns its size in bytes. */
export async function buildImage(host: ContainerHost, image: ImageBuild): Promise<number> {
  const { carrier, target, base, context = OUTPUT_FOLDER, tag = imageName(image) } = image;
  await host.podman(
    ...["build", "--quiet", "--isolation=chroot", "--format=docker", `--target=${target}`],
    `--build-arg=BASE=${base === "scratch" ? base : `localhost/${base}`}`,
    "--build-arg=LIBRARIES=localhost/debian",
    `--build-arg=${carrier === "deno" ? "DENO=localhost/deno" : `TARGET=${Deno.build.target}`}`,
    `--file=${CONTAINER_FOLDER}${carrier}.Containerfile`,
    `--tag=${tag}`,
    context,
  );
  return Number(await host.podman("image", "inspect", "--format={{.Size}}", tag));
}

/** The images that every test can run, of each carrier that can be had. */
export const IMAGES: readonly Omit<ImageBuild, "carrier">[] = [
  { target: "agent", base: "scratch" },
  { target: "agent-run", base: "scratch" },
  { target: "keeper", base: "scratch" },
  { target: "agent", base: "alpine" },
  { target: "agent-run", base: "alpine" },
  { target: "keeper", base: "alpine" },
];

/** The variable by which the suite tells its tests what its images carry. */
export const CARRIERS_VARIABLE = "CONTAINER_CARRIERS";

/** Returns what the images of the suite carry. */
export function carriersOfSuite(): readonly Carrier[] {
  return (Deno.env.get(CARRIERS_VARIABLE) ?? "deno").split(",") as Carrier[];
}
