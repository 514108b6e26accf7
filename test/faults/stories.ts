import { APPROVER, joiner } from "../runtime/world";
import { Site } from "./site";

/** A way of some changes from their event to their end. */
export interface Story {
  readonly name: string;
  /** How it ends where nothing goes wrong, change by change. */
  readonly ends: readonly string[];
  /** What the second look at its one change shows, where that was written. */
  readonly looks?: string;
  readonly begin: (site: Site) => void;
  readonly people?: (site: Site, step: number) => void | Promise<void>;
}

const EMAIL = { field: "work_email", value: "new.hire@example.com" };
const MANAGER = { field: "manager", value: "WD-500" };

const publishEmail = (site: Site): void => {
  site.publish(joiner([EMAIL]));
};
const publishManager = (site: Site): void => {
  site.publish(joiner([MANAGER]));
};
const approve = (site: Site): Promise<void> => site.decideOn("approve");

export const SAFE: Story = { name: "a safe write", ends: ["applied"], begin: publishEmail };

export const APPROVED: Story = { name: "an approved write", ends: ["applied"], begin: publishManager, people: approve };

const NOOP: Story = {
  name: "a value that is there already",
  ends: ["noop"],
  begin: (site) => {
    site.world.hris.set("workEmail", "New.Hire@example.com");
    publishEmail(site);
  },
};

const CONFLICT: Story = {
  name: "a field that HR edits while its approval waits",
  ends: ["conflict"],
  begin: publishManager,
  people: (site) => {
    if (site.notices.length > 0 && site.edited.size === 0) site.edit("manager", "WD-2");
    return approve(site);
  },
};

const INBOX_ROUTE = "POST /notices/{requestId}/{index}";

const NOTIFIED: Story = {
  name: "a worker whose record is only told of",
  ends: ["notified"],
  begin: (site) => {
    site.world.hris.set("employment_type", "contingent");
    publishEmail(site);
  },
  people: async (site) => {
    if (site.world.itemsOf("control", "inbox#").some((item) => item["queue"] === "inbox")) {
      await site.ask(INBOX_ROUTE, { ...APPROVER, groups: ["iam-approvers"] }, { requestId: "r-1", index: "0" });
    }
  },
};

/** Stopped while one change waits for people; an event comes in meanwhile; two operators let it run again. */
const STOPPED: Story = {
  name: "a stop in the middle, and its end by two operators",
  ends: ["applied", "not-applied", "applied"],
  begin: (site) => {
    site.publish(joiner([EMAIL, MANAGER]));
  },
  people: async (site, step) => {
    if (step === 1) await site.stop("S1");
    if (step === 2) site.publish(joiner([{ field: "desk", value: "2B" }], { requestId: "r-2" }));
    if (step >= 3 && site.world.control("switch")?.["state"] === "stopped") {
      await site.agree("ada", "S1");
      await site.agree("ben", "S1");
    }
  },
};

const DENIED: Story = {
  name: "a change that people deny",
  ends: ["denied"],
  begin: publishManager,
  people: (site) => site.decideOn("deny"),
};

export const THROTTLED: Story = {
  name: "a write that the HRIS throttles once",
  ends: ["applied"],
  begin: (site) => {
    site.world.hris.nextWrite = { written: { kind: "throttled", detail: "429", retryAfterSeconds: 30 } };
    publishEmail(site);
  },
};

export const LOST: Story = {
  name: "a write whose answer is lost after its effect",
  ends: ["applied"],
  begin: (site) => {
    site.world.hris.nextWrite = { written: { kind: "unknown", detail: "cut" }, effect: EMAIL.value };
    publishEmail(site);
  },
};

const SWALLOWED: Story = {
  name: "a write that the HRIS accepts and does not keep",
  ends: ["not-applied"],
  begin: (site) => {
    site.world.hris.nextWrite = { written: { kind: "accepted" }, effect: null as never };
    publishEmail(site);
  },
};

const ALTERED: Story = {
  name: "a write of which the HRIS keeps something else",
  ends: ["conflict"],
  begin: (site) => {
    site.world.hris.nextWrite = { written: { kind: "accepted" }, effect: "n.hire@example.com" };
    publishEmail(site);
  },
};

const NORMALISED: Story = {
  name: "a write of which the HRIS keeps the same in another spelling",
  ends: ["applied"],
  looks: "applied",
  begin: (site) => {
    site.world.hris.nextWrite = { written: { kind: "accepted" }, effect: EMAIL.value.toUpperCase() };
    publishEmail(site);
  },
};

const REVERTED: Story = {
  name: "a written value that a rule of the HRIS takes back later",
  ends: ["applied"],
  looks: "reverted-by-hris",
  begin: (site) => {
    site.world.hris.onRead = (field) => {
      const isNext = field === "workEmail" && site.world.outcome() === "applied" && site.edited.size === 0;
      if (isNext) site.edit("workEmail", null);
      return undefined;
    };
    publishEmail(site);
  },
};

const REJECTED: Story = {
  name: "a write that the HRIS rejects",
  ends: ["rejected"],
  begin: (site) => {
    site.world.hris.nextWrite = { written: { kind: "rejected", detail: "400" } };
    publishEmail(site);
  },
};

const INACTIVE: Story = {
  name: "a worker who is found inactive at last",
  ends: ["denied"],
  begin: (site) => {
    let reads = 0;
    site.world.hris.onRead = (field) => {
      if (field !== "workEmail") return undefined;
      reads += 1;
      return reads > 1 ? { kind: "value", value: null, active: false } : undefined;
    };
    publishEmail(site);
  },
};

export const STORIES: readonly Story[] = [
  SAFE,
  APPROVED,
  NOOP,
  CONFLICT,
  NOTIFIED,
  STOPPED,
  DENIED,
  THROTTLED,
  LOST,
  SWALLOWED,
  ALTERED,
  NORMALISED,
  REVERTED,
  REJECTED,
  INACTIVE,
];

/** Tells a story on a fresh site. */
export async function told(
  story: Story,
  arrange: (site: Site) => void = () => undefined,
  site = new Site(),
): Promise<Site> {
  arrange(site);
  story.begin(site);
  await site.live((step) => story.people?.(site, step));
  return site;
}

/** How the changes of a site ended, in the order of their requests and places. */
export function ends(site: Site): (string | undefined)[] {
  return site.published.flatMap((requestId) =>
    site.world
      .itemsOf("ledger", `decision#${requestId}`)
      .map((decision) => Number(String(decision["sk"]).split("#")[1]))
      .sort((a, b) => a - b)
      .map((index) => site.world.outcome(requestId, index)),
  );
}
