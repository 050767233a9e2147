/**
 * Where a registrar answers.
 *
 * @module
 */
/** The path below which a registrar answers. */
export const REGISTRATIONS_PATH = "/registrations";
