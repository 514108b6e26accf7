import { createPage, readPageFiles } from "../../src/runtime/page";
import { CLIENT_ID, OPERATORS_STOP, PEOPLE, PAGE_DIR } from "./office";
import { openPlace } from "./setup";
import type { Visitor } from "./visitor";

const { inBrowser, office, visitor, signedIn } = openPlace();

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
const button = ({ page }: Visitor, name: string | RegExp) => page.getByRole("button", { name });

/** Everything that this browser keeps for the page. */
const kept = ({ page }: Visitor): Promise<string> =>
  page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])");

describe("signing in", () => {
  inBrowser("shows nothing before, leaves no token or code behind, and survives a reload", async () => {
    await office().ask();
    const hr = await visitor();
    const asked: string[] = [];
    hr.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await hr.open("#/requests/r-1");
    await button(hr, "Sign in").waitFor();
    expect(asked.filter((path) => !/^\/(?:assets\/.*|config\.json)?$/.test(path))).toEqual([]);
    await hr.picture("welcome");
    await button(hr, "Sign in").click();
    await hr.picture("provider");
    await hr.pick("hr");
    await hr.page.getByRole("heading", { name: /record$/ }).waitFor();
    expect(hr.page.url()).toBe(`${office().url}#/requests/r-1`);
    expect(await kept(hr)).not.toMatch(/eyJ|verifier|nonce|WD-/);
    await hr.page.reload();
    await hr.page.getByRole("heading", { name: /record$/ }).waitFor();
    expect(await hr.text("header")).toContain("Harper Partner");
  });

  inBrowser("asks the provider by code, PKCE and fresh secrets", async () => {
    const hr = await visitor();
    const asked: URL[] = [];
    hr.page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname === "/authorize") asked.push(url);
    });
    for (let time = 0; time < 2; time += 1) {
      await hr.open();
      await button(hr, "Sign in").click();
      await hr.page.getByText("Pick who you are").waitFor();
    }
    const [first, second] = asked.map(({ searchParams }) => Object.fromEntries(searchParams));
    expect(first).toMatchObject({
      response_type: "code",
      client_id: CLIENT_ID,
      redirect_uri: office().url,
      code_challenge_method: "S256",
    });
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(first![name]).toMatch(/^[\w-]{43}$/);
      expect(first![name]).not.toBe(second![name]);
    }
  });

  inBrowser("fails for an answer that was not asked for here, and asks for no token", async () => {
    const hr = await visitor();
    const tokens: string[] = [];
    hr.page.on("request", (request) => {
      if (request.url().endsWith("/token")) tokens.push(request.url());
    });
    // Somebody else's answer, sent to a reader who had begun nothing.
    await hr.page.goto(`${office().url}?code=theirs&state=theirs&iss=${encodeURIComponent(office().identity.issuer)}`);
    await hr.page.getByText("You are not signed in.").waitFor();
    expect(hr.page.url()).toBe(office().url);
    // And to one who had begun, with another state.
    await button(hr, "Sign in").click();
    await hr.page.getByText("Pick who you are").waitFor();
    await hr.page.goto(`${office().url}?code=theirs&state=theirs&iss=${encodeURIComponent(office().identity.issuer)}`);
    await hr.page.getByText("You are not signed in.").waitFor();
    await hr.picture("sign-in-refused");
    expect(tokens).toEqual([]);
    expect(await kept(hr)).toBe('[{},{},""]');
  });

  inBrowser.each(["another nonce", "another audience"])("fails for a token of %s", async (what) => {
    const hr = await visitor();
    const { signer, issuer } = office().identity;
    const signIn = what === "another nonce" ? { clientId: CLIENT_ID, nonce: "theirs" } : { clientId: "another" };
    const idToken = await signer.idTokenFor(PEOPLE.hr, signIn, Date.now());
    await hr.page.route(`${issuer}/token`, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), id_token: idToken } });
    });
    await hr.open();
    await button(hr, "Sign in").click();
    await hr.page.locator("button[name=person]").first().click();
    await hr.page.getByText("You are not signed in.").waitFor();
  });

  inBrowser("what the provider says of a refusal is text", async () => {
    const hr = await visitor();
    const said = encodeURIComponent(`<img src=x onerror="window.hacked=1">no`);
    await hr.page.goto(`${office().url}?error=access_denied&error_description=${said}&state=x`);
    await hr.page.getByText('<img src=x onerror="window.hacked=1">no').waitFor();
    await expect(hr.page.locator("main img").count()).resolves.toBe(0);
  });

  inBrowser("signing out ends it here and at the provider; the back button shows nothing", async () => {
    await office().ask();
    const hr = await signedIn("hr", "#/requests/r-1");
    await hr.page.getByText("WD-500").waitFor();
    await button(hr, "Sign out").click();
    await button(hr, "Sign in").waitFor();
    await hr.page.goBack();
    await hr.page.waitForLoadState();
    expect(await hr.page.content()).not.toContain("WD-500");
    await hr.open("#/requests/r-1");
    await button(hr, "Sign in").click();
    await hr.page.getByText("Pick who you are").waitFor();
  });

  inBrowser("a provider that cannot be reached is said in plain words", async () => {
    const hr = await visitor();
    await hr.page.route(`${office().identity.issuer}/**`, (route) => route.abort());
    await hr.open();
    await button(hr, "Sign in").click();
    await hr.page.getByText("The identity provider cannot be reached at this moment.").waitFor();
  });
});

