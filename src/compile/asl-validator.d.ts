/** The package ships no types of its own. It writes into the definition it is given: hand it a copy. */
declare module "asl-validator" {
  interface AslError {
    readonly "Error code": string;
    readonly Message: string;
    readonly schemaError?: { readonly instancePath: string; readonly schemaPath: string };
  }
  function validate(
    definition: object,
    options?: { readonly checkPaths: boolean; readonly checkArn: boolean },
  ): { readonly isValid: boolean; readonly errors: readonly AslError[] };
  export = validate;
}
