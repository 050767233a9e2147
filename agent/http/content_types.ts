/**
 * What kind of contents a file has, by the end of its name.
 *
 * @module
 */

const TYPES: Readonly<Record<string, string>> = {
  cer: "application/pkix-cert",
  conf: "text/plain; charset=utf-8",
  crt: "application/x-x509-ca-cert",
  css: "text/css; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  env: "text/plain; charset=utf-8",
  gz: "application/gzip",
  htm: "text/html; charset=utf-8",
  html: "text/html; charset=utf-8",
  ini: "text/plain; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  key: "application/x-pem-file",
  md: "text/markdown; charset=utf-8",
  p12: "application/x-pkcs12",
  pem: "application/x-pem-file",
  pfx: "application/x-pkcs12",
  png: "image/png",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  toml: "application/toml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  xml: "application/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
  zip: "application/zip",
};

/** Returns the type of a file for `Content-Type`; nothing is known of most, and said then. */
export function contentTypeOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const end = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const type = name.includes(".") && Object.hasOwn(TYPES, end) ? TYPES[end] : undefined;
  return type ?? "application/octet-stream";
}
