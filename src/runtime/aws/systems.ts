import { fetchHttp } from "../../hris/http";
import { parseConnections, systemsOf } from "../../hris/connection";
import type { Systems } from "../ports";
import { createSecrets, type ReadSecret } from "./secrets";

/** The systems of a function's `CONNECTIONS`: each with the one secret that its connection names. Throws `ConnectionError`. */
export function createSystems(
  connections: string,
  hrisSystem: string,
  readSecret: ReadSecret = createSecrets(),
): Systems {
  return systemsOf(parseConnections(connections), hrisSystem, ({ secretArn }) => ({
    http: fetchHttp,
    secret: (fresh) => readSecret(secretArn, fresh),
  }));
}
