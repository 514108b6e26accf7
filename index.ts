/**
 * A governed HRIS write-back on AWS as CDKTF constructs: `HrisWriteBack` is the front door, the parts are public too.
 *
 * @packageDocumentation
 */
export * from "./constructs";
export { compileNames, type Names, type Placement } from "./src/compile/names";
export { PolicyError, UsageError, type Finding, type Severity } from "./src/core";
export { checkPolicy, checkPolicyText, parsePolicy, type Policy, type PolicyInput } from "./src/policy";
