import { Problem, SignInOver, Unreachable } from "./api";
import type { Context } from "./context";
import { button, h, unseen, type Child } from "./dom";
import type { Scalar } from "./model";
import { mixedAlphabets, visiblePieces } from "./visible-text";
import { fromNow, moment, problemWords } from "./words";

/** A text that came from an event or a record: as text, with what cannot be seen made visible, whichever way it runs. */
export function foreign(text: string): HTMLElement {
  const pieces = visiblePieces(text).map((piece) =>
    "text" in piece ? piece.text : h("span", { class: "mark", title: `character: ${piece.mark}` }, piece.mark),
  );
  return h("bdi", { class: "foreign" }, pieces);
}

/** A value of a record. */
export function value(shown: Scalar | null | undefined, other?: Scalar | null): HTMLElement {
  if (shown === null || shown === undefined) return h("span", { class: "value empty" }, "empty");
  const mixed = typeof shown === "string" ? mixedAlphabets(shown) : [];
  // Only where the kind is all that tells them apart.
  const isSameText =
    other !== null && other !== undefined && typeof other !== typeof shown && String(other) === String(shown);
  return h(
    "span",
    { class: "value" },
    foreign(String(shown)),
    isSameText ? h("span", { class: "hint" }, ` (${typeof shown === "string" ? "text" : typeof shown})`) : undefined,
    mixed.length === 0
      ? undefined
      : h("span", { class: "warning" }, `Mixes letters of the ${mixed.join(" and ")} alphabets, which can look alike.`),
  );
}

/** A moment, and how far it is from now. */
export function time(instant: string): HTMLElement {
  return h("time", { datetime: instant }, moment(instant));
}

export function timeFromNow(instant: string): Child {
  return [h("strong", {}, fromNow(instant, Date.now())), " (", time(instant), ")"];
}

/** A term and what is said about it; nothing where nothing is said. */
export function fact(term: string, ...details: readonly Child[]): HTMLElement | undefined {
  if (details.every((detail) => detail === undefined || detail === "")) return undefined;
  return h("div", { class: "fact" }, h("dt", {}, term), h("dd", {}, details));
}

/** Something the reader should know, with what to do about it. */
export function notice(tone: "good" | "bad" | "wait" | "calm", ...content: readonly Child[]): HTMLElement {
  return h("div", { class: `notice ${tone}` }, content);
}

export function badge(tone: "good" | "bad" | "wait" | "calm", text: string): HTMLElement {
  return h("span", { class: `badge ${tone}` }, text);
}

/** What went wrong, in plain words, with the way on. `retry` is absent where trying again helps nobody. */
export function failure(context: Context, error: unknown, retry?: () => unknown, draft?: () => string): HTMLElement {
  if (error instanceof SignInOver) {
    return notice(
      "bad",
      h(
        "p",
        {},
        h("strong", {}, "Your sign-in has ended. "),
        "Nothing was sent. Sign in again and you come back to this page.",
      ),
      h(
        "div",
        { class: "buttons" },
        button("Sign in again", { class: "primary" }, () => {
          context.signInAgain(draft?.());
        }),
      ),
    );
  }
  const again =
    retry === undefined
      ? undefined
      : h("div", { class: "buttons" }, button("Try again", { class: "secondary" }, retry));
  if (error instanceof Unreachable) {
    return notice(
      "bad",
      h("p", {}, h("strong", {}, "No answer came. "), "The network may be lost, or the service is busy."),
      again,
    );
  }
  if (error instanceof Problem) {
    const mayHelp = error.status >= 500 || error.status === 429 || error.status === 409;
    const words =
      error.status === 429
        ? "Too many requests at this moment. Please wait a little."
        : problemWords(error.code, error.title);
    return notice("bad", h("p", {}, words), mayHelp ? again : undefined);
  }
  return notice("bad", h("p", {}, "Something went wrong on this page."), again);
}

/** The heading of a view. */
export function heading(text: Child): HTMLElement {
  return h("h1", { tabindex: "-1" }, text);
}

/** A link to another part of the page. */
export function link(hash: string, ...content: readonly Child[]): HTMLAnchorElement {
  return h("a", { href: hash }, content);
}

/** A text field for a reason, with room for what is wrong with it. `name` tells apart several on one page. */
export function reasonField(
  label: string,
  hint: string,
  name = "reason",
): { readonly element: HTMLElement; readonly field: HTMLTextAreaElement; fault(text: string | undefined): void } {
  const [hintId, faultId] = [`${name}-hint`, `${name}-fault`];
  const field = h("textarea", { id: name, rows: "3", maxlength: "1024", "aria-describedby": `${hintId} ${faultId}` });
  const fault = h("p", { id: faultId, class: "fault" });
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: name }, label),
    h("p", { id: hintId, class: "hint" }, hint),
    field,
    fault,
  );
  return {
    element,
    field,
    fault: (text) => {
      fault.replaceChildren(...(text === undefined ? [] : [text]));
      if (text === undefined) field.removeAttribute("aria-invalid");
      else field.setAttribute("aria-invalid", "true");
    },
  };
}

/** Nothing is here, and that is fine. */
export function nothing(title: string, text: string): HTMLElement {
  return h("div", { class: "nothing" }, h("p", { class: "nothing-title" }, title), h("p", {}, text));
}

/** `old → new` for eyes, "from old to new" for ears. */
export function arrow(): HTMLElement {
  return h("span", { class: "arrow" }, h("span", { "aria-hidden": "true" }, "→"), unseen(" becomes "));
}
