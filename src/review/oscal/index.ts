export { CLAIMS, claimsOf } from "./claims";
export type { MadeClaim } from "./claim";
export { componentDefinition, controlsOf } from "./component-definition";
export { Facts } from "./facts";
export { controlTitle, FRAMEWORK_IDS, FRAMEWORKS } from "./frameworks";
