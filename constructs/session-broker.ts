import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { DEADLINES_MS, ENV } from "../src/core";
import type { FieldClassification } from "./field-classification";
import type { ChangeLedger } from "./change-ledger";
import type { ConnectorNetwork } from "./connector-network";
import { HandlerFunction } from "./handler-function";
import type { FunctionPartProps } from "./settings";
import { addTerraformCheck } from "./terraform-check";

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
  /**
   * The network that the connector runs in.
   * @default - no VPC
   */
  readonly network?: ConnectorNetwork;
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
    const { names, connector, network } = props;
    if (connector.kind === "managed") {
      this.connector = new HandlerFunction(this, "connector-execution", {
        ...props,
        handler: "connector",
        description: "connector: sends one request to the field gateway with the session it was handed",
        documents: connector.documents,
        environment: {},
        timeoutSeconds: DEADLINES_MS.connector / 1000,
        place: network?.functionPlace,
        reservedConcurrency: undefined,
        dependsOn: [],
      });
    } else if (network !== undefined) {
      this.checkPlace(connector.functionArn, network);
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
      canBeStopped: true,
      dependsOn: [props.classification.manifest],
    });
  }

  /** A connector of the customer's runs where it cannot reach anything else, or Terraform says so at every plan. */
  private checkPlace(functionArn: string, network: ConnectorNetwork): void {
    const { subnetIds, securityGroupIds } = network.functionPlace;
    const list = (ids: readonly string[]): string => `[${ids.map((id) => `"${id}"`).join(", ")}]`;
    addTerraformCheck(this, "connector-is-in-the-network", {
      type: "aws_lambda_function",
      arguments: { function_name: functionArn },
      assert: [
        {
          condition: (found) =>
            `length(${found}.vpc_config) == 1 && alltrue([for place in ${found}.vpc_config : length(place.subnet_ids) > 0 && length(setsubtract(place.subnet_ids, ${list(subnetIds)})) == 0])`,
          message: `The connector ${functionArn} does not run in the connector's subnets: see the output connector-subnet-ids. It cannot reach the gateway from elsewhere, and may have ways out there.`,
        },
        {
          condition: (found) =>
            `alltrue([for place in ${found}.vpc_config : toset(place.security_group_ids) == toset(${list(securityGroupIds)})])`,
          message: `The connector ${functionArn} does not have the connector's security group, or has others that may let it out: see the output connector-security-group-id.`,
        },
      ],
    });
  }
}
