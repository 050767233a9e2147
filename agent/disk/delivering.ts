/**
 * What the disk needs only while a keeper delivers: loaded with the first delivery, and no part of what
 * an agent loads to start.
 *
 * @module
 */
export { DiskDelivery } from "./disk_delivery.ts";
export { Findings, surveyDisk } from "./survey/mod.ts";
