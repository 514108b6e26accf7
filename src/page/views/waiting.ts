import type { Context, View } from "../context";
import { h } from "../dom";
import type { Change, Waiting } from "../model";
import { foreign, heading, link, notice, nothing, timeFromNow } from "../parts";
import { count, fieldTitle, initiatorKind } from "../words";

/** How many requests of the list are looked at for who asks and for whom. */
const LOOKED_AT = 8;

/** What waits for the reader's groups, a card for each request, soonest to expire first. */
export async function waitingView(context: Context): Promise<View> {
  const { waiting, truncated } = await context.api.waiting();
  const requests = byRequest(waiting);
  context.setCount("waiting", requests.length);
  const cards = requests.map(card);
  void fillIn(context, requests.slice(0, LOOKED_AT), cards);
  const content =
    requests.length === 0
      ? nothing("Nothing waits for you", "When somebody asks for a change that your group decides on, it shows here.")
      : h(
          "ul",
          { class: "cards", role: "list" },
          cards.map(({ element }) => element),
        );
  return {
    title: "Waiting for you",
    content: h(
      "div",
      {},
      h(
        "div",
        { class: "head" },
        heading("Waiting for you"),
        h("p", { class: "lead" }, "Changes to people's records in the HR system that need a decision of your group."),
      ),
      truncated === true
        ? notice("calm", h("p", {}, "There are more than are shown here. Decide on some and look again."))
        : undefined,
      content,
    ),
  };
}

export interface Request {
  readonly requestId: string;
  readonly changes: readonly Waiting[];
}

export function byRequest(waiting: readonly Waiting[]): readonly Request[] {
  const requests = new Map<string, Waiting[]>();
  for (const change of waiting) requests.set(change.requestId, [...(requests.get(change.requestId) ?? []), change]);
  return [...requests].map(([requestId, changes]) => ({ requestId, changes }));
}

interface Card {
  readonly element: HTMLElement;
  fill(changes: readonly Change[]): void;
}

function card({ requestId, changes }: Request): Card {
  const about = h("p", { class: "card-about" }, `Request ${requestId.slice(0, 8)}`);
  const soonest = changes.map(({ expiresAt }) => expiresAt).sort()[0] ?? "";
  const fields = changes.map(({ field }) => field);
  const groups = [...new Set(changes.flatMap((change) => change.groups))].sort();
  const isSoon = Date.parse(soonest) - Date.now() < 4 * 3_600_000;
  const element = h(
    "li",
    { class: "card request" },
    h(
      "h2",
      {},
      link(
        `#/requests/${encodeURIComponent(requestId)}`,
        `${fieldTitle(...fields.slice(0, 3))}${fields.length > 3 ? ` and ${String(fields.length - 3)} more` : ""}`,
      ),
    ),
    about,
    h(
      "p",
      { class: "card-foot" },
      h("span", {}, count(changes.length, "change"), " for ", groups.join(" and ")),
      h("span", { class: isSoon ? "soon" : undefined }, "Expires ", timeFromNow(soonest)),
    ),
  );
  return {
    element,
    fill: (all) => {
      const [first] = all;
      const lent = [...new Set(all.flatMap(({ standingIn = [] }) => standingIn.map(({ group }) => group)))].sort();
      if (first === undefined) return;
      const { worker, initiator } = first;
      about.replaceChildren(
        "Worker ",
        h("strong", {}, foreign(worker.id)),
        ", asked by ",
        h("strong", {}, foreign(initiator.id)),
        `, ${initiatorKind(initiator.kind)}`,
        ...(lent.length === 0 ? [] : [h("span", { class: "line" }, "You stand in for ", foreign(lent.join(" and ")))]),
        ...(initiator.intent === undefined ? [] : [h("span", { class: "quote" }, foreign(initiator.intent))]),
      );
    },
  };
}

/** Says who asks and for whom, one request after the other; what fails here, the request's own page tells. */
async function fillIn(context: Context, requests: readonly Request[], cards: readonly Card[]): Promise<void> {
  for (const [at, { requestId }] of requests.entries()) {
    if (!context.isCurrent() && at > 0) return;
    try {
      cards[at]?.fill(await context.api.request(requestId));
    } catch {
      return;
    }
  }
}
