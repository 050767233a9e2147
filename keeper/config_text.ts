/**
 * Parses the text of config files: loaded where there is one.
 *
 * In a file of its own since the package is CommonJS: where a bundle is split, what is loaded later has
 * the names of ES modules alone.
 *
 * @module
 */
export { parse as parseConfig } from "yaml";