describe("nothing from outside is ever markup", () => {
  const script = (name: string): string =>
    `<img src="x" onerror="window.hacked='${name}'"><script>window.hacked='${name}'</script>{{7*7}}\${7*7}`;
  const hacked = ({ page }: Visitor): Promise<unknown> => page.evaluate("window.hacked");

  inBrowser("in every string of an event, a record, a decision, a person and a fact", async () => {
    const { world } = office();
    const worker = `<b id="worker">WD</b>`;
    for (const [field, value] of Object.entries({ employment_type: "employee", legal_entity: "acme-uk" })) {
      world.hris.set(field, value, worker);
    }
    world.hris.set("cost_center", script("from"), worker);
    world.hris.set("manager", null, worker);
    world.hris.active.add(script("reference"));
    const initiator = { kind: "automation", id: script("initiator"), intent: script("intent") };
    const detail = {
      initiator,
      worker: { id: worker, attributes: { worker_type: "employee", legal_entity: "acme-uk" } },
    };
    const changes = [
      { field: "cost_center", value: script("to") },
      { field: "manager", value: script("reference") },
    ];
    await office().ask({ changes, detail });
    world.hris.set("employment_type", "contingent", worker);
    await office().tell("r-9", script("fact"), detail);
    office().world.seed("control", [{ ...OPERATORS_STOP, reason: script("stop") }]);

    const somebody = await signedIn("markup");
    await somebody.read();
    await somebody.page.getByLabel("Reason").fill(script("reason"));
    await button(somebody, "Approve 2 changes").click();
    await somebody.page.locator(".outcome .notice").waitFor();
    const shown = await somebody.text();
    for (const name of ["initiator", "intent", "from", "to", "reference", "reason"]) {
      expect(shown).toContain(script(name).replace(/\s+/g, " "));
    }
    expect(shown).toContain(worker);
    expect(shown).toContain(PEOPLE.markup.subject);
    expect(await somebody.text("header")).toContain(PEOPLE.markup.name);
    // The page's own words hold nothing that it would have to name.
    expect(await somebody.text(".panel")).toContain("Cost center: You have decided already.");
    await expect(somebody.page.locator("main img, main script, #worker, #subject").count()).resolves.toBe(0);
    await somebody.picture("markup");
    await somebody.go("#/");
    await somebody.page.getByRole("heading", { name: "Waiting for you" }).waitFor();
    await somebody.go("#/notices");
    await button(somebody, /Show the fact/).click();
    await somebody.page.getByText("I have taken note").waitFor();
    expect(await somebody.text()).toContain(script("fact"));
    const ada = await signedIn("ada", "#/system");
    await ada.page.getByText("Stopped", { exact: true }).first().waitFor();
    expect(await ada.text()).toContain(script("stop"));
    expect([await hacked(somebody), await hacked(ada)]).toEqual([undefined, undefined]);
  });

  inBrowser("what cannot be seen, or looks like something else, is named", async () => {
    const { world } = office();
    world.hris.set("cost_center", "CC\u00a01 ");
    await office().ask({ changes: [{ field: "cost_center", value: "\u0421C-1" }] });
    const hr = await signedIn("hr", "#/requests/r-1");
    await hr.page.getByText("Mixes letters of the Latin and Cyrillic alphabets").waitFor();
    expect(await hr.text(".side.old")).toBe("In the HR system now CCno-break space1space");
    await hr.picture("look-alikes");
  });

  /** The page with a script and a style in its HTML, as a mistake or an attacker would leave them there. */
  const tampered = () => {
    const files = new Map(readPageFiles(PAGE_DIR));
    const bad = `<script>window.hacked = "inline"</script><style>body { color: rgb(1, 2, 3) }</style>`;
    files.set("index.html", files.get("index.html")!.replace("</head>", `${bad}</head>`));
    return createPage({ issuer: office().identity.issuer, clientId: CLIENT_ID, scope: "openid" }, files);
  };
  const MARKUP = `(() => { try { document.querySelector("main").innerHTML = "<p id=made></p>"; } catch (error) { return error.name; } return "made"; })()`;

  inBrowser(
    "the policy runs no script or style that is not a file of the page, and makes no markup from text",
    async () => {
      office().page = tampered();
      const hr = await visitor();
      await hr.open();
      await button(hr, "Sign in").waitFor();
      expect(await hacked(hr)).toBeUndefined();
      expect(await hr.page.evaluate("getComputedStyle(document.body).color")).not.toBe("rgb(1, 2, 3)");
      expect(await hr.page.evaluate(MARKUP)).toBe("TypeError");
      expect(hr.complaints.splice(0).length).toBeGreaterThanOrEqual(2);
    },
  );

  inBrowser("without the policy it would run: it is the policy that holds", async () => {
    const page = tampered();
    office().page = (event) => {
      const answer = page(event);
      return answer && { ...answer, headers: { ...answer.headers, "content-security-policy": "" } };
    };
    const hr = await visitor();
    await hr.open();
    await button(hr, "Sign in").waitFor();
    expect(await hacked(hr)).toBe("inline");
    expect(await hr.page.evaluate(MARKUP)).toBe("made");
  });

  inBrowser("nobody shows the page in a frame", async () => {
    const other = await visitor();
    // A page of the same site, so that nothing but the policy keeps it out.
    await other.page.route(`${office().url}frame`, (route) =>
      route.fulfill({ contentType: "text/html", body: `<iframe src="${office().url}"></iframe>` }),
    );
    await other.page.goto(`${office().url}frame`);
    expect(await other.complaint()).toContain("frame-ancestors 'none'");
  });

  inBrowser("no answer with a value is kept by the browser", async () => {
    await office().ask();
    const hr = await visitor();
    const caching: Record<string, string | undefined> = {};
    hr.page.on("response", (response) => {
      const { origin, pathname } = new URL(response.url());
      if (`${origin}/` === office().url) caching[pathname] = response.headers()["cache-control"];
    });
    await hr.signIn("hr", "#/requests/r-1");
    await hr.page.getByText("WD-500").waitFor();
    const files = Object.entries(caching).filter(([path]) => !path.startsWith("/assets/"));
    expect(files.map(([path]) => path)).toEqual(expect.arrayContaining(["/", "/config.json", "/approvals/r-1"]));
    expect(files.filter(([, value]) => value !== "no-store")).toEqual([]);
  });
});

