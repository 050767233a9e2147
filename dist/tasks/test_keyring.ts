/**
 * Runs the keeper with a real keyring: GNOME's, on a session bus and in a folder of its own.
 *
 * It needs `secret-tool`, `gnome-keyring-daemon` and `dbus-run-session`, Debian's packages
 * `libsecret-tools`, `gnome-keyring` and `dbus`. Where one is missing they are installed under
 * `CI=true`; elsewhere this says how to get them and exits with status 77. Arguments go to `deno test`,
 * for example `--filter`.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { installPackages, run, SKIP_STATUS } from "./suite_needs.ts";

const COMMANDS = ["secret-tool", "gnome-keyring-daemon", "dbus-run-session", "dbus-send"];
const PACKAGES = ["libsecret-tools", "gnome-keyring", "dbus"];
const SUITE = "tests/interop/secret_service.ts";

/**
 * Unlocks the keyring with a password that is worth nothing, waits until it answers, and runs what
 * follows in the home of whoever called.
 */
const SCRIPT = `
printf keyring | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 1
for attempt in $(seq 600); do
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / \\
    org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets >/dev/null 2>&1 && break
  sleep 0.1
done
if [ -n "$HOME_BEFORE" ]; then export HOME="$HOME_BEFORE"; else unset HOME; fi
exec "$@"
`;

async function listMissing(): Promise<string[]> {
  const missing: string[] = [];
  for (const command of COMMANDS) {
    const isThere = await run("sh", ["-c", `command -v ${command}`], { stdout: "null" }) === 0;
    if (!isThere) missing.push(command);
  }
  return missing;
}

/** Runs the suite on a bus of its own, whose programs keep what they keep in a folder of its own. */
async function runSuite(folder: string): Promise<number | null> {
  await Deno.mkdir(`${folder}/data`);
  await Deno.mkdir(`${folder}/run`, { mode: 0o700 });
  const test = ["test", "-A", "--sanitize-ops", "--sanitize-resources", ...Deno.args, SUITE];
  return await run("dbus-run-session", ["--", "sh", "-c", SCRIPT, "sh", Deno.execPath(), ...test], {
    env: {
      HOME: folder,
      HOME_BEFORE: Deno.env.get("HOME") ?? "",
      XDG_DATA_HOME: `${folder}/data`,
      XDG_RUNTIME_DIR: `${folder}/run`,
      DISPLAY: "",
      WAYLAND_DISPLAY: "",
    },
  });
}

let missing = await listMissing();
if (missing.length > 0 && Deno.env.get("CI") === "true") {
  await installPackages(...PACKAGES);
  missing = await listMissing();
}
if (missing.length > 0) {
  const packages = PACKAGES.join(" ");
  console.log(`skipped: ${missing.join(", ")} is missing; apt-get install ${packages}`);
  Deno.exit(SKIP_STATUS);
}
const folder = await Deno.makeTempDir({ prefix: "fluxvault-keyring-" });
let status: number | null = null;
try {
  status = await runSuite(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(status ?? 1);
