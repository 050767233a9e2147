/**
 * Variables that decide which code a program loads: with them an allowed program would be any program.
 *
 * A program reads its own variables as it reads its arguments, and whoever allows it knows what they
 * may do. These are read before it begins: by the linker, a shell or an interpreter.
 *
 * @module
 */

const NAMES: ReadonlySet<string> = new Set([
  ...[
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "BASHOPTS",
    "SHELLOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "ZDOTDIR",
  ],
  ...["GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH", "OPENSSL_CONF", "OPENSSL_MODULES"],
  ...["NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE", "BUN_OPTIONS", "NPM_CONFIG_PREFIX"],
  ...[
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "RUBYLIB",
    "RUBYOPT",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
  ],
  ...[
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "CLASSPATH",
    "LUA_INIT",
    "LUA_PATH",
  ],
  ...["LUA_CPATH", "ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "DOTNET_STARTUP_HOOKS"],
]);
const PREFIXES: readonly string[] = ["LD_", "DYLD_", "PYTHON", "BASH_FUNC_", "DENO_", "LUA_INIT_"];

/** Tells whether a variable decides which code a program loads. */
export function isLoadingVariable(name: string): boolean {
  return NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}
