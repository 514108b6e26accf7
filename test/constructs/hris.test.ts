import { Hris, Source } from "../../constructs";
import { readerConfig, writerConfig } from "../../constructs/hris";
import { SECRETS } from "../helpers/synth";

const secrets = { readerSecretArn: SECRETS.hrisReader, writerSecretArn: SECRETS.hrisWriter };

describe("connections", () => {
  test("readers and the gateway hold the same connection with different secrets", () => {
    const connection = Hris.bambooHr({ company: { domain: "acme" }, settleSeconds: 30, ...secrets });
    const shared = { kind: "bamboohr", baseUrl: "https://acme.bamboohr.com", settleSeconds: 30 };
    expect(readerConfig(connection)).toEqual({ ...shared, secretArn: SECRETS.hrisReader });
    expect(writerConfig(connection)).toEqual({ ...shared, secretArn: SECRETS.hrisWriter });
  });

  test("an HRIS or a source with a REST API is described by options", () => {
    const options = { read: { path: "/workers/{worker}" } };
    expect(writerConfig(Hris.rest({ baseUrl: "https://hr.example.com", options, ...secrets }))).toEqual({
      kind: "rest",
      baseUrl: "https://hr.example.com",
      read: { path: "/workers/{worker}" },
      secretArn: SECRETS.hrisWriter,
    });
    const source = Source.rest({ baseUrl: "https://finance.example.com", options, secretArn: SECRETS.directory });
    expect(readerConfig(source)).toMatchObject({ kind: "rest", secretArn: SECRETS.directory });
  });

  test("a reference to a secret of the same stack is taken", () => {
    const secretArn = "${TfToken[TOKEN.0]}";
    expect(Source.scim({ baseUrl: "https://directory.example.com/scim/v2", secretArn }).secretArn).toBe(secretArn);
  });

  test.each(["acme.example.com", "https://acme.bamboohr.com", "", "a/b"])(
    "fails for the company domain `%s`",
    (domain) => {
      expect(() => Hris.bambooHr({ company: { domain }, ...secrets })).toThrow(/company.domain/);
    },
  );
});