describe("notices and the system", () => {
  inBrowser("the owner of a field reads a notified fact and takes note of it", async () => {
    await office().tell();
    const hr = await signedIn("hr", "#/notices");
    await button(hr, "Show the fact: manager").click();
    await hr.page.getByText("WD-500").waitFor();
    await hr.picture("notice");
    await button(hr, "I have taken note").click();
    await hr.page.getByText("You have taken note. It is on record.").waitFor();
    expect(office().world.itemsOf("ledger", "acknowledged#")).toHaveLength(1);
    expect(office().world.hris.writes).toEqual([]);
    await hr.page.reload();
    await hr.page.getByText("No notices").waitFor();
  });

  inBrowser("two operators let a stopped system run again, one cannot", async () => {
    office().world.seed("control", [OPERATORS_STOP]);
    const ada = await signedIn("ada");
    await ada.page.getByText("The system is stopped.").waitFor();
    await ada.page.getByRole("link", { name: "See why" }).click();
    await button(ada, "Agree to resume").click();
    await ada.page.getByText("Please say why it is safe.").waitFor();
    await ada.page.getByLabel("Why it is safe to resume").fill("The cause is mended");
    await button(ada, "Agree to resume").click();
    await ada.page.getByText("Your agreement is on record: 1 of 2.").waitFor();
    await ada.picture("system-one-agreed");
    expect(office().world.control("switch")).toMatchObject({ state: "stopped" });
    const ben = await signedIn("ben", "#/system");
    await ben.page.getByLabel("Why it is safe to resume").fill("I looked too");
    await button(ben, "Agree to resume").click();
    await ben.page.getByText("Two operators agreed: it runs again.").waitFor();
    expect(office().world.control("switch")).toMatchObject({ state: "running" });
    await expect(ben.page.getByText("The system is stopped.").count()).resolves.toBe(0);
    await ben.picture("system-resumed");
  });

  inBrowser("who is no operator sees neither the part nor the state", async () => {
    office().world.seed("control", [OPERATORS_STOP]);
    const hr = await signedIn("hr", "#/system");
    await hr.page.getByText("Only members of the operators' group may do this.").waitFor();
  });
});

