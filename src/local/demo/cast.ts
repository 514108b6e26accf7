import { ENV } from "../../core";
import { parseConnections } from "../../hris";
import { authorizerOf } from "../approvals-http";
import { startBambooHrServer, type BambooHrServer, type BambooHrValue } from "../bamboohr-server";
import { localClock, type LocalClock } from "../clock";
import { LocalCloud, secretText } from "../cloud";
import { startFinanceServer } from "../finance-server";
import { startIdentityServer, type IdentityServer } from "../openid-server";
import { startScimServer } from "../scim-server";
import { text } from "../iam";
import type { Stack } from "../stack";
import type { Person } from "../token-signer";

/** When the story begins. Fixed, so that it is the same every time. */
export const STORY_START = Date.parse("2026-11-23T09:00:00Z");

/** Workers of the story: HRIS id, and what the directory has made for each. */
export const WORKERS = {
  joiner: { id: "10293", name: "Robin Example", login: "robin.example" },
  contractor: { id: "10294", name: "Kim Sample", login: "kim.sample" },
  assisted: { id: "10295", name: "Noor Instance", login: "noor.instance" },
  target: { id: "10296", name: "Sam Specimen", login: "sam.specimen" },
  late: { id: "10297", name: "Alex Placeholder", login: "alex.placeholder" },
} as const;
export type WorkerName = keyof typeof WORKERS;

/** Manager that the joiner reports to. */
export const MANAGER_ID = "10100";

/** People who sign in to the approvals API. Groups are named as the policy names them. */
export const PEOPLE: Readonly<Record<"hr" | "identity" | "joinerThemself", Person>> = {
  hr: { subject: "hr.partner", name: "Harper Partner", groups: ["hr-ops-approvers"], workerId: "10050" },
  identity: { subject: "identity.lead", name: "Indra Lead", groups: ["iam-approvers"], workerId: "10060" },
  // In the right group, and the change is of their own record.
  joinerThemself: {
    subject: "robin.example",
    name: WORKERS.joiner.name,
    groups: ["hr-ops-approvers"],
    workerId: WORKERS.joiner.id,
  },
};

/** More people who can sign in: a second person for what needs two of a group, and two operators. */
export const COLLEAGUES: Readonly<Record<"hr" | "identity" | "ada" | "ben", Person>> = {
  hr: {
    subject: "hr.colleague",
    name: "Casey Colleague",
    groups: ["hr-ops-approvers", "facilities-approvers"],
    workerId: "10051",
  },
  identity: { subject: "identity.colleague", name: "Iris Colleague", groups: ["iam-approvers"], workerId: "10061" },
  ada: { subject: "operator.ada", name: "Ada Operator", groups: ["write-back-operators"], workerId: "10070" },
  ben: { subject: "operator.ben", name: "Ben Operator", groups: ["write-back-operators"], workerId: "10071" },
};

/** Everybody who can sign in to the approvals page. */
export const SIGN_INS: readonly Person[] = [...Object.values(PEOPLE), ...Object.values(COLLEAGUES)];

/** What identity made for a worker; the same in the directory and in the story's events. */
export function madeFor(worker: WorkerName): { workEmail: string; username: string; accountId: string } {
  const { id, login } = WORKERS[worker];
  return { workEmail: `${login}@example.com`, username: login, accountId: `acct-${id}` };
}

/** What the story needs of whatever runs the stack: this process, or the local cloud that Terraform applied to. */
export interface StoryCloud {
  readonly clock: Pick<LocalCloud["clock"], "now" | "advance">;
  readonly iam: Pick<LocalCloud["iam"], "principal" | "trail">;
  readonly network: Pick<LocalCloud["network"], "isPrivate">;
  readonly tokenOf: LocalCloud["tokenOf"];
  readonly logs: LocalCloud["logs"];
  publish(...event: Parameters<LocalCloud["publish"]>): Promise<void>;
  approvals(...request: Parameters<LocalCloud["approvals"]>): ReturnType<LocalCloud["approvals"]>;
  gateway(...request: Parameters<LocalCloud["gateway"]>): ReturnType<LocalCloud["gateway"]>;
  outcomes(): ReturnType<LocalCloud["outcomes"]>;
  replaceConnector(...code: Parameters<LocalCloud["replaceConnector"]>): void;
  reconcile(): ReturnType<LocalCloud["reconcile"]>;
  setSwitch(...state: Parameters<LocalCloud["setSwitch"]>): Promise<void>;
  quiet(): Promise<void>;
}

/** A stack running on this machine, with the systems around it. */
export interface Cast<Cloud extends StoryCloud = LocalCloud> {
  readonly cloud: Cloud;
  readonly hris: BambooHrServer;
  /** Ends everything that was started. */
  stop(): Promise<void>;
}

/** The secrets by which the systems know their callers. */
export interface SystemSecrets {
  readonly reader: string;
  readonly writer: string;
  readonly directory: string;
  /** Absent where no finance system is asked. */
  readonly finance?: string;
}

/** The systems around a stack, on loopback. */
export interface LocalSystems {
  readonly hris: BambooHrServer;
  readonly directoryUrl: string;
  readonly financeUrl?: string;
  stop(): Promise<void>;
}

