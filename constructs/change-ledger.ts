import { DataAwsDynamodbTableItem } from "@cdktf/provider-aws/lib/data-aws-dynamodb-table-item";
import type { DynamodbTable } from "@cdktf/provider-aws/lib/dynamodb-table";
import { DynamodbTableItem } from "@cdktf/provider-aws/lib/dynamodb-table-item";
import { TerraformResource } from "cdktf";
import { Construct } from "constructs";

import { marshallItem } from "../src/compile/table-items";
import { CONTROL_LOST, CONTROL_START, DUE_AT, DUE_INDEX, DUE_QUEUE, PARTITION_KEY } from "../src/core";
import { readable } from "./logical-id";
import type { PartProps, Retention } from "./settings";
import { governedTable } from "./table";
import { addTerraformAssertion } from "./terraform-check";
import { terraformLiteralJson } from "./terraform-json";

export interface ChangeLedgerProps extends PartProps {
  /** Key that encrypts both tables. */
  readonly dataKeyArn: string;
  /**
   * Whether a stream tells what the ledger takes: evidence is made of it.
   * @default false
   */
  readonly stream?: boolean;
  /** @default "retain" */
  readonly retention?: Retention;
}

/**
 * The two tables of record. The ledger holds what was asked, decided, approved, attempted and shown, in items that no runtime
 * role updates or deletes, each kind put by the role whose it is. The control table holds what moves: switch, breaker, leases, pointers, waits.
 *
 * Terraform creates switch (`running`) and breaker (`ok`) once and then leaves them alone: an apply never restarts what an
 * operator or the breaker stopped. An item that somebody deleted means stopped, and Terraform makes it anew as `stopped`: what the stack
 * was born with tells the first apply from every later one. Each plan warns while the system is stopped.
 */
export class ChangeLedger extends Construct {
  readonly ledgerTable: DynamodbTable;
  readonly controlTable: DynamodbTable;
  readonly switchItem: DynamodbTableItem;
  readonly breakerItem: DynamodbTableItem;

  constructor(scope: Construct, id: string, props: ChangeLedgerProps) {
    super(scope, id);
    const { names, dataKeyArn, retention, tags } = props;
    this.ledgerTable = governedTable(this, "table", {
      name: names.ledgerTable.name,
      sortKey: true,
      stream: props.stream,
      dataKeyArn,
      retention,
      tags,
    });
    this.controlTable = governedTable(this, "control-table", {
      name: names.controlTable.name,
      sortKey: false,
      dataKeyArn,
      retention,
      tags,
      index: { name: DUE_INDEX, hashKey: DUE_QUEUE, rangeKey: DUE_AT, projectionType: "ALL" },
    });
    const born = readable(
      // Not CDKTF's `DataResource`, which asks a `terraform` on the PATH for its version: a synth needs Node alone.
      new TerraformResource(this, "born", {
        terraformResourceType: "terraform_data",
        terraformGeneratorMetadata: { providerName: "terraform" },
        lifecycle: { ignoreChanges: ["input"] },
        // Made when the table is, so that an apply that ends between them is seldom.
        dependsOn: [this.controlTable],
      }),
    );
    born.addOverride("input", "${plantimestamp()}");
    this.switchItem = this.startItem("switch", CONTROL_START.switch, CONTROL_LOST.switch, born);
    this.breakerItem = this.startItem("breaker", CONTROL_START.breaker, CONTROL_LOST.breaker, born);
    this.warnWhileStopped();
  }

  /** Creates an item of the control table, at the first apply as it starts, and at any later one as what a missing item means. */
  private startItem(
    id: string,
    start: Readonly<Record<"pk" | "state", string>>,
    lost: Readonly<Record<"pk" | "state", string>>,
    born: TerraformResource,
  ): DynamodbTableItem {
    const state = `\${${addressOf(born)}.output == plantimestamp() ? "${start.state}" : "${lost.state}"}`;
    const item = readable(
      new DynamodbTableItem(this, id, {
        tableName: this.controlTable.name,
        hashKey: PARTITION_KEY,
        item: "",
        lifecycle: { ignoreChanges: ["item"] },
      }),
    );
    const text = terraformLiteralJson(marshallItem(start));
    // A reviewer reads both states in the synthesized stack.
    item.addOverride("item", text.replace(JSON.stringify({ S: start.state }), `{"S":"${state}"}`));
    return item;
  }

  /** The items are DynamoDB's to tell: Terraform looks, at every plan and apply, and changes nothing. */
  private warnWhileStopped(): void {
    const look = (
      id: string,
      item: DynamodbTableItem,
      start: Readonly<Record<"pk" | "state", string>>,
      message: string,
    ): void => {
      const found = readable(
        new DataAwsDynamodbTableItem(this, id, {
          tableName: "",
          key: terraformLiteralJson(marshallItem({ [PARTITION_KEY]: start.pk })),
        }),
      );
      // Known when the item is there, and not before: one that is still to be made is looked up after it was.
      found.addOverride("table_name", `\${${addressOf(item)}.id == "" ? "" : ${addressOf(this.controlTable)}.name}`);
      const condition = `jsondecode(data.${found.terraformResourceType}.${found.friendlyUniqueId}.item).state.S == "${start.state}"`;
      addTerraformAssertion(this, id, { condition, message });
    };
    look(
      "runs",
      this.switchItem,
      CONTROL_START.switch,
      "The system is stopped: nothing is written to the HRIS, and this apply does not start it. Two operators let it run again; `hris-writeback status` says how it stands.",
    );
    look(
      "breaker-holds",
      this.breakerItem,
      CONTROL_START.breaker,
      "The breaker has tripped: so many writes came that nothing is written any more. Two operators let it run again, when they know why.",
    );
  }
}

/** A resource's address, as Terraform's expressions write it. */
function addressOf(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}
