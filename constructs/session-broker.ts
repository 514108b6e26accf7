import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { DEADLINES_MS, ENV } from "../src/core";
import type { FieldClassification } from "./field-classification";
import type { ChangeLedger } from "./change-ledger";
import { HandlerFunction } from "./handler-function";
import type { FunctionPartProps } from "./settings";

/** The workload that carries a change to the gateway: ours, or a function of the customer's. */
export type Connector =
  | { readonly kind: "managed"; readonly documents: RoleDocuments }
  /** The broker is allowed to invoke exactly this function. It gets the payload of `connectorInputSchema`. */
  | { readonly kind: "existing"; readonly functionArn: string };

export interface SessionBrokerProps extends FunctionPartProps {
  readonly classification: FieldClassification;
  readonly ledger: ChangeLedger;
  /** Documents of the principal `broker`. */
  readonly documents: RoleDocuments;
  readonly connector: Connector;
  /** The field gateway's URL with its stage, without a trailing slash. */
  readonly gatewayUrl: string;
  readonly sessionPolicyTemplate: string;
  /** @default - not reserved */
  readonly reservedConcurrency?: number;
}

/**
 * Opens a grant, mints the session that can use it, and hands both to the connector. The only principal that may assume the
 * connector role. Nothing is kept: neither credentials nor the connector's word.
 */
export class SessionBroker extends Construct {
  readonly broker: HandlerFunction;
  /** Absent where the customer brings the connector. */
  readonly connector?: HandlerFunction;

  constructor(scope: Construct, id: string, props: SessionBrokerProps) {
    super(scope, id);
    const { names, connector } = props;
    if (connector.kind === "managed") {
      this.connector = new HandlerFunction(this, "connector-execution", {
        ...props,
        handler: "connector",
        description: "connector: sends one request to the field gateway with the session it was handed",
        documents: connector.documents,
        environment: {},
        timeoutSeconds: DEADLINES_MS.connector / 1000,
        reservedConcurrency: undefined,
        dependsOn: [],
      });
    }
    this.broker = new HandlerFunction(this, "broker", {
      ...props,
      handler: "broker",
      description: "broker: opens a grant and mints the session for it",
      environment: {
        [ENV.classificationTable]: names.classificationTable.name,
        [ENV.ledgerTable]: names.ledgerTable.name,
        [ENV.controlTable]: names.controlTable.name,
        [ENV.manifestHash]: props.classification.manifestHash,
        [ENV.connectorRoleArn]: names.role("connector").arn,
        [ENV.connectorFunctionName]:
          connector.kind === "existing" ? connector.functionArn : names.function("connector").name,
        [ENV.gatewayUrl]: props.gatewayUrl,
        [ENV.sessionPolicyTemplate]: props.sessionPolicyTemplate,
      },
      timeoutSeconds: DEADLINES_MS.broker / 1000,
      dependsOn: [props.classification.manifest],
    });
  }
}
