import { resolve } from "node:path";

import { ENV } from "../../src/core";
import { ApprovalsHttp, serveApprovals } from "../../src/local/approvals-http";
import { verifyByDiscovery } from "../../src/local/jwt-authorizer";
import type { LocalServer } from "../../src/local/loopback-server";
import { startIdentityServer, type IdentityServer } from "../../src/local/openid-server";
import { stackOf } from "../../src/local/stack";
import type { Person } from "../../src/local/token-signer";
import { pageOf, type Page } from "../../src/runtime/page";
import { one, smallProps, unescaped, writeBackWith } from "../helpers/synth";
import { joiner, OPERATORS_GROUP, World } from "../runtime/world";

const AUDIENCE = "approvals";
export const CLIENT_ID = "approvals-page";

/** A name that would be markup, if any text ever were. */
const MARKUP_NAME = `<img src="x" onerror="window.hacked = 'name'">`;

/** Who can sign in. */
export const PEOPLE = {
  hr: { subject: "hr.partner", name: "Harper Partner", groups: ["hr-ops-approvers"], workerId: "WD-77" },
  hrToo: { subject: "hr.colleague", name: "Casey Colleague", groups: ["hr-ops-approvers"], workerId: "WD-78" },
  payroll: { subject: "payroll.lead", name: "Pat Payroll", groups: ["payroll-approvers"], workerId: "WD-88" },
  nobody: { subject: "no.group", name: "Nobody Special", groups: [], workerId: "WD-99" },
  ada: { subject: "ops.ada", name: "Ada Operator", groups: [OPERATORS_GROUP], workerId: "WD-1" },
  ben: { subject: "ops.ben", name: "Ben Operator", groups: [OPERATORS_GROUP], workerId: "WD-2" },
  /** Of no group; a seat may be lent to them. */
  delegate: { subject: "dana.delegate", name: "Dana Delegate", groups: [], workerId: "WD-44" },
  markup: { subject: `<b id="subject">`, name: MARKUP_NAME, groups: ["hr-ops-approvers"], workerId: "WD-66" },
  all: {
    subject: "every.group",
    name: "Everly Group",
    groups: ["hr-ops-approvers", "payroll-approvers", OPERATORS_GROUP],
    workerId: "WD-55",
  },
} as const satisfies Record<string, Person>;
export type PersonName = keyof typeof PEOPLE;

/** A stop, as the kill switch leaves it. */
export const OPERATORS_STOP = {
  pk: "switch",
  state: "stopped",
  stopId: "01JSTOP",
  stoppedAt: "2026-11-02T09:00:00.000Z",
  reason: "Records looked wrong",
};

/** Where the build leaves the page. */
export const PAGE_DIR = resolve(__dirname, "../../dist/handlers/approvals/page");

export interface Asked {
  readonly requestId?: string;
  readonly changes?: readonly { readonly field: string; readonly value: string }[];
  /** Members of the event's `detail`. */
  readonly detail?: object;
  readonly source?: string;
}

/**
 * The approvals API as it is synthesized, on loopback, in front of the real handler and the real page; and a real OpenID provider beside it. A new
 * world of requests for every test.
 */
export class Office {
  world = new World();
  page: Page | undefined;

  private constructor(
    readonly identity: IdentityServer,
    readonly builtPage: Page,
    readonly server: LocalServer,
  ) {}

  static async open(): Promise<Office> {
    const identity = await startIdentityServer({
      audience: AUDIENCE,
      claims: { group: "groups", workerId: "worker_id" },
      people: Object.values(PEOPLE),
    });
    const approvals = {
      ...smallProps().approvals,
      issuer: identity.issuer,
      audience: [AUDIENCE],
      operatorsGroup: OPERATORS_GROUP,
      page: { clientId: CLIENT_ID },
    };
    const json = writeBackWith({ approvals });
    const { environment } = one(json, "aws_lambda_function", "approvals") as {
      environment: { variables: Record<string, string> };
    };
    const built = pageOf({ [ENV.page]: unescaped(environment.variables[ENV.page]) }, PAGE_DIR);
    const api = new ApprovalsHttp(stackOf(json), verifyByDiscovery, (_function, event) =>
      office.world.approvals(event),
    );
    const server = await serveApprovals(api);
    identity.register({ clientId: CLIENT_ID, redirectUri: `${server.url}/` });
    const office = new Office(identity, built!, server);
    return office;
  }

  get url(): string {
    return `${this.server.url}/`;
  }

  /** Everything anew, at this moment, under a policy. */
  clear(policyText?: string): void {
    this.page = this.builtPage;
    this.world = new World(policyText, { page: (event) => this.page?.(event) });
    this.world.now = Date.now();
    this.server.setFaults(undefined);
  }

  /** An event whose changes then wait for their approvals; those of a dry run have ended. */
  async ask({ requestId = "r-1", changes = [{ field: "manager", value: "WD-500" }], detail, source }: Asked = {}) {
    const { world } = this;
    const isDryRun = (detail as { readonly dryRun?: boolean } | undefined)?.dryRun === true;
    const ago = (minutes: number): string => new Date(world.now - minutes * 60_000).toISOString();
    const finalized = changes.map((change) => ({ finalizedAt: ago(10), ...change }));
    await world.take(joiner(finalized, { requestId, occurredAt: ago(5), ...detail }, source));
    for (const [index, { field }] of changes.entries()) {
      const place = { version: 1, requestId, index, field };
      if (isDryRun) {
        await world.runChange(field, { requestId, index });
        continue;
      }
      const inspection = await world.inspect({ ...place, phase: "first" });
      if (inspection.route !== "approve") throw new Error(`${field} is on the way to ${inspection.route}`);
      await world.requestApproval({
        ...place,
        digest: inspection.digest,
        approvalTimeoutSeconds: inspection.approvalTimeoutSeconds,
        taskToken: `token-${requestId}-${String(index)}`,
      });
    }
  }

  /** A fact about a contractor, which is told of and not written. */
  async tell(requestId = "r-9", value = "WD-500", detail: object = {}, field = "manager"): Promise<void> {
    const { world } = this;
    world.hris.set("employment_type", "contingent");
    const at = new Date(world.now - 60_000).toISOString();
    await world.take(joiner([{ field, value, finalizedAt: at } as never], { requestId, occurredAt: at, ...detail }));
    await world.runChange(field, { requestId });
    world.hris.set("employment_type", "employee");
  }

  /** People's decisions on record. */
  decisions(): readonly Readonly<Record<string, unknown>>[] {
    return this.world.itemsOf("ledger", "approval#").filter(({ approver }) => approver !== undefined);
  }

  async close(): Promise<void> {
    await Promise.all([this.server.stop(), this.identity.stop()]);
  }
}
