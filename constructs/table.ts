import { DynamodbTable, type DynamodbTableGlobalSecondaryIndex } from "@cdktf/provider-aws/lib/dynamodb-table";
import type { Construct } from "constructs";

import { PARTITION_KEY, SORT_KEY } from "../src/core";
import { readable } from "./logical-id";
import type { Retention } from "./settings";

export interface GovernedTableProps {
  readonly name: string;
  /** Whether items have a sort key beside the partition key. */
  readonly sortKey: boolean;
  readonly dataKeyArn: string;
  /** @default "retain" */
  readonly retention?: Retention;
  /** @default - none */
  readonly index?: DynamodbTableGlobalSecondaryIndex;
  /**
   * Whether a stream tells of every change, with the item before and after.
   * @default false
   */
  readonly stream?: boolean;
  /** @default {} */
  readonly tags?: Readonly<Record<string, string>>;
}

/** A table as all of ours are: on demand, encrypted by the data key, restorable to any point in time, protected from deletion. */
export function governedTable(scope: Construct, id: string, props: GovernedTableProps): DynamodbTable {
  const { index } = props;
  const retained = (props.retention ?? "retain") === "retain";
  const keys = [
    PARTITION_KEY,
    ...(props.sortKey ? [SORT_KEY] : []),
    ...(index === undefined ? [] : [index.hashKey, ...(index.rangeKey === undefined ? [] : [index.rangeKey])]),
  ];
  return readable(
    new DynamodbTable(scope, id, {
      name: props.name,
      billingMode: "PAY_PER_REQUEST",
      hashKey: PARTITION_KEY,
      rangeKey: props.sortKey ? SORT_KEY : undefined,
      attribute: keys.map((name) => ({ name, type: "S" })),
      globalSecondaryIndex: index === undefined ? undefined : [index],
      ...(props.stream === true ? { streamEnabled: true, streamViewType: "NEW_AND_OLD_IMAGES" } : {}),
      serverSideEncryption: { enabled: true, kmsKeyArn: props.dataKeyArn },
      pointInTimeRecovery: { enabled: true },
      deletionProtectionEnabled: retained,
      lifecycle: retained ? { preventDestroy: true } : undefined,
      tags: props.tags,
    }),
  );
}
