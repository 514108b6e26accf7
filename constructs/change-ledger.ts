import type { DynamodbTable } from "@cdktf/provider-aws/lib/dynamodb-table";
import { DynamodbTableItem } from "@cdktf/provider-aws/lib/dynamodb-table-item";
import { Construct } from "constructs";

import { marshallItem } from "../src/compile/table-items";
import { CONTROL_START, DUE_AT, DUE_INDEX, DUE_QUEUE, PARTITION_KEY } from "../src/core";
import { readable } from "./logical-id";
import type { PartProps, Retention } from "./settings";
import { governedTable } from "./table";
import { terraformLiteralJson } from "./terraform-json";

export interface ChangeLedgerProps extends PartProps {
  /** Key that encrypts both tables. */
  readonly dataKeyArn: string;
  /** @default "retain" */
  readonly retention?: Retention;
}

/**
 * The two tables of record. The ledger holds what was asked, decided, approved, attempted and shown, in items that no runtime
 * role updates or deletes, each kind put by the role whose it is. The control table holds what moves: switch, breaker, leases, pointers, waits.
 *
 * Terraform creates switch (`running`) and breaker (`ok`) once and then leaves them alone: an apply never restarts what an
 * operator or the breaker stopped.
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
    this.switchItem = this.startItem("switch", CONTROL_START.switch);
    this.breakerItem = this.startItem("breaker", CONTROL_START.breaker);
  }

  private startItem(id: string, plain: Readonly<Record<string, unknown>>): DynamodbTableItem {
    return readable(
      new DynamodbTableItem(this, id, {
        tableName: this.controlTable.name,
        hashKey: PARTITION_KEY,
        item: terraformLiteralJson(marshallItem(plain)),
        lifecycle: { ignoreChanges: ["item"] },
      }),
    );
  }
}
