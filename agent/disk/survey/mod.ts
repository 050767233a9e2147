/**
 * What is on the disk, compared with what should be.
 *
 * @module
 */
export { surveyDisk } from "./disk_survey.ts";
export { Findings, type FoundRemoval } from "./findings.ts";
export { isOurFile } from "./our_tree.ts";
