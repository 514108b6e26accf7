import type { DynamodbTable } from "@cdktf/provider-aws/lib/dynamodb-table";
import { DynamodbTableItem } from "@cdktf/provider-aws/lib/dynamodb-table-item";
import { Construct } from "constructs";

import { marshallItem } from "../src/compile/table-items";
import { MANIFEST_KEY, PARTITION_KEY, SORT_KEY } from "../src/core";
import { policyItems, type Policy, type PolicyItem } from "../src/policy";
import { idOfName, readable } from "./logical-id";
import type { PartProps, Retention } from "./settings";
import { governedTable } from "./table";
import { terraformLiteralJson } from "./terraform-json";

export interface FieldClassificationProps extends PartProps {
  readonly policy: Policy;
  /** Key that encrypts the table. */
  readonly dataKeyArn: string;
  /** @default "retain" */
  readonly retention?: Retention;
}

/**
 * The policy as a table that handlers read and reviewers see: one item per field, segment, event, publisher, initiator rule,
 * exception and the breaker, so that a plan shows a change of class as one line. The manifest item, written last, holds the
 * hash over all of them.
 *
 * Functions pin the manifest's hash and depend on the manifest. While an apply is under way the table and the functions
 * disagree: handlers then answer `PolicyInTransition`, which the workflow retries, and nothing is written. The table comes
 * first so that a tightened policy stops the functions of the old one at once.
 */
export class FieldClassification extends Construct {
  readonly table: DynamodbTable;
  /** Items by sort key, without the manifest. */
  readonly items: Readonly<Record<string, DynamodbTableItem>>;
  /** What whoever pins the hash depends on. */
  readonly manifest: DynamodbTableItem;
  readonly manifestHash: string;

  constructor(scope: Construct, id: string, props: FieldClassificationProps) {
    super(scope, id);
    const { names, policy } = props;
    this.table = governedTable(this, "table", {
      name: names.classificationTable.name,
      sortKey: true,
      dataKeyArn: props.dataKeyArn,
      retention: props.retention,
      tags: props.tags,
    });

    const items = policyItems(policy);
    const item = (plain: PolicyItem, dependsOn?: DynamodbTableItem[]): DynamodbTableItem =>
      readable(
        new DynamodbTableItem(this, idOf(plain.sk), {
          tableName: this.table.name,
          hashKey: PARTITION_KEY,
          rangeKey: SORT_KEY,
          item: this.literal(plain),
          dependsOn,
        }),
      );
    const manifest = items.find(({ sk }) => sk === MANIFEST_KEY);
    if (manifest === undefined) throw new Error(`${this.node.path}: the policy's items hold no manifest`);
    this.items = Object.fromEntries(
      items.filter((plain) => plain !== manifest).map((plain) => [plain.sk, item(plain)]),
    );
    this.manifest = item(manifest, Object.values(this.items));
    this.manifestHash = manifest.hash;
  }

  private literal(plain: Readonly<Record<string, unknown>>): string {
    try {
      return terraformLiteralJson(marshallItem(plain));
    } catch (error) {
      throw new Error(
        `${this.node.path}: item \`${String(plain["sk"])}\` cannot be written: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** `field#work_email` as a construct id: `field_work_email`. */
function idOf(sortKey: string): string {
  const [kind = "", ...name] = sortKey.split("#");
  return name.length === 0 ? kind : `${kind}_${idOfName(name.join("#"))}`;
}
