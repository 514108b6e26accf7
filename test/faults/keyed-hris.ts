import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { HttpError } from "../../src/hris/contract";
import type { HrisAdapter, HttpClient, HttpRequest, HttpResponse, SourceReader } from "../../src/hris/contract";
import { parseConnections, systemsOf } from "../../src/hris/connection";
import type { Scalar } from "../../src/policy/model";
import { createSecrets } from "../../src/runtime/aws/secrets";
import type { Clock } from "../../src/runtime/ports";
import type { Probe } from "../runtime/probe";
import type { FakeHris } from "../runtime/world";

const ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris";
const PLACE = { path: "/workers/{worker}/fields/{field}" };

/** What each function's connection is, but for its secret: the generic adapter, to which the HRIS below answers. */
const CONNECTION = {
  kind: "rest",
  baseUrl: "https://hris.example.com",
  read: { ...PLACE, value: "/value", worker: "/worker" },
  write: { method: "PATCH", ...PLACE, body: { value: "{value}" } },
  records: { manager: { path: "/records/{value}", active: [{ at: "/active", equals: true }] } },
  fields: { workEmail: { compare: "email" } },
  neverFields: ["base_salary"],
  secondLookSeconds: 600,
} as const;

/**
 * An HRIS that asks for a key, the deployed adapter and the deployed reader of secrets before it, and Secrets Manager: of the gateway one
 * secret, of everybody else another. Its calls are counted: `getSecretValue`, and `exchange` with the HRIS.
 */
export class KeyedHris {
  /** Requests with a key that is not, or not any more, the one. */
  readonly refused: HttpRequest[] = [];
  /** What Secrets Manager holds as current: a key for the writer, and one for readers. */
  readonly current = { writer: "w-0", reader: "r-0" };
  #rotations = 0;
  #accepted: ReadonlySet<string> = new Set(Object.values(this.current));

  /** Both keys are replaced: the HRIS takes the new ones alone, and Secrets Manager holds them. */
  rotate(): void {
    this.#rotations += 1;
    this.current.writer = `w-${String(this.#rotations)}`;
    this.current.reader = `r-${String(this.#rotations)}`;
    this.#accepted = new Set(Object.values(this.current));
  }

  readonly adapterOf = (hris: FakeHris, name: string, probe: Probe, clock: Clock): HrisAdapter & SourceReader => {
    const who = name === "gateway" ? "writer" : "reader";
    const secretsManager = probe.wrap({ getSecretValue: () => Promise.resolve({ SecretString: this.current[who] }) }, [
      "getSecretValue",
    ]);
    const client = { send: () => secretsManager.getSecretValue() } as unknown as SecretsManagerClient;
    const readSecret = createSecrets(client, () => clock.now());
    const { exchange } = probe.wrap({ exchange: (request: HttpRequest) => this.#answer(hris, request) }, ["exchange"]);
    const connections = parseConnections(JSON.stringify({ hris: { ...CONNECTION, secretArn: `${ARN}-${who}` } }));
    const systems = systemsOf(connections, "hris", ({ secretArn }) => ({
      http: exchange,
      secret: (fresh) => readSecret(secretArn, fresh),
      now: () => clock.now(),
    }));
    return systems.hris();
  };

  readonly #answer = async (hris: FakeHris, request: Parameters<HttpClient>[0]): Promise<HttpResponse> => {
    const answer = (status: number, body: object = {}): HttpResponse => ({
      status,
      headers: {},
      body: JSON.stringify(body),
    });
    if (!this.#accepted.has(request.headers["authorization"]?.slice("Bearer ".length) ?? "")) {
      this.refused.push(request);
      return answer(401);
    }
    const [, kind, id = "", , field = ""] = new URL(request.url).pathname.split("/");
    if (kind === "records") {
      const found = await hris.findRecord("manager", id);
      return found.kind === "active" ? answer(200, { active: true }) : answer(404);
    }
    if (request.method === "GET") {
      const value = hris.valueOf(field, id);
      return value === undefined ? answer(404) : answer(200, { worker: id, value });
    }
    const { value } = JSON.parse(request.body ?? "{}") as { readonly value: Scalar };
    const written = await hris.writeField(id, field, { from: hris.valueOf(field, id) ?? null, to: value });
    if (written.kind === "unknown") throw new HttpError(written.detail, true);
    return answer(200);
  };
}
