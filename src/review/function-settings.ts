import { ENV } from "../core";
import { blockOf, textOf } from "./body";
import { together, type Findings, type Invariant } from "./finding";
import type { Body } from "./stack";
import type { System } from "./system";

/** Variables with which the runtime loads other code, or talks to somebody else than it is meant to. */
const HIJACKS =
  /^(?:AWS_LAMBDA_EXEC_WRAPPER|AWS_LAMBDA_RUNTIME_API|NODE_OPTIONS|NODE_PATH|LD_PRELOAD|LD_LIBRARY_PATH|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|SSL_CERT_(?:FILE|DIR)|(?:https?|all)_proxy|AWS_ENDPOINT_URL(?:_\w+)?|AWS_CA_BUNDLE|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE|CONFIG_FILE|SHARED_CREDENTIALS_FILE|ROLE_ARN|CONTAINER_\w+))$/i;

/** Code that runs as a principal besides its handler, whose tests say nothing of it. */
export function proveCodeAlone(system: System): Findings {
  const packages = system.functions.flatMap(({ principal, resource }) =>
    principal?.tag === undefined ? [] : [packageOf(resource.body)],
  );
  const times = (name: string): number => packages.filter((each) => each === name).length;
  const usual = [...packages].sort((a, b) => times(b) - times(a) || (a < b ? -1 : 1))[0];
  return together(
    system.functions.map(({ principal, resource, environment }): Partial<Findings> => {
      if (principal?.tag === undefined) return {};
      const { address, body } = resource;
      const layers = [body["layers"] ?? []].flat().length > 0 ? ["layers"] : [];
      const files = blockOf(body, "file_system_config") === undefined ? [] : ["a file system"];
      const variables = Object.keys(environment)
        .filter((name) => HIJACKS.test(name))
        .sort()
        .map((name) => `\`${name}\``);
      const packaged = packageOf(body) === usual ? [] : [`a package unlike its siblings' (${packageOf(body)})`];
      const by = [...layers, ...files, ...variables, ...packaged];
      if (by.length === 0) return {};
      const message = `${by.join(", ")} of \`${address}\`: what else runs as ${principal.tag}, or whom it then talks to, is not known here`;
      return { unread: [{ code: "UnreadCode", invariants: [2, 4, 5, 7], message, resources: [address] }] };
    }),
  );
}

/** Where a function's code comes from: handlers of one build come from one place, and are called alike. */
function packageOf(body: Body): string {
  const image = textOf(body, "image_uri");
  if (image !== undefined) return `the image ${image.replace(/[:@][^/]*$/, "")}`;
  const bucket = textOf(body, "s3_bucket");
  const handler = textOf(body, "handler") ?? "no handler";
  return `${bucket === undefined ? "a file" : `the bucket ${bucket}`}, ${handler}, ${textOf(body, "runtime") ?? "no runtime"}`;
}

/** The members of the environment that must say the same to all, and what does not hold where they do not. */
const SHARED: readonly (readonly [variable: string, what: string, invariants: readonly Invariant[]])[] = [
  [ENV.classificationTable, "classification table", [1, 4]],
  [ENV.ledgerTable, "ledger", [4, 5]],
  [ENV.controlTable, "control table", [5, 6]],
  [ENV.digestKeyArn, "digest key", [4]],
  [ENV.dataKeyArn, "data key", [2, 7]],
  [ENV.connectorRoleArn, "connector role", [2, 6]],
  [ENV.busName, "bus", [2]],
  [ENV.stateMachineArn, "workflow", [1, 6]],
];

/** Handlers work on the same tables and keys: a switch in another table stops nobody, a digest by another key approves something else. */
export function proveSameParts(system: System): Findings {
  return together(
    SHARED.map(([variable, what, invariants]): Partial<Findings> => {
      const told = system.functions.flatMap(({ principal, resource, environment }) => {
        const value = environment[variable];
        return principal?.tag === undefined || typeof value !== "string"
          ? []
          : [{ tag: principal.tag, value, address: resource.address }];
      });
      const most = told
        .map(({ value }) => value)
        .sort((a, b) => count(told, b) - count(told, a) || (a < b ? -1 : 1))[0];
      const others = told.filter(({ value }) => value !== most);
      if (others.length === 0) return {};
      const message = `${others.map(({ tag, value }) => `${tag} (\`${value}\`)`).join(", ")} ${others.length === 1 ? "works" : "work"} with another ${what} than ${told.length - others.length} other functions (\`${most ?? ""}\`)`;
      return {
        counterexamples: [
          { code: "PartsDiffer", invariants, message, resources: others.map(({ address }) => address) },
        ],
      };
    }),
  );
}

function count(told: readonly { readonly value: string }[], wanted: string): number {
  return told.filter(({ value }) => value === wanted).length;
}
