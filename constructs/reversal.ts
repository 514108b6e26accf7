import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import { ENV } from "../src/core";
import type { ChangeLedger } from "./change-ledger";
import type { FieldClassification } from "./field-classification";
import { HandlerFunction } from "./handler-function";
import type { FunctionPartProps } from "./settings";

export interface ReversalProps extends FunctionPartProps {
  readonly classification: FieldClassification;
  readonly ledger: ChangeLedger;
  readonly documents: RoleDocuments;
  /**
   * Whole days after a write within which it can be taken back, from 1 to 3,650.
   * @default 30
   */
  readonly withinDays?: number;
}

/** Days after a write within which it can be taken back, where nobody says otherwise. */
const REVERSAL_DAYS = 30;

/** A few reads of the ledger, one transaction, one start. */
const TIMEOUT_SECONDS = 30;

/**
 * Takes back what was written: a function that an operator invokes with `{ requestId, field, reason }` and no value. What was written and what
 * was there before it reads in the ledger; what it makes is a request like any other, which two of the field owner's group have to approve. Who
 * may invoke it is the account's to say, by `lambda:InvokeFunction` on its ARN.
 */
export class Reversal extends Construct {
  readonly function: HandlerFunction;

  constructor(scope: Construct, id: string, props: ReversalProps) {
    super(scope, id);
    const { names } = props;
    this.function = new HandlerFunction(this, "reversal", {
      ...props,
      handler: "reversal",
      description: "reversal: begins to take back what a change wrote",
      environment: {
        [ENV.classificationTable]: names.classificationTable.name,
        [ENV.ledgerTable]: names.ledgerTable.name,
        [ENV.controlTable]: names.controlTable.name,
        [ENV.manifestHash]: props.classification.manifestHash,
        [ENV.stateMachineArn]: names.stateMachine.arn,
        [ENV.reversalDays]: String(props.withinDays ?? REVERSAL_DAYS),
      },
      timeoutSeconds: TIMEOUT_SECONDS,
      reservedConcurrency: undefined,
      dependsOn: [props.classification.manifest],
    });
  }
}