describe("for everybody", () => {
  const LOOKS = [
    ["light", {}],
    ["dark", { colorScheme: "dark" as const }],
    ["phone", PHONE],
    ["phone-dark", { ...PHONE, colorScheme: "dark" as const }],
  ] as const;

  inBrowser.each(LOOKS)("axe finds nothing on any part, and nothing is too wide: %s", async (look, options) => {
    const changes = [
      { field: "manager", value: "WD-500" },
      { field: "cost_center", value: "CC-7-a-very-long-name-of-a-cost-centre-that-never-ends-and-has-no-spaces" },
    ];
    await office().ask({
      changes,
      detail: { initiator: { kind: "agent", id: "onboarding-assistant", intent: "Robin joins Payroll on Monday" } },
    });
    await office().tell();
    office().world.seed("control", [OPERATORS_STOP]);
    const both = await visitor(options);
    const found: string[] = [];
    const see = async (part: string): Promise<void> => {
      found.push(...(await both.axe()).map((each) => `${part}: ${each}`));
      if (await both.isTooWide()) found.push(`${part}: too wide`);
      await both.picture(`${part}-${look}`);
    };
    await both.open();
    await button(both, "Sign in").waitFor();
    await see("welcome");
    await button(both, "Sign in").click();
    await both.page.getByText("Pick who you are").waitFor();
    await see("provider");
    await both.pick("all");
    await both.page.getByText("Robin joins Payroll").waitFor();
    await see("list");
    await both.read();
    await button(both, "Deny").click();
    await see("request");
    await button(both, "Approve").click();
    await both.page.locator(".outcome .notice").waitFor();
    await see("decided");
    await both.go("#/notices");
    await button(both, /Show the fact/).click();
    await both.page.getByText("I have taken note").waitFor();
    await see("notices");
    await both.go("#/system");
    await both.page.getByLabel("Why it is safe").waitFor();
    await see("system");
    await both.go("#/requests/none");
    await both.page.getByRole("heading", { name: "Not found" }).waitFor();
    await see("not-found");
    expect(found).toEqual([]);
  });

  inBrowser("a keyboard is enough, and focus is where the reader is", async () => {
    await office().ask();
    const hr = await visitor();
    await hr.open();
    await button(hr, "Sign in").waitFor();
    const press = (key: string) => hr.page.keyboard.press(key);
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let count = 0; count < 15; count += 1) {
        await press("Tab");
        if (name.test(await hr.page.evaluate("document.activeElement.innerText || document.activeElement.id"))) return;
      }
      throw new Error(`no Tab leads to ${name.source}`);
    };
    await tabTo(/^Sign in$/);
    await press("Enter");
    await hr.page.getByText("Pick who you are").waitFor();
    await tabTo(/^Harper Partner/);
    await press("Enter");
    await hr.page.getByRole("heading", { name: "Waiting for you" }).waitFor();
    await tabTo(/^Manager$/);
    await press("Enter");
    await hr.page.getByRole("heading", { name: /record$/ }).waitFor();
    expect(await hr.page.evaluate("document.activeElement.tagName")).toBe("H1");
    await tabTo(/^reason$/);
    await hr.page.keyboard.type("Seen and right");
    await tabTo(/^Approve$/);
    expect(await hr.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await press("Enter");
    await hr.page.locator(".outcome .notice").waitFor();
    expect(await hr.page.evaluate("document.activeElement.className")).toContain("notice");
    expect(office().decisions()).toMatchObject([{ decision: "approve", reason: "Seen and right" }]);
  });
});