/** Starts the HRIS, the directory and the finance system with the workers of the story. `today` is the HRIS's day. */
export async function startSystems(secrets: SystemSecrets, today: () => string): Promise<LocalSystems> {
  const employees = Object.fromEntries([
    [MANAGER_ID, employee("Jamie Manager", {})],
    ...Object.entries(WORKERS).map(([worker, { id, name }]) => [
      id,
      employee(name, worker === "contractor" ? { employmentHistoryStatus: "Contractor" } : {}),
    ]),
  ]) as Parameters<typeof startBambooHrServer>[0]["employees"];
  const hris = await startBambooHrServer({
    credentials: {
      [secrets.reader]: { name: "reader", view: "*", edit: [] },
      // As broad as HRIS permissions often are: what narrows it is on our side.
      [secrets.writer]: { name: "writer", view: "*", edit: "*" },
    },
    employees,
    today,
  });
  const scim = await startScimServer({
    tokens: { [secrets.directory]: "reader" },
    users: (Object.keys(WORKERS) as WorkerName[]).map((worker) => {
      const { workEmail, username, accountId } = madeFor(worker);
      return {
        id: accountId,
        externalId: WORKERS[worker].id,
        userName: username,
        active: true,
        emails: [{ type: "work", value: workEmail, primary: true }],
      };
    }),
  });
  // A policy that asks no finance system has none.
  const finance =
    secrets.finance === undefined
      ? undefined
      : await startFinanceServer({
          tokens: { [secrets.finance]: "reader" },
          collections: { "cost-centres": { "CC-100": { active: true } } },
        });
  return {
    hris,
    directoryUrl: scim.baseUrl,
    ...(finance === undefined ? {} : { financeUrl: finance.url }),
    stop: async () => {
      await Promise.all([hris.stop(), scim.stop(), finance?.stop()]);
    },
  };
}

/** Whom access tokens are for, as the examples expect it. */
export const AUDIENCE = "hris-writeback-approvals";

/** Names of the claims, as the examples expect them. */
const CLAIMS = { group: "groups", workerId: "worker_id" };

/** The identity provider with everybody who can sign in. It stands for an issuer, or is one itself. */
export function startSignIns(
  options: Pick<Parameters<typeof startIdentityServer>[0], "issuer" | "now"> = {},
): Promise<IdentityServer> {
  return startIdentityServer({ audience: AUDIENCE, claims: CLAIMS, people: SIGN_INS, ...options });
}

export interface AssembleOptions {
  /** The story's own time, which stands still, unless given. */
  readonly clock?: LocalClock;
  /** The provider that the stack was told to trust; unless given, one stands for whichever that is. */
  readonly identity?: IdentityServer;
}

/** Starts the systems around a stack, an identity provider among them, and the stack between them in this process. */
export async function assemble(
  stack: Stack,
  { clock = localClock(STORY_START), identity: given }: AssembleOptions = {},
): Promise<Cast> {
  const connectionsOf = (handler: string) => {
    const resource = stack
      .resources("aws_lambda_function")
      .find(({ body }) => text(body["function_name"]).endsWith(`-${handler}`));
    const block = [resource?.body["environment"]].flat()[0] as { variables?: Record<string, string> } | undefined;
    return parseConnections(block?.variables?.[ENV.connections] ?? "{}");
  };
  const { hris: hrisReader, directory, finance } = connectionsOf("inspect");
  const { hris: hrisWriter } = connectionsOf("gateway");
  if (hrisReader === undefined || hrisWriter === undefined || directory === undefined) {
    throw new Error("the demo needs a stack that connects `hris` and `directory`");
  }
  const secrets = Object.fromEntries(
    [hrisReader, hrisWriter, directory, ...(finance === undefined ? [] : [finance])].map(({ secretArn }) => [
      secretArn,
      secretText(secretArn),
    ]),
  );
  const secretOf = (connection: { readonly secretArn: string }): string => secrets[connection.secretArn] ?? "";
  const now = (): number => clock.now();
  const systems = await startSystems(
    {
      reader: secretOf(hrisReader),
      writer: secretOf(hrisWriter),
      directory: secretOf(directory),
      ...(finance === undefined ? {} : { finance: secretOf(finance) }),
    },
    () => new Date(now()).toISOString().slice(0, 10),
  );
  const { issuer } = authorizerOf(stack);
  const identity = given ?? (await startSignIns({ issuer, now }));
  const cloud = new LocalCloud(stack, {
    clock,
    hosts: {
      [issuer]: identity.url,
      [hrisReader.baseUrl]: systems.hris.url,
      [directory.baseUrl]: systems.directoryUrl,
      ...(finance === undefined || systems.financeUrl === undefined ? {} : { [finance.baseUrl]: systems.financeUrl }),
    },
    secrets,
  });
  identity.register(await cloud.signInSettings());
  return {
    cloud,
    hris: systems.hris,
    stop: async () => {
      cloud.stop();
      await Promise.all([systems.stop(), identity.stop()]);
    },
  };
}

function employee(name: string, fields: Readonly<Record<string, BambooHrValue>>) {
  const [firstName = "", lastName = ""] = name.split(" ");
  return {
    fields: {
      firstName,
      lastName,
      status: "Active",
      employmentHistoryStatus: "Full-Time",
      customLegalEntity: "acme-uk",
      workEmail: null,
      customUsername: null,
      customAccountId: null,
      payRate: "4000.00 EUR",
      ...fields,
    },
    jobInfo: [
      { date: "2026-11-02", location: "London", department: "Engineering", jobTitle: "Engineer", reportsTo: null },
    ],
  };
}
