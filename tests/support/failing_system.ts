/** A system whose calls fail as those of a worn disk or a full quota do, for a process that is started on it. */

/** Stands before the C library, and fails the calls that it is told to. */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_meant(const char *path, const char *part) {
  size_t length = strlen(path), wanted = strlen(part);
  if (wanted == 0 || part[wanted - 1] != '$') return strstr(path, part) != NULL;
  wanted--;
  return length >= wanted && memcmp(path + length - wanted, part, wanted) == 0;
}

static int fails(const char *call, const char *path) {
  const char *named = getenv("FAILING_CALL"), *part = getenv("FAILING_PATH");
  const char *when = getenv("FAILING_WHEN"), *number = getenv("FAILING_ERRNO");
  if (!named || !part || !when || !number || strcmp(named, call) != 0) return 0;
  int before = errno;
  if (!is_meant(path, part) || access(when, F_OK) != 0) {
    errno = before;
    return 0;
  }
  errno = atoi(number);
  return 1;
}

static int fails_on(const char *call, int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return fails(call, path);
}

#define REAL(name, ...) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

ssize_t write(int descriptor, const void *bytes, size_t count) {
  return fails_on("write", descriptor) ? -1 : REAL(write, descriptor, bytes, count);
}
int fsync(int descriptor) {
  return fails_on("fsync", descriptor) ? -1 : REAL(fsync, descriptor);
}
int rename(const char *from, const char *to) {
  return fails("rename", to) ? -1 : REAL(rename, from, to);
}
`;

/** The numbers of errors on Linux. */
const NUMBERS = { EIO: 5, ENOSPC: 28, EDQUOT: 122 } as const;

/** Which call fails, and how. */
export interface FailingCall {
  /** The call. */
  readonly call: "write" | "fsync" | "rename";
  /** The error. */
  readonly error: keyof typeof NUMBERS;
  /** What the path of the file has in it; with `$` behind it, what it ends in. */
  readonly path: string;
  /** The file that has to be there for a call to fail. */
  readonly when: string;
}

/** What is missing for such a system on this machine; `null` where nothing is. */
export function missingForFailingSystem(): string | null {
  if (Deno.build.os !== "linux") return "a Linux whose calls can be made to fail";
  try {
    const compiler = new Deno.Command("cc", { args: ["--version"], stdout: "null" });
    return compiler.outputSync().success ? null : "cc";
  } catch {
    return "cc";
  }
}

/** Makes the library in a folder; returns what starts a process on such a system. */
export async function makeFailingSystem(
  folder: string,
  { call, error, path, when }: FailingCall,
): Promise<string[]> {
  const library = `${folder}/failing-system.so`;
  await Deno.writeTextFile(`${library}.c`, SOURCE);
  const args = ["-shared", "-fPIC", "-O1", "-o", library, `${library}.c`, "-ldl"];
  const { success, stderr } = await new Deno.Command("cc", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return [
    "env",
    `LD_PRELOAD=${library}`,
    ...[`FAILING_CALL=${call}`, `FAILING_ERRNO=${NUMBERS[error]}`],
    ...[`FAILING_PATH=${path}`, `FAILING_WHEN=${when}`],
  ];
}
