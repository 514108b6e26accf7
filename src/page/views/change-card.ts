import { h, unseen, type Child } from "../dom";
import type { Change, MadeDecision } from "../model";
import { arrow, badge, fact, foreign, time, timeFromNow, value } from "../parts";
import {
  checkWords,
  classWords,
  consequenceWords,
  count,
  endOfDay,
  fieldTitle,
  statusTone,
  statusWords,
} from "../words";

/** One change: what it is now, what it would be, what was checked, who must agree and who has. `tick` chooses it for a decision. */
export function changeCard(change: Change, tick: HTMLInputElement | undefined): HTMLElement {
  const { field, from, to, status, expiresAt, standingIn = [] } = change;
  const check = checkWords(change.checked);
  const id = `change-${String(change.index)}`;
  const title = h("h2", { id }, foreign(fieldTitle(field)));
  return h(
    "article",
    { class: "card change", "aria-labelledby": id },
    h(
      "div",
      { class: "change-head" },
      tick === undefined
        ? title
        : h("div", { class: "choose" }, tick, h("label", { for: tick.id }, unseen("Include in my decision: "), title)),
      badge(statusTone(status), statusWords(status)),
    ),
    h(
      "div",
      { class: "diff" },
      h(
        "div",
        { class: "side old" },
        h("p", { class: "side-name" }, status === "waiting" ? "In the HR system now" : "Before"),
        h("p", {}, value(from, to)),
      ),
      arrow(),
      h("div", { class: "side new" }, h("p", { class: "side-name" }, "Proposed"), h("p", {}, value(to, from))),
    ),
    h(
      "dl",
      { class: "facts" },
      fact(
        "Checked",
        h("span", { class: check.isConfirmed ? "confirmed" : "unconfirmed" }, foreign(check.text)),
        h("span", { class: "hint" }, " ", time(change.inspectedAt)),
      ),
      fact("If approved", consequenceWords(change.consequence)),
      fact("Who must agree", ...agreement(change)),
      ...standingIn.map(({ id: by, group, until }) =>
        fact(
          "You stand in for",
          h("strong", {}, foreign(group)),
          ", by delegation ",
          foreign(by),
          `, until ${endOfDay(until)}`,
        ),
      ),
      fact("Decided so far", decisionsOf(change.decisions)),
      status === "waiting" && expiresAt !== undefined ? fact("Expires", timeFromNow(expiresAt)) : undefined,
      fact("Kind of field", `${classWords(change.class, change.effectiveClass)}, owned by `, foreign(change.owner)),
    ),
  );
}

/** Each group that is asked, with how many people of it agreed. */
function agreement({ approval, decisions }: Change): readonly Child[] {
  return (approval?.groups ?? []).map(({ group, count: needed }) => {
    const agreed = decisions.filter(({ decision, groups }) => decision === "approve" && groups.includes(group)).length;
    return h(
      "span",
      { class: "line" },
      `${count(needed, "person", "people")} of `,
      h("strong", {}, group),
      agreed === 0 ? "" : `, ${String(Math.min(agreed, needed))} did`,
    );
  });
}

function decisionsOf(decisions: readonly MadeDecision[]): Child {
  if (decisions.length === 0) return "Nobody has decided yet.";
  return h(
    "ul",
    { class: "decisions", role: "list" },
    decisions.map(({ decision, approver, delegations, reason, decidedAt }) =>
      h(
        "li",
        {},
        badge(decision === "approve" ? "good" : "bad", decision === "approve" ? "Approved" : "Denied"),
        " by ",
        h("strong", {}, foreign(approver.subject)),
        ...(delegations ?? []).map(({ group }) => [" standing in for ", h("strong", {}, foreign(group))]).flat(),
        ", ",
        time(decidedAt),
        reason === undefined || reason === "" ? undefined : h("span", { class: "quote" }, foreign(reason)),
      ),
    ),
  );
}
