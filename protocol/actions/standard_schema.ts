/**
 * What a schema library has to offer for its schemas to describe actions: Standard Schema, version 1.
 *
 * @module
 */

/** Something wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, for people; it may repeat the value, so it goes into no log and over no wire. */
  readonly message: string;
  /** Where: the members and places that lead there, from the outside. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema makes of a value, or what is wrong with it. */
export type SchemaResult<Output> =
  /** The value fits. */
  | {
    /** What the schema makes of it. */
    readonly value: Output;
    /** Nothing is wrong. */
    readonly issues?: undefined;
  }
  /** The value does not fit. */
  | {
    /** What is wrong; at least one. */
    readonly issues: readonly SchemaIssue[];
  };

/** The options of {@linkcode JsonSchemaMaker}. */
export interface JsonSchemaOptions {
  /** The dialect of JSON Schema. */
  readonly target: "draft-2020-12";
}

/** Makes JSON Schemas of both sides of a schema; either may throw where there is none. */
export interface JsonSchemaMaker {
  /** Describes what goes into the schema. */
  readonly input: (options: JsonSchemaOptions) => Record<string, unknown>;
  /** Describes what comes out of it. */
  readonly output: (options: JsonSchemaOptions) => Record<string, unknown>;
}

/** The member of a schema by which it works with any library. */
export interface StandardSchemaMember<Input, Output> {
  /** The version of Standard Schema. */
  readonly version: 1;
  /** The name of the library. */
  readonly vendor: string;
  /** Checks a value, and may make another one of it. */
  readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** Describes it as JSON Schema, where the library can. */
  readonly jsonSchema?: JsonSchemaMaker | undefined;
  /** Its types; there at compile time alone. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/**
 * A schema of any library that keeps to Standard Schema, such as Valibot, Zod or ArkType, or one by hand.
 *
 * @example
 * ```ts
 * import type { StandardSchema } from "@fluxvault/fluxvault/protocol";
 *
 * const days: StandardSchema<number> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "my-app",
 *     validate: (value) =>
 *       typeof value === "number" ? { value } : { issues: [{ message: "a number is needed" }] },
 *   },
 * };
 * console.assert(days["~standard"].version === 1);
 * ```
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** All that there is to it. */
  readonly "~standard": StandardSchemaMember<Input, Output>;
}
