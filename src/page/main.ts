import { createApi, Problem, SignInOver, Unreachable } from "./api";
import type { Context, View } from "./context";
import { button, byId, h, moveTo, type Child } from "./dom";
import type { System } from "./model";
import { failure, foreign, heading, link, notice } from "./parts";
import { SignIn, type Session, type Settings } from "./sign-in";
import { noticesView } from "./views/notices";
import { requestView } from "./views/request";
import { systemView } from "./views/system";
import { byRequest, waitingView } from "./views/waiting";

const NAME = "Write-back approvals";

/** Less than this left, and the reader is sent to the provider before they begin something. */
const ENOUGH_MS = 60_000;

/** Longer than this and the reader is told that something is being fetched. */
const PATIENCE_MS = 200;

interface Part {
  readonly id: "waiting" | "notices" | "system";
  readonly hash: string;
  readonly name: string;
}

const PARTS: readonly Part[] = [
  { id: "waiting", hash: "#/", name: "Waiting" },
  { id: "notices", hash: "#/notices", name: "Notices" },
  { id: "system", hash: "#/system", name: "System" },
];

/** The page: signs the reader in, then shows what the address names. */
class Page {
  #session: Session | undefined;
  #draft: string | undefined;
  /** Counts views, so that one that comes late is not shown over a later one. */
  #shown = 0;
  readonly #counts = new Map<string, number>();
  /** Parts that this reader has no business in, or that the API does not offer. */
  readonly #closed = new Set<string>(["notices", "system"]);
  readonly #api = createApi(() =>
    this.#session !== undefined && this.#session.untilMs > Date.now() ? this.#session.accessToken : undefined,
  );

  constructor(private readonly signIn: SignIn) {}

  async start(): Promise<void> {
    const url = new URL(location.href);
    if (SignIn.isReturn(url)) {
      // The code is used once and of no use to anybody after: it leaves the address before anything else.
      history.replaceState(null, "", "/");
      try {
        const { session, at, draft } = await this.signIn.finish(url);
        this.#session = session;
        this.#draft = draft;
        history.replaceState(null, "", `/${at}`);
      } catch (error) {
        SignIn.forget();
        this.#welcome(whySignInFailed(url, error));
        return;
      }
    } else if (SignIn.wasSignedIn()) {
      this.#leave({ quietly: true });
      return;
    } else {
      this.#welcome();
      return;
    }
    window.addEventListener("hashchange", () => {
      void this.#route();
    });
    await Promise.all([this.#route(), this.#look()]);
  }

  /** Leaves for the provider. */
  #leave(how: { readonly draft?: string; readonly quietly?: boolean; readonly other?: boolean }): void {
    const at = location.hash;
    this.signIn.start({ at, ...how }).catch(() => {
      SignIn.forget();
      this.#welcome(
        notice("bad", h("p", {}, "The identity provider cannot be reached at this moment. Please try again.")),
      );
    });
  }

  #welcome(problem?: HTMLElement): void {
    document.title = NAME;
    this.#header();
    const isAboutOne = /^#\/requests\//.test(location.hash);
    byId("main").replaceChildren(
      h(
        "div",
        { class: "welcome card" },
        heading(isAboutOne ? "You are asked for a decision" : "Sign in to decide"),
        ...(problem === undefined ? [] : [problem]),
        h(
          "p",
          {},
          "Here you see changes to people's records in the HR system that wait for your decision: who asks, why, what the value is now and what it would be.",
        ),
        h("p", {}, "Nothing is shown before you have signed in."),
        h(
          "div",
          { class: "buttons" },
          button("Sign in", { class: "primary", id: "sign-in" }, () => {
            this.#leave({});
          }),
        ),
      ),
    );
    if (problem !== undefined) moveTo(problem);
  }

  #header(): void {
    const session = this.#session;
    const current = partOf(location.hash);
    const header = byId("header");
    const focused = header.contains(document.activeElement) ? keyOf(document.activeElement) : undefined;
    header.replaceChildren(
      h(
        "div",
        { class: "top-inner" },
        h(
          "a",
          { class: "brand", href: "#/" },
          h("img", { src: iconAddress(), alt: "", width: "28", height: "28" }),
          NAME,
        ),
        session === undefined
          ? ""
          : h(
              "nav",
              { "aria-label": "Parts of this page" },
              h(
                "ul",
                { role: "list" },
                PARTS.filter(({ id }) => !this.#closed.has(id) || id === current).map(({ id, hash, name }) => {
                  const number = this.#counts.get(id);
                  return h(
                    "li",
                    {},
                    h(
                      "a",
                      { href: hash, "aria-current": id === current ? "page" : undefined },
                      name,
                      number === undefined || number === 0
                        ? undefined
                        : h("span", { class: "count" }, ` ${String(number)}`),
                    ),
                  );
                }),
              ),
            ),
        session === undefined
          ? ""
          : h(
              "div",
              { class: "who" },
              h("span", { class: "person" }, foreign(session.person)),
              button("Sign out", { class: "quiet" }, () => this.#signOut(session)),
            ),
      ),
    );
    // The reader stays where they were, on what stands there now.
    if (focused !== undefined)
      [...header.querySelectorAll<HTMLElement>("a, button")].find((each) => keyOf(each) === focused)?.focus();
  }

  async #signOut(session: Session): Promise<void> {
    this.#session = undefined;
    this.#shown += 1;
    byId("banner").replaceChildren();
    // Not shown again by the back button either.
    byId("main").replaceChildren();
    const leaves = await this.signIn.end(session).catch(() => false);
    if (!leaves) this.#welcome(notice("good", h("p", {}, "You are signed out.")));
  }

  /** Shows what the address names. */
  async #route(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    if (session.untilMs - Date.now() < ENOUGH_MS) {
      this.#leave({ quietly: true });
      return;
    }
    const own = (this.#shown += 1);
    const context = this.#context(() => own === this.#shown);
    const main = byId("main");
    const patience = setTimeout(() => {
      if (context.isCurrent()) main.replaceChildren(h("p", { class: "loading" }, "One moment …"));
    }, PATIENCE_MS);
    this.#header();
    let view: View;
    try {
      view = await viewOf(context, location.hash);
    } catch (error) {
      view = failed(context, error, () => this.#route());
    } finally {
      clearTimeout(patience);
    }
    if (!context.isCurrent()) return;
    document.title = `${view.title} – ${NAME}`;
    main.replaceChildren(view.content);
    window.scrollTo(0, 0);
    const title = main.querySelector("h1");
    if (title !== null) moveTo(title);
  }

  /** Looks once which parts there are for this reader, and whether the system is stopped. */
  async #look(): Promise<void> {
    if (partOf(location.hash) !== "waiting" || location.hash.startsWith("#/requests/")) void this.#recount();
    const [notices, system] = await Promise.allSettled([this.#api.notices(), this.#api.system()]);
    if (notices.status === "fulfilled") {
      this.#closed.delete("notices");
      this.#counts.set("notices", notices.value.length);
    }
    if (system.status === "fulfilled") {
      this.#closed.delete("system");
      tellSystem(system.value);
    }
    this.#header();
  }

  /** Counts the requests that wait; the number stays as it is where that fails. */
  async #recount(): Promise<void> {
    try {
      this.#counts.set("waiting", byRequest((await this.#api.waiting()).waiting).length);
      this.#header();
    } catch {
      // The part itself tells what is wrong when it is opened.
    }
  }

  #context(isCurrent: () => boolean): Context {
    return {
      api: this.#api,
      announce: (text) => {
        byId("status").textContent = text;
      },
      signInAgain: (draft) => {
        this.#leave(draft === undefined ? {} : { draft });
      },
      takeDraft: () => {
        const draft = this.#draft;
        this.#draft = undefined;
        return draft;
      },
      recount: () => {
        void this.#recount();
      },
      tellSystem,
      setCount: (part, number) => {
        this.#counts.set(part, number);
        this.#header();
      },
      isCurrent,
    };
  }
}

