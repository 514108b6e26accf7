import { ENV } from "../../core";
import { parseConnections } from "../../hris";
import { startBambooHrServer, type BambooHrServer, type BambooHrValue } from "../bamboohr-server";
import { LocalCloud, secretText } from "../cloud";
import { startFinanceServer } from "../finance-server";
import type { Person } from "../identity-provider";
import { startScimServer } from "../scim-server";
import { text } from "../iam";
import type { Stack } from "../stack";

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
  hr: { subject: "hr.partner", groups: ["hr-ops-approvers"], workerId: "10050" },
  identity: { subject: "identity.lead", groups: ["iam-approvers"], workerId: "10060" },
  // In the right group, and the change is of their own record.
  joinerThemself: { subject: "robin.example", groups: ["hr-ops-approvers"], workerId: WORKERS.joiner.id },
};

/** What identity made for a worker; the same in the directory and in the story's events. */
export function madeFor(worker: WorkerName): { workEmail: string; username: string; accountId: string } {
  const { id, login } = WORKERS[worker];
  return { workEmail: `${login}@example.com`, username: login, accountId: `acct-${id}` };
}

/** A stack running on this machine, with the systems around it. */
export interface Cast {
  readonly cloud: LocalCloud;
  readonly hris: BambooHrServer;
  stop(): Promise<void>;
}

/** Starts the HRIS, the directory and the finance system on loopback, and the stack between them. */
export async function assemble(stack: Stack): Promise<Cast> {
  const connectionsOf = (handler: string) => {
    const resource = stack
      .resources("aws_lambda_function")
      .find(({ body }) => text(body["function_name"]).endsWith(`-${handler}`));
    const block = [resource?.body["environment"]].flat()[0] as { variables?: Record<string, string> } | undefined;
    return parseConnections(block?.variables?.[ENV.connections] ?? "{}");
  };
  const readers = connectionsOf("inspect");
  const writers = connectionsOf("gateway");
  const { hris: hrisReader, directory, finance } = readers;
  const { hris: hrisWriter } = writers;
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

  const employees = Object.fromEntries([
    [MANAGER_ID, employee("Jamie Manager", {})],
    ...Object.entries(WORKERS).map(([worker, { id, name }]) => [
      id,
      employee(name, worker === "contractor" ? { employmentHistoryStatus: "Contractor" } : {}),
    ]),
  ]) as Parameters<typeof startBambooHrServer>[0]["employees"];

  const hris = await startBambooHrServer({
    credentials: {
      [secretOf(hrisReader)]: { name: "reader", view: "*", edit: [] },
      // As broad as HRIS permissions often are: what narrows it is on our side.
      [secretOf(hrisWriter)]: { name: "writer", view: "*", edit: "*" },
    },
    employees,
    today: () => "2026-11-23",
  });
  const scim = await startScimServer({
    tokens: { [secretOf(directory)]: "reader" },
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
  const ledger =
    finance === undefined
      ? undefined
      : await startFinanceServer({
          tokens: { [secretOf(finance)]: "reader" },
          collections: { "cost-centres": { "CC-100": { active: true } } },
        });
  const cloud = await LocalCloud.start(stack, {
    startMs: STORY_START,
    hosts: {
      [hrisReader.baseUrl]: hris.url,
      [directory.baseUrl]: scim.baseUrl,
      ...(finance === undefined || ledger === undefined ? {} : { [finance.baseUrl]: ledger.url }),
    },
    secrets,
  });
  return {
    cloud,
    hris,
    stop: async () => {
      await Promise.all([hris.stop(), scim.stop(), ledger?.stop()]);
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
