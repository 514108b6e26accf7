import { Hris, HrisWriteBack, Source, type HrisWriteBackProps } from "../../constructs";
import { SMALL_POLICY, smallProps, synthesize } from "../helpers/synth";
import { objections, proofOf } from "../review/stacks";

const govSecret = (name: string): string =>
  `arn:aws-us-gov:secretsmanager:us-gov-west-1:444455556666:secret:hris/${name}`;

/** Ways to ask for a stack, each of which must be provable as it is synthesized. */
const VARIANTS: readonly (readonly [string, Partial<HrisWriteBackProps>])[] = [
  ["as it comes", {}],
  [
    "with keys that exist",
    {
      keys: {
        dataKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/0d1a",
        digestKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/0d1b",
      },
    },
  ],
  ["with a key for its logs", { logKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/0d1c" }],
  ["with a guard on the writer secret", { guardWriterSecret: {} }],
  [
    "with a guard that lets a rotation in",
    { guardWriterSecret: { rotationRoleArns: ["arn:aws:iam::111122223333:role/rotation"] } },
  ],
  ["with somebody who moves dead letters back", { redriveOperatorArns: ["arn:aws:iam::111122223333:role/redrive"] }],
  [
    "with a connector of the customer's",
    { connectorFunctionArn: "arn:aws:lambda:eu-west-1:111122223333:function:their-connector" },
  ],
  ["with auditors who check digests", { auditorArns: ["arn:aws:iam::111122223333:role/auditor"] }],
  ["as a trial that can be taken down", { retention: "destroy" }],
  ["with an access log", { gatewayAccessLog: "cloudwatch" }],
  ["with reserved concurrency", { reservedConcurrency: 5 }],
  ["with tags of one's own", { tags: { team: "identity", "aws-cost": "hr" } }],
  ["with nobody who publishes", { publishers: { joiner: [], assistant: [] } }],
  [
    "with one role for two publishers",
    {
      publishers: {
        joiner: ["arn:aws:iam::111122223333:role/both"],
        assistant: ["arn:aws:iam::111122223333:role/both"],
      },
    },
  ],
  [
    "with a publisher of another account",
    {
      publishers: {
        joiner: ["arn:aws:iam::444455556666:role/joiner"],
        assistant: ["arn:aws:iam::111122223333:user/assistant"],
      },
    },
  ],
  [
    "without a safe field",
    {
      policy: {
        text: SMALL_POLICY.replace(
          "{ class: safe,",
          "{ class: conditional, check: none, approval: { groups: [{ group: iam-approvers, count: 1 }], expires: PT4H },",
        ),
      },
    },
  ],
  [
    "in another region and partition",
    {
      placement: { prefix: "other", accountId: "444455556666", region: "us-gov-west-1" },
      hris: Hris.bambooHr({
        company: { domain: "example" },
        timeZone: "Europe/London",
        readerSecretArn: govSecret("reader-a1B2c3"),
        writerSecretArn: govSecret("writer-d4E5f6"),
      }),
      systems: {
        directory: Source.scim({
          baseUrl: "https://directory.example.com/scim/v2",
          secretArn: govSecret("directory-g7H8i9"),
        }),
      },
      publishers: {
        joiner: ["arn:aws-us-gov:iam::444455556666:role/joiner"],
        assistant: ["arn:aws-us-gov:iam::444455556666:role/assistant"],
      },
    },
  ],
];

describe("the stack that the front door synthesizes", () => {
  test.each(VARIANTS)("is proved %s", (_name, overrides) => {
    const json = synthesize((stack) => new HrisWriteBack(stack, "write-back", smallProps(overrides)));
    expect(objections(proofOf(json))).toEqual([]);
  });
});
