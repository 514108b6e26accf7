import { AthenaNamedQuery } from "@cdktf/provider-aws/lib/athena-named-query";
import { AthenaWorkgroup } from "@cdktf/provider-aws/lib/athena-workgroup";
import { GlueCatalogDatabase } from "@cdktf/provider-aws/lib/glue-catalog-database";
import { GlueCatalogTable } from "@cdktf/provider-aws/lib/glue-catalog-table";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { Construct } from "constructs";

import { auditNames, compileAuditQueries, compileAuditTables, compileResultsBucketPolicy } from "../src/compile/audit";
import { readable } from "./logical-id";
import type { PartProps, Retention } from "./settings";
import { terraformJson, terraformText } from "./terraform-json";

export interface AuditQueriesProps extends PartProps {
  /** Regions whose calls are asked for. */
  readonly regions: readonly string[];
  readonly writerSecretArn: string;
  /** @default "retain" */
  readonly retention?: Retention;
}

/** Results are worth a look, not keeping: the records that they come from are kept. */
const RESULT_DAYS = 30;
/** The most that one query reads, in bytes: a question that forgot its days ends early. 100 GB cost half a dollar. */
const MOST_BYTES = 100 * 1024 ** 3;

const WRITES_NOTHING = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

/**
 * What auditors ask, ready to be asked: tables over the trail's log files and the evidence, and named queries in a workgroup of their own. It costs what a query reads.
 */
export class AuditQueries extends Construct {
  readonly workgroup: AthenaWorkgroup;
  readonly database: GlueCatalogDatabase;
  readonly queries: Readonly<Record<string, AthenaNamedQuery>>;

  constructor(scope: Construct, id: string, props: AuditQueriesProps) {
    super(scope, id);
    const { names, tags } = props;
    const ours = auditNames(names);
    const isTrial = props.retention === "destroy";
    const results = readable(
      new S3Bucket(this, "results", { bucket: ours.resultsBucket.name, forceDestroy: true, tags }),
    );
    const bucket = results.id;
    const closed = readable(
      new S3BucketPublicAccessBlock(this, "results-public-access-block", {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      }),
    );
    const policy = readable(
      new S3BucketPolicy(this, "results-policy", {
        bucket,
        policy: terraformJson(compileResultsBucketPolicy(names)),
        dependsOn: [closed],
      }),
    );
    readable(
      new S3BucketServerSideEncryptionConfigurationA(this, "results-encryption", {
        bucket,
        rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
      }),
    );
    readable(
      new S3BucketLifecycleConfiguration(this, "results-life", {
        bucket,
        rule: [{ id: "expire", status: "Enabled", filter: [{ prefix: "" }], expiration: [{ days: RESULT_DAYS }] }],
      }),
    );
    this.workgroup = readable(
      new AthenaWorkgroup(this, "workgroup", {
        name: ours.workgroup,
        description: "Questions of auditors over the trail and the evidence",
        forceDestroy: isTrial,
        configuration: {
          enforceWorkgroupConfiguration: true,
          publishCloudwatchMetricsEnabled: true,
          bytesScannedCutoffPerQuery: MOST_BYTES,
          resultConfiguration: {
            outputLocation: `s3://${ours.resultsBucket.name}/`,
            encryptionConfiguration: { encryptionOption: "SSE_S3" },
          },
        },
        tags,
        dependsOn: [policy],
      }),
    );
    this.database = readable(
      new GlueCatalogDatabase(this, "database", {
        name: ours.database,
        description: "What happened to a write-back",
      }),
    );
    for (const table of compileAuditTables(names, props.regions)) {
      readable(
        new GlueCatalogTable(this, `table-${table.name}`, {
          name: table.name,
          databaseName: this.database.name,
          description: table.description,
          tableType: "EXTERNAL_TABLE",
          parameters: Object.fromEntries(
            Object.entries(table.parameters).map(([key, value]) => [key, terraformText(value)]),
          ),
          partitionKeys: table.partitions.map((column) => ({ ...column })),
          storageDescriptor: {
            location: table.location,
            columns: table.columns.map((column) => ({ ...column })),
            inputFormat: table.inputFormat,
            outputFormat: WRITES_NOTHING,
            serDeInfo: { name: table.name, serializationLibrary: table.serializer },
          },
        }),
      );
    }
    this.queries = Object.fromEntries(
      compileAuditQueries(names, props.writerSecretArn).map(({ name, description, sql }) => [
        name,
        readable(
          new AthenaNamedQuery(this, name, {
            name,
            description,
            database: this.database.name,
            workgroup: this.workgroup.name,
            query: terraformText(sql),
          }),
        ),
      ]),
    );
  }
}
