import { Unreachable, type Decision } from "../api";
import type { Context, View } from "../context";
import { button, h, moveTo, type Child } from "../dom";
import type { Change, Result } from "../model";
import { fact, failure, foreign, heading, link, notice, reasonField, time, timeFromNow } from "../parts";
import { count, fieldTitle, initiatorKind, problemWords } from "../words";
import { changeCard } from "./change-card";

/** One request: who asks and why, each of its changes, and the reader's decision on those that wait. */
export async function requestView(context: Context, requestId: string): Promise<View> {
  const changes = await context.api.request(requestId);
  const page = new RequestPage(context, requestId, changes);
  return { title: page.title, content: page.element };
}

class RequestPage {
  readonly element = h("div", {});
  readonly #reason = reasonField("Reason", "Needed to deny. Whoever asked, and auditors, can read it.");
  readonly #outcome = h("div", { class: "outcome" });
  #changes: readonly Change[];
  /** Indexes that the reader took out of the decision. */
  readonly #left = new Set<number>();
  #isSending = false;

  constructor(
    private readonly context: Context,
    private readonly requestId: string,
    changes: readonly Change[],
  ) {
    this.#changes = changes;
    this.#reason.field.value = context.takeDraft() ?? "";
    this.#reason.field.addEventListener("input", () => {
      this.#reason.fault(undefined);
    });
    this.#show();
  }

  get title(): string {
    return `Change of worker ${this.#changes[0]?.worker.id ?? ""}'s record`;
  }

  /** The changes that the reader may decide on now. */
  get #open(): readonly Change[] {
    return this.#changes.filter(({ status, mayDecide }) => status === "waiting" && mayDecide);
  }

  get #chosen(): readonly Change[] {
    return this.#open.filter(({ index }) => !this.#left.has(index));
  }

  #show(): void {
    const [first] = this.#changes;
    if (first === undefined) return;
    const open = this.#open;
    const cards = this.#changes.map((change) =>
      changeCard(change, open.length > 1 && open.includes(change) ? this.#tick(change) : undefined),
    );
    this.element.replaceChildren(
      h("p", { class: "back" }, link("#/", "← Waiting for you")),
      h(
        "div",
        { class: "head" },
        heading(["Change of worker ", foreign(first.worker.id), "'s record"]),
        h("p", { class: "lead" }, leadOf(this.#changes)),
      ),
      h(
        "div",
        { class: "columns" },
        h("div", { class: "column" }, summary(first, this.requestId), cards),
        h("aside", { class: "panel card", "aria-labelledby": "decision" }, this.#panel(open)),
      ),
    );
  }

  #tick(change: Change): HTMLInputElement {
    const tick = h("input", {
      type: "checkbox",
      id: `tick-${String(change.index)}`,
      checked: !this.#left.has(change.index),
    });
    tick.addEventListener("change", () => {
      if (tick.checked) this.#left.delete(change.index);
      else this.#left.add(change.index);
      this.#showLabels();
    });
    return tick;
  }

  readonly #approve = button("", { class: "primary", id: "approve" }, () => this.#decide("approve"));
  readonly #deny = button("", { class: "danger", id: "deny" }, () => this.#decide("deny"));

  #panel(open: readonly Change[]): Child {
    const title = h("h2", { id: "decision" }, "Your decision");
    if (open.length === 0) return [title, this.#outcome, ...whyNot(this.#changes)];
    const others = this.#changes.filter((change) => change.status === "waiting" && !open.includes(change));
    this.#showLabels();
    return [
      title,
      this.#outcome,
      this.#reason.element,
      h("div", { class: "buttons" }, this.#approve, this.#deny),
      h("p", { class: "hint" }, "Your name, your decision and your reason are kept. A decision cannot be taken back."),
      others.length === 0 ? undefined : whyNot(others),
    ];
  }

  #showLabels(): void {
    const chosen = this.#chosen;
    const isOne = this.#open.length === 1;
    const what = isOne ? "" : ` ${count(chosen.length, "change")}`;
    this.#approve.replaceChildren(this.#isSending ? "Sending …" : `Approve${what}`);
    this.#deny.replaceChildren(`Deny${what}`);
    for (const each of [this.#approve, this.#deny]) {
      each.setAttribute("aria-disabled", String(this.#isSending || chosen.length === 0));
    }
  }

  async #decide(decision: Decision): Promise<void> {
    const { context } = this;
    const chosen = this.#chosen;
    // One decision at a time, whichever button and however often it is pressed.
    if (this.#isSending || chosen.length === 0) return;
    const reason = this.#reason.field.value.trim();
    if (decision === "deny" && reason === "") {
      this.#reason.fault("Please say why you deny it.");
      this.#reason.field.focus();
      return;
    }
    this.#isSending = true;
    this.#showLabels();
    this.#outcome.replaceChildren();
    context.announce("Sending your decision");
    let shown: HTMLElement;
    try {
      const asked = chosen.map(({ index, digest }) => ({ index, digest }));
      const results = await context.api.decide(this.requestId, decision, asked, reason);
      this.#isSending = false;
      if (results.every(({ problem }) => problem === undefined)) this.#reason.field.value = "";
      await this.#reload();
      context.recount();
      shown = outcomeOf(decision, results, this.#changes);
    } catch (error) {
      this.#isSending = false;
      this.#showLabels();
      shown =
        error instanceof Unreachable
          ? notice(
              "bad",
              h(
                "p",
                {},
                h("strong", {}, "No answer came. "),
                "It is not known whether your decision arrived. You can send it again: it counts once.",
              ),
              h(
                "div",
                { class: "buttons" },
                button("Send it again", { class: "secondary" }, () => this.#decide(decision)),
              ),
            )
          : failure(
              context,
              error,
              () => this.#decide(decision),
              () => this.#reason.field.value,
            );
    }
    this.#outcome.replaceChildren(shown);
    moveTo(shown);
  }

  /** Reads the request again. What fails here leaves what is shown, with a word about it. */
  async #reload(): Promise<void> {
    try {
      this.#changes = await this.context.api.request(this.requestId);
    } catch {
      const decided = new Set(this.#chosen);
      this.#changes = this.#changes.map((change) => (decided.has(change) ? { ...change, mayDecide: false } : change));
    }
    this.#left.clear();
    this.#show();
  }
}

function leadOf(changes: readonly Change[]): Child {
  const waiting = changes.filter(({ status }) => status === "waiting");
  if (waiting.length === 0) return "Nothing of this request waits for a decision any more.";
  const soonest = waiting.flatMap(({ expiresAt }) => expiresAt ?? []).sort()[0];
  return [
    `${count(waiting.length, "change waits", "changes wait")} for a decision.`,
    ...(soonest === undefined ? [] : [" Expires ", timeFromNow(soonest), "."]),
  ];
}

function summary({ initiator, event, occurredAt, source, worker, dryRun }: Change, requestId: string): HTMLElement {
  return h(
    "section",
    { class: "card summary", "aria-label": "Who asks and why" },
    h(
      "dl",
      { class: "facts" },
      fact("Asked by", h("strong", {}, foreign(initiator.id)), `, ${initiatorKind(initiator.kind)}`),
      fact(
        "Why",
        initiator.intent === undefined || initiator.intent === ""
          ? h("span", { class: "hint" }, "No reason was given.")
          : foreign(initiator.intent),
      ),
      fact("After", h("strong", {}, foreign(event)), ", ", time(occurredAt), ", told by ", foreign(source)),
      fact("Worker", foreign(worker.id)),
      fact("Request", h("code", {}, foreign(requestId))),
    ),
    dryRun === true
      ? notice("calm", h("p", {}, "This is a dry run. Whatever you decide, nothing is written."))
      : undefined,
  );
}

/** Why the reader cannot decide: once for each reason. */
function whyNot(changes: readonly Change[]): HTMLElement[] {
  const reasons = new Map<string, string[]>();
  for (const { status, field, mayNotBecause } of changes) {
    if (status !== "waiting") continue;
    const words =
      mayNotBecause === undefined
        ? "You cannot decide on this."
        : problemWords(mayNotBecause.code, mayNotBecause.title);
    reasons.set(words, [...(reasons.get(words) ?? []), field]);
  }
  if (reasons.size === 0) return [h("p", { class: "hint" }, "There is nothing left to decide here.")];
  return [...reasons].map(([words, fields]) =>
    notice(
      "calm",
      h("p", {}, changes.length > 1 ? h("strong", {}, foreign(fieldTitle(...fields)), ": ") : undefined, words),
    ),
  );
}

/** What became of a decision, in words, the worst first. */
function outcomeOf(decision: Decision, results: readonly Result[], changes: readonly Change[]): HTMLElement {
  const lines = results.map((result): { readonly tone: "good" | "bad" | "wait"; readonly text: string } => {
    const change = changes.find(({ index }) => index === result.index);
    const name = change === undefined ? `Change ${String(result.index)}` : fieldTitle(change.field);
    const { problem, tooLate, complete } = result;
    if (problem !== undefined) return { tone: "bad", text: `${name}: ${problemWords(problem.code, problem.title)}` };
    if (tooLate === true) {
      return {
        tone: "bad",
        text: `${name}: your denial is on record, but the write had begun. Please look into the HR system.`,
      };
    }
    if (decision === "deny") return { tone: "good", text: `${name}: denied. Nothing is written.` };
    if (complete === true) {
      const end =
        change?.consequence === "planned"
          ? "It is a dry run: nothing is written."
          : "It is on its way to the HR system.";
      return { tone: "good", text: `${name}: approved. ${end}` };
    }
    return { tone: "wait", text: `${name}: your approval is on record. Others must agree too.` };
  });
  const tone = lines.some((line) => line.tone === "bad")
    ? "bad"
    : lines.some((line) => line.tone === "wait")
      ? "wait"
      : "good";
  return notice(
    tone,
    h(
      "ul",
      { class: "results", role: "list" },
      lines.map((line) => h("li", { class: line.tone }, foreign(line.text))),
    ),
    h("p", {}, link("#/", "See what else waits for you")),
  );
}
