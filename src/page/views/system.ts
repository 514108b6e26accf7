import type { Context, View } from "../context";
import { button, h, moveTo, type Child } from "../dom";
import type { System } from "../model";
import { badge, fact, failure, foreign, heading, notice, reasonField, time } from "../parts";

/** Whether writes run; and, where they are stopped, the place where two operators agree that they run again. */
export async function systemView(context: Context): Promise<View> {
  const content = h("div", {});
  const show = async (result?: HTMLElement): Promise<void> => {
    const system = await context.api.system();
    context.tellSystem(system);
    content.replaceChildren(
      h(
        "div",
        { class: "head" },
        heading("System"),
        h("p", { class: "lead" }, "Whether anything is written to the HR system at all."),
      ),
      ...(result === undefined ? [] : [result]),
      h("div", { class: "cards" }, switchCard(context, system, show), breakerCard(context, system, show)),
    );
    if (result !== undefined) moveTo(result);
  };
  await show();
  return { title: "System", content };
}

type Show = (result: HTMLElement) => Promise<void>;

function switchCard(
  context: Context,
  { switch: { state, stopId, stoppedAt, reason, agreed = [] } }: System,
  show: Show,
): HTMLElement {
  const isRunning = state === "running";
  return h(
    "section",
    { class: "card", "aria-labelledby": "switch" },
    h(
      "div",
      { class: "change-head" },
      h("h2", { id: "switch" }, "Switch"),
      badge(isRunning ? "good" : "bad", isRunning ? "Running" : "Stopped"),
    ),
    isRunning
      ? h("p", {}, "Approved changes are written.")
      : [
          h("p", {}, "Nothing is written. Records in the HR system stay as they are."),
          h(
            "dl",
            { class: "facts" },
            stoppedAt === undefined ? undefined : fact("Stopped", time(stoppedAt)),
            reason === undefined ? undefined : fact("Because", foreign(reason)),
            fact("Agreed to resume", agreedBy(agreed)),
          ),
          stopId === undefined ? undefined : resumeForm(context, "switch", stopId, show),
        ],
  );
}

function breakerCard(
  context: Context,
  { breaker: { state, id, trippedAt, agreed = [] } }: System,
  show: Show,
): HTMLElement {
  const isOk = state === "ok";
  return h(
    "section",
    { class: "card", "aria-labelledby": "breaker" },
    h(
      "div",
      { class: "change-head" },
      h("h2", { id: "breaker" }, "Breaker"),
      badge(isOk ? "good" : "bad", isOk ? "Ok" : "Tripped"),
    ),
    isOk
      ? h("p", {}, "No more is written than is usual.")
      : [
          h(
            "p",
            {},
            "More was to be written than the policy allows in an hour or a day. Nothing is written until somebody has looked.",
          ),
          h(
            "dl",
            { class: "facts" },
            trippedAt === undefined ? undefined : fact("Tripped", time(trippedAt)),
            fact("Agreed to resume", agreedBy(agreed)),
          ),
          id === undefined ? undefined : resumeForm(context, "breaker", id, show),
        ],
  );
}

function agreedBy(agreed: NonNullable<System["switch"]["agreed"]>): Child {
  if (agreed.length === 0) return "Nobody yet. Two different operators must agree.";
  return h(
    "ul",
    { class: "decisions", role: "list" },
    agreed.map(({ subject, at }) => h("li", {}, h("strong", {}, foreign(subject)), ", ", time(at))),
  );
}

function resumeForm(context: Context, what: "switch" | "breaker", id: string, show: Show): HTMLElement {
  const reason = reasonField(
    `Why it is safe to resume (${what})`,
    "The other operator, and auditors, can read it.",
    `resume-${what}`,
  );
  const outcome = h("div", {});
  const agree = async (): Promise<void> => {
    const text = reason.field.value.trim();
    if (text === "") {
      reason.fault("Please say why it is safe.");
      reason.field.focus();
      return;
    }
    reason.fault(undefined);
    try {
      const { agreed, needed, resumed } = await context.api.resume(what, id, text);
      await show(
        resumed
          ? notice("good", h("p", {}, "Two operators agreed: it runs again."))
          : notice(
              "wait",
              h(
                "p",
                {},
                `Your agreement is on record: ${String(agreed)} of ${String(needed)}. Another operator must agree too.`,
              ),
            ),
      );
    } catch (error) {
      const shown = failure(context, error, agree);
      outcome.replaceChildren(shown);
      moveTo(shown);
    }
  };
  return h(
    "div",
    {},
    outcome,
    reason.element,
    h("div", { class: "buttons" }, button("Agree to resume", { class: "primary" }, agree)),
  );
}
