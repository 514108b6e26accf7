import { checkArns, type GivenArns } from "../../src/compile/arns";
import { NAMES } from "../iam/helpers";

const SECRET = (name: string): string => `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${name}-AbCdEf`;

const FINE: GivenArns = {
  writerSecretArn: SECRET("hris/writer"),
  readerSecretArns: {
    "hris.readerSecretArn": SECRET("hris/reader"),
    "systems.directory.secretArn": SECRET("directory"),
  },
  keyArns: { "keys.dataKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234", logKeyArn: undefined },
  connectorFunctionArn: "arn:aws:lambda:eu-west-1:111122223333:function:my-connector:live",
  principalArns: { redriveOperatorArns: ["arn:aws:iam::111122223333:role/ops/redrive"] },
  publisherArns: { "publishers.identity.joiner": ["arn:aws:iam::111122223333:role/joiner"] },
};

const codes = (given: Partial<GivenArns>) =>
  checkArns(NAMES, { ...FINE, ...given }).map(({ code, path }) => `${code} ${path}`);

describe("ARNs that a stack is given", () => {
  test("are fine where each names one thing of the stack's Region", () => {
    expect(codes({})).toEqual([]);
  });

  test("may be references, which are not known at synth", () => {
    expect(
      codes({ writerSecretArn: "${TfToken[TOKEN.0]}", connectorFunctionArn: "${aws_lambda_function.x.arn}" }),
    ).toEqual([]);
  });

  test.each([
    ["hris/reader", "a name"],
    ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris/reader", "an ARN without its six characters"],
    ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:*", "a wildcard"],
    ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris/??????", "a pattern"],
    ["arn:aws:ssm:eu-west-1:111122223333:parameter/hris-AbCdEf", "another service"],
  ])("fails for the secret `%s`: %s", (arn) => {
    expect(codes({ writerSecretArn: arn })).toEqual(["ArnInvalid hris.writerSecretArn"]);
    expect(codes({ readerSecretArns: { "systems.x.secretArn": arn } })).toEqual(["ArnInvalid systems.x.secretArn"]);
  });

  test("fails where any reader has the writer's secret, a system that the policy does not ask among them", () => {
    expect(codes({ readerSecretArns: { "systems.unread.secretArn": FINE.writerSecretArn } })).toEqual([
      "WriterSecretShared systems.unread.secretArn",
    ]);
  });

  test("fails for a secret or a key of another Region, which the stack's functions do not reach", () => {
    expect(codes({ writerSecretArn: SECRET("w").replace("eu-west-1", "us-east-1") })).toEqual([
      "ArnOutOfRegion hris.writerSecretArn",
    ]);
    expect(codes({ keyArns: { logKeyArn: "arn:aws:kms:us-east-1:111122223333:key/1" } })).toEqual([
      "ArnOutOfRegion logKeyArn",
    ]);
  });

  test.each(["*", "arn:aws:kms:eu-west-1:111122223333:key/*", "arn:aws:kms:eu-west-1:111122223333:alias/x"])(
    "fails for the key `%s`",
    (arn) => {
      expect(codes({ keyArns: { "keys.digestKeyArn": arn } })).toEqual(["ArnInvalid keys.digestKeyArn"]);
    },
  );

  test.each(["*", "arn:aws:lambda:eu-west-1:111122223333:function:*", "my-connector"])(
    "fails for the connector `%s`",
    (arn) => {
      expect(codes({ connectorFunctionArn: arn })).toEqual(["ArnInvalid connectorFunctionArn"]);
    },
  );

  test.each(["gateway", "connector"] as const)(
    "fails for the stack's own %s as the connector of one's own",
    (handler) => {
      expect(codes({ connectorFunctionArn: NAMES.function(handler).arn })).toEqual([
        "ArnOfOwnStack connectorFunctionArn",
      ]);
      expect(codes({ connectorFunctionArn: `${NAMES.function(handler).arn}:live` })).toEqual([
        "ArnOfOwnStack connectorFunctionArn",
      ]);
    },
  );

  test("fails for a role of the stack as publisher, redrive operator or rotation role", () => {
    const own = [NAMES.role("inspect").arn];
    expect(codes({ publisherArns: { "publishers.identity.joiner": own } })).toEqual([
      "ArnOfOwnStack publishers.identity.joiner[0]",
    ]);
    expect(codes({ principalArns: { "guardWriterSecret.rotationRoleArns": own } })).toEqual([
      "ArnOfOwnStack guardWriterSecret.rotationRoleArns[0]",
    ]);
    expect(codes({ principalArns: { redriveOperatorArns: ["*"] } })).toEqual(["ArnInvalid redriveOperatorArns[0]"]);
  });
});
