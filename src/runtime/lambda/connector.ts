import { createSignedHttp } from "../aws/signed-http";
import { createHandler } from "../handlers/connector";

/** Entry of the managed `connector` function, which the broker invokes. */
export const handler = createHandler({ http: createSignedHttp() });
