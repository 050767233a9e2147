/**
 * Actions with schemas, where they are registered, and the calls that are made of them.
 *
 * @module
 */
export {
  LIST_ACTIONS,
  listActionsBy,
  type ListActionsInput,
  type ListedAction,
  openActionRegister,
} from "./action_list.ts";
export { type CallStep, type CallSteps, followSteps, stepOf } from "./call_steps.ts";
export { ActionRegister, type ActionRegistration } from "./action_register.ts";
export {
  type ActionOptions,
  type ActionWork,
  defineAction,
  type DefinedAction,
  implementContract,
} from "./defined_action.ts";
export { type ContractOptions, defineContract, type DefinedContract } from "./defined_contract.ts";
export type {
  JsonSchemaMaker,
  JsonSchemaOptions,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
  StandardSchemaMember,
} from "./standard_schema.ts";
export { ANY_JSON } from "./value_check.ts";
export * from "../calls/mod.ts";
