import type { Context, View } from "../context";
import { button, h, moveTo } from "../dom";
import type { Notice, NoticeFact } from "../model";
import { fact, failure, foreign, heading, notice, nothing, time, value } from "../parts";
import { fieldName, fieldTitle, initiatorKind } from "../words";

/** Facts that the field's owner is told: nothing is written, and somebody says that they have seen it. */
export async function noticesView(context: Context): Promise<View> {
  const notices = await context.api.notices();
  let left = notices.length;
  context.setCount("notices", left);
  const empty = nothing("No notices", "Facts that are for your information, and are not written anywhere, show here.");
  const list = h("ul", { class: "cards", role: "list" });
  const content = h("div", {}, notices.length === 0 ? empty : list);
  for (const each of notices) {
    list.append(
      card(context, each, () => {
        left -= 1;
        context.setCount("notices", left);
      }),
    );
  }
  return {
    title: "Notices",
    content: h(
      "div",
      {},
      h(
        "div",
        { class: "head" },
        heading("Notices"),
        h(
          "p",
          { class: "lead" },
          "Facts about people whose records are only told of, not written. Take note of each; nothing happens in the HR system.",
        ),
      ),
      content,
    ),
  };
}

function card(context: Context, told: Notice, acknowledged: () => void): HTMLElement {
  const { requestId, index, field, noticedAt } = told;
  const body = h("div", { class: "notice-body" });
  const element = h(
    "li",
    { class: "card" },
    h("h2", {}, foreign(fieldTitle(field))),
    h("p", { class: "card-about" }, "Noticed ", time(noticedAt)),
    body,
  );
  const acknowledge = async (): Promise<void> => {
    try {
      await context.api.acknowledge(requestId, index);
      const done = notice("good", h("p", {}, "You have taken note. It is on record."));
      body.replaceChildren(done);
      acknowledged();
      moveTo(done);
    } catch (error) {
      body.append(failure(context, error, acknowledge));
    }
  };
  const show = async (): Promise<void> => {
    try {
      const shown = facts(await context.api.notice(requestId, index));
      body.replaceChildren(
        shown,
        h("div", { class: "buttons" }, button("I have taken note", { class: "primary" }, acknowledge)),
      );
      moveTo(shown);
    } catch (error) {
      body.replaceChildren(failure(context, error, show));
    }
  };
  body.append(
    h(
      "div",
      { class: "buttons" },
      button("Show the fact", { class: "secondary", "aria-label": `Show the fact: ${fieldName(field)}` }, show),
    ),
  );
  return element;
}

function facts(told: NoticeFact): HTMLElement {
  const { worker, initiator, event, occurredAt } = told;
  return h(
    "dl",
    { class: "facts" },
    fact("Value", value(told.value ?? told.to ?? null)),
    told.from === undefined ? undefined : fact("In the HR system", value(told.from)),
    worker === undefined ? undefined : fact("Worker", foreign(worker.id)),
    initiator === undefined ? undefined : fact("Told by", foreign(initiator.id), `, ${initiatorKind(initiator.kind)}`),
    event === undefined
      ? undefined
      : fact("After", foreign(event), occurredAt === undefined ? undefined : [", ", time(occurredAt)]),
  );
}
