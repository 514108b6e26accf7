import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Testing } from "cdktf";

import { HrisWriteBack, type AuditProps, type SynthError } from "../../constructs";
import { compileNames } from "../../src/compile";
import { compileAuditQueries, compileAuditTables } from "../../src/compile/audit";
import type { Finding } from "../../src/core";
import { newStack, one, smallProps, unescaped, writeBackWith, type SynthJson } from "../helpers/synth";

const withAudit = (audit: Partial<AuditProps>): SynthJson => writeBackWith({ audit: { deployerArns: [], ...audit } });
const json = withAudit({ queries: true });
const names = compileNames({ prefix: "test", accountId: "111122223333", region: "eu-west-1" });
const queries = compileAuditQueries(names, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:w-a1B2c3");
const [calls, evidence] = compileAuditTables(names, ["eu-west-1", "us-east-1"]);

describe("the tables that auditors ask", () => {
  test("are over the trail's log files, a partition a Region and day, and over the evidence, line by line", () => {
    const table = one(json, "aws_glue_catalog_table", "cloudtrail");
    const parameters = table["parameters"] as Readonly<Record<string, string>>;
    const bucket = String(one(json, "aws_s3_bucket", "archive")["bucket"]);
    expect(unescaped(parameters["storage.location.template"])).toBe(
      `s3://${bucket}/AWSLogs/111122223333/CloudTrail/\${region}/\${day}`,
    );
    expect(parameters).toMatchObject({
      "projection.enabled": "true",
      "projection.region.values": "eu-west-1,us-east-1",
      "projection.day.format": "yyyy/MM/dd",
    });
    expect(table["partition_keys"]).toMatchObject([{ name: "region" }, { name: "day" }]);
    expect(one(json, "aws_glue_catalog_table", "evidence")).toMatchObject({
      storage_descriptor: { location: `s3://${bucket}/evidence/v1/`, columns: [{ name: "line", type: "string" }] },
    });
  });

  test("have each column once, of a type that closes what it opens", () => {
    for (const table of [calls, evidence]) {
      const columns = [...table!.columns, ...table!.partitions];
      expect(new Set(columns.map(({ name }) => name)).size).toBe(columns.length);
      for (const { type } of columns) expect(type.split("<").length).toBe(type.split(">").length);
    }
  });
});

describe("the questions", () => {
  test("are asked of tables and columns that are there", () => {
    const known = new Set([...calls!.columns, ...calls!.partitions].map(({ name }) => name));
    for (const { name, sql } of queries) {
      const tables = [...sql.matchAll(/"test_audit"\."(\w+)"/g)].map(([, table]) => table);
      expect([name, tables.length > 0]).toEqual([name, true]);
      for (const table of tables) expect([calls!.name, evidence!.name]).toContain(table);
      // Words that are no text, function, keyword or alias are columns.
      const bare = sql
        .replace(/'[^']*'/g, "")
        .replace(/AS \w+/g, "")
        .replace(/"[^"]*"/g, "");
      const words = [...bare.matchAll(/(?<![.\w])([a-z_]\w*)(?!\w*\()/g)].map(([, word]) => word ?? "");
      const columns = words.filter(
        (word) => !["r", "line", "happened", "interval", "day", "current_date"].includes(word),
      );
      expect([name, columns.filter((word) => !known.has(word))]).toEqual([name, []]);
    }
  });

  test("of calls name their days, so that none reads seven years", () => {
    for (const { name, sql } of queries) {
      const ofCalls = sql.split("UNION ALL").filter((part) => part.includes('"cloudtrail"'));
      for (const part of ofCalls) expect([name, /WHERE day >= /.test(part)]).toEqual([name, true]);
    }
  });

  test("name the resources that they are about", () => {
    const sqlOf = (name: string): string => queries.find((each) => each.name === name)?.sql ?? "";
    expect(sqlOf("who-assumed-the-connector-role")).toContain(names.role("connector").arn);
    expect(sqlOf("who-read-the-writer-secret")).toContain(":secret:w-a1B2c3");
    expect(sqlOf("who-changed-the-classification")).toContain(names.classificationTable.arn);
    expect(sqlOf("uses-of-the-kill-switch")).toContain(names.killSwitch.arn);
    expect(sqlOf("activity-of-a-grant").match(/= \?/g)).toHaveLength(2);
    expect(sqlOf("denied-at-the-gateway")).toContain("'grant-end#%'");
  });

  test("are named queries of one workgroup, with results that leave again and a limit to what one may read", () => {
    const made = Object.values(json.resource["aws_athena_named_query"] ?? {});
    expect(made.map(({ name }) => name).sort()).toEqual(queries.map(({ name }) => name).sort());
    expect(one(json, "aws_athena_workgroup")).toMatchObject({
      configuration: {
        enforce_workgroup_configuration: true,
        bytes_scanned_cutoff_per_query: 100 * 1024 ** 3,
        result_configuration: { encryption_configuration: { encryption_option: "SSE_S3" } },
      },
    });
    expect(one(json, "aws_s3_bucket_lifecycle_configuration", "results")["rule"]).toMatchObject([
      { expiration: [{ days: 30 }] },
    ]);
    expect(one(json, "aws_s3_bucket_public_access_block", "results")).toMatchObject({ restrict_public_buckets: true });
  });

  test("are not there unless asked for, and refused where the bucket is another's", () => {
    expect(withAudit({}).resource["aws_athena_workgroup"]).toBeUndefined();
    const refused = (audit: (stack: ReturnType<typeof newStack>) => Partial<AuditProps>): readonly Finding[] => {
      const stack = newStack();
      try {
        new HrisWriteBack(
          stack,
          "write-back",
          smallProps({ audit: { deployerArns: [], queries: true, ...audit(stack) } }),
        );
        Testing.synth(stack);
        return [];
      } catch (error) {
        return (error as SynthError).findings;
      }
    };
    const trailArn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org";
    const expected = [{ code: "AuditInvalid", path: "audit.queries" }];
    expect(refused(() => ({ trail: { kind: "existing", trailArn } }))).toMatchObject(expected);
    expect(
      refused((stack) => {
        const provider = new AwsProvider(stack, "archive", { alias: "archive", region: "eu-west-1" });
        return { trail: { kind: "create", archive: { accountId: "999988887777", provider } } };
      }),
    ).toMatchObject(expected);
  });
});
