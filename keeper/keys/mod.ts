/**
 * The keys of a keeper: the one that it signs with, and the enrolment secrets of its apps.
 *
 * @module
 */
export { readCredential } from "./credentials.ts";
export { disclosedSecret, secretIn, type SecretKind } from "./disclosed_secret.ts";
export { checkApp, generateEnrolmentSecret, readEnrolmentSecret } from "./enrolment_secret.ts";
export { type EnrolmentSearchContext, EnrolmentWatch } from "./enrolment_watch.ts";
export { findSigner, type KeySearchContext, type SignerSearchContext } from "./keeper_key.ts";
export type { KeyEntry, KeyPlace } from "./key_index.ts";
export { commandFor, describeKey, type KeyRing, type KeySaveOptions } from "./key_ring.ts";
export { askYesNo, removalQuestion, takeSecret } from "./operator_dialogue.ts";
export { checkAddress, readPrivateKey } from "./private_key.ts";
export { createStatementSigner } from "../statement_signer.ts";
export type { KeyKind, KeyName, KeyStoreChoice, KeyStoreName } from "./stores/mod.ts";
export { type KeyRingContext, type KeyRingParts, openKeyRing } from "./system_key_ring.ts";