/** Tells the header's links and buttons apart, also when they are made anew. */
function keyOf(element: Element | null): string {
  return element?.getAttribute("href") ?? element?.tagName ?? "";
}

function tellSystem({ switch: { state }, breaker }: System): void {
  const isStopped = state !== "running" || breaker.state !== "ok";
  byId("banner").replaceChildren(
    ...(isStopped
      ? [
          h(
            "div",
            { class: "banner", role: "region", "aria-label": "State of the system" },
            h("strong", {}, "The system is stopped. "),
            "You can decide; nothing is written until two operators resume it. ",
            link("#/system", "See why"),
          ),
        ]
      : []),
  );
}

function partOf(hash: string): Part["id"] {
  if (hash === "#/notices") return "notices";
  return hash === "#/system" ? "system" : "waiting";
}

function viewOf(context: Context, hash: string): Promise<View> {
  const requestId = /^#\/requests\/([\w-]{1,64})$/.exec(hash)?.[1];
  if (requestId !== undefined) return requestView(context, requestId);
  switch (partOf(hash)) {
    case "notices":
      return noticesView(context);
    case "system":
      return systemView(context);
    case "waiting":
      return waitingView(context);
  }
}

/** A view that could not be shown. */
function failed(context: Context, error: unknown, retry: () => unknown): View {
  const title =
    error instanceof SignInOver
      ? "Please sign in again"
      : error instanceof Unreachable
        ? "No connection"
        : error instanceof Problem && error.status === 404
          ? "Not found"
          : error instanceof Problem && error.status === 403
            ? "Not for you to see"
            : "This did not work";
  return {
    title,
    content: h(
      "div",
      { class: "narrow" },
      h("div", { class: "head" }, heading(title)),
      failure(context, error, retry),
      h("p", {}, link("#/", "See what waits for you")),
    ),
  };
}

/** Why the provider's answer was no sign-in. What it says of itself is shown as text. */
function whySignInFailed(url: URL, error: unknown): HTMLElement {
  const said = url.searchParams.get("error_description") ?? url.searchParams.get("error");
  const reason: Child =
    said === null
      ? error instanceof TypeError
        ? "The identity provider cannot be reached at this moment."
        : "It was not begun here, was used already, or took too long."
      : ["The identity provider says: ", foreign(said.slice(0, 300))];
  return notice("bad", h("p", {}, h("strong", {}, "You are not signed in. "), reason));
}

function iconAddress(): string {
  return document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href ?? "";
}

async function begin(): Promise<void> {
  const response = await fetch("/config.json", { credentials: "omit", cache: "no-store" });
  if (!response.ok) throw new Error("no settings");
  await new Page(new SignIn((await response.json()) as Settings)).start();
}

begin().catch(() => {
  byId("main").replaceChildren(
    h(
      "div",
      { class: "narrow" },
      heading("This page could not start"),
      notice(
        "bad",
        h("p", {}, "Its settings could not be read. The network may be lost, or the service is busy."),
        h(
          "div",
          { class: "buttons" },
          button("Try again", { class: "secondary" }, () => {
            location.reload();
          }),
        ),
      ),
    ),
  );
});
