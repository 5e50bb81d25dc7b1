/** The console in a real browser against a real platform. The tests build on each other's data, in order. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Access,
  type Session,
  createAccount,
  createPayment,
  cutDay,
  launchBrowser,
  openDay,
  openSession,
  placeAccounts,
  readAccess,
  screenshot,
} from "./harness";

// Ids of this run alone, so that the tests can run twice against one bank.
const RUN = BigInt(Date.now()) * 1000n;
const payer = String(RUN + 1n);
const payee = String(RUN + 2n);
const payments = Array.from({ length: 60 }, (_, index) => String(RUN + 100n + BigInt(index)));
const hold = String(RUN + 500n);
const [firstPayment = ""] = payments;
const lastPayment = payments.at(-1) ?? "";

let browser: Browser;
let session: Session;
let page: Page;

beforeAll(async () => {
  await createAccount({ id: payer, currency: "CZK", code: 7 });
  await createAccount({ id: payee, currency: "CZK", code: 8, flags: ["debits_must_not_exceed_credits"] });
  for (const id of payments) {
    await createPayment({
      id,
      debit_account: payer,
      credit_account: payee,
      amount: "1234.50",
      currency: "CZK",
      code: 1,
    });
  }
  await createPayment({
    id: hold,
    debit_account: payee,
    credit_account: payer,
    amount: "100.00",
    currency: "CZK",
    code: 2,
    flags: ["pending"],
    timeout: 3600,
  });
  browser = await launchBrowser();
  session = await openSession(browser);
  page = session.page;
});

afterAll(async () => {
  await browser.close();
});

/** The visible text of the first match. */
const text = async (selector: string) =>
  (await page.locator(selector).first().innerText()).replaceAll(/\s+/g, " ");

const heading = async () => text("h1");

/** Goes to an address and waits until the console has drawn it and listens to keys. */
async function visit(path: string): Promise<void> {
  await page.goto(path);
  // The title is set by the same pass of effects that attaches the key listener.
  await page.waitForFunction(() => document.title.includes("·"));
}

type StreamWindow = Window & { stream?: EventSource };

/** Runs in the page before its own scripts: keeps hold of the newest stream. */
function keepStream(): void {
  const Original = window.EventSource;
  window.EventSource = class extends Original {
    constructor(url: string | URL) {
      super(url);
      (window as StreamWindow).stream = this;
    }
  };
}

describe("overview", () => {
  test("shows three sites, one leader, live figures and the newest payments", async () => {
    await visit("/");
    await page.locator("[data-site]").nth(2).waitFor();
    expect(await page.locator("[data-site]").count()).toBe(3);
    expect(await page.locator('[data-leader="true"]').count()).toBe(1);
    expect(await page.locator(".panel-plan tbody tr").count()).toBe(3);
    await page.locator(".uplot canvas").nth(1).waitFor();
    await page.getByRole("link", { name: hold }).waitFor();
    expect(await text(".platform-line")).toContain("leads, epoch");
    await screenshot(page, "overview");
  });

  test("says so when the stream breaks, and goes on when it is back", async () => {
    const cut = await openSession(browser);
    await cut.page.addInitScript(keepStream);
    await cut.page.goto("/");
    await cut.page.locator("[data-site]").first().waitFor();
    // New streams are refused, and the one that is open reports an error, as it does when its server dies.
    await cut.page.route("**/v1/platform/live", (route) => route.abort());
    await cut.page.evaluate(() => (window as StreamWindow).stream?.dispatchEvent(new Event("error")));
    await cut.page.getByTestId("stream-lost").waitFor();
    expect(await cut.page.getByText("Paused").count()).toBe(2);
    await screenshot(cut.page, "stream-lost");
    await cut.page.unroute("**/v1/platform/live");
    await cut.page.getByTestId("stream-lost").waitFor({ state: "detached" });
    await cut.page.getByText("The console's stream resumed").waitFor();
    await cut.page.context().close();
  });
});

describe("accounts and payments", () => {
  test("an account is found by its id, with balances, rules and statement", async () => {
    await visit("/accounts");
    await page.keyboard.press("/");
    await page.keyboard.type(payee);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/accounts/${payee}`);
    expect(await heading()).toBe(`Account ${payee}`);
    await page.locator(".balances").waitFor();
    expect(await text(".balances")).toMatch(
      /Balance 74,070\.00 ?CZK .*Available 73,970\.00 ?CZK .*Pending debits 100\.00 /,
    );
    expect(await text(".account-facts")).toContain("no overdraft");
    const newest = await text("tbody tr");
    expect(newest).toContain(hold);
    expect(newest).toContain("pending debit −100.00 74,070.00");
    expect(await text("tbody tr:nth-child(2)")).toContain("posted credit +1,234.50 74,070.00");
    await screenshot(page, "account");
  });

  test("the statement pages back in time and forward again", async () => {
    expect(await page.locator("tbody tr").count()).toBe(50);
    await page.keyboard.press("]");
    await page.getByRole("link", { name: firstPayment, exact: true }).waitFor();
    expect(await page.locator("tbody tr").count()).toBe(11);
    await page.keyboard.press("[");
    await page.getByRole("link", { name: hold, exact: true }).waitFor();
  });

  test("a statement's entry leads to the payment, and the payment to its accounts", async () => {
    await page.getByRole("link", { name: lastPayment, exact: true }).click();
    await page.waitForURL(`**/payments/${lastPayment}`);
    await page.locator(".flow").waitFor();
    expect(await text(".flow")).toBe(`From (debit) ${payer} 1,234.50 CZK posted To (credit) ${payee}`);
    await screenshot(page, "payment");
    await page.getByRole("link", { name: payer }).click();
    await page.waitForURL(`**/accounts/${payer}`);
    await page.locator(".balances").waitFor();
    expect(await text(".balances")).toContain("Balance −74,070.00");
  });

  test("the header's search finds a payment by its id alone", async () => {
    await visit("/");
    await page.keyboard.press("/");
    await page.keyboard.type(firstPayment);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/payments/${firstPayment}`);
    expect(await heading()).toBe(`Payment ${firstPayment}`);
  });

  test("the lists show accounts and payments, and page", async () => {
    await visit("/payments");
    await page.getByRole("button", { name: "Pause updates" }).click();
    const ids = () => page.locator("tbody [data-row]").allInnerTexts();
    await page.locator("tbody tr").nth(49).waitFor();
    const newest = await ids();
    await page.keyboard.press("]");
    await page.waitForURL("**/payments?before=*");
    await page.locator("tbody tr").first().waitFor();
    const older = await ids();
    expect(older.length).toBeGreaterThan(0);
    expect(older.filter((id) => newest.includes(id))).toEqual([]);
    await visit("/accounts");
    await page.getByRole("link", { name: payer, exact: true }).waitFor();
    await screenshot(page, "accounts");
  });

  test("an unknown account is a named problem with what to do", async () => {
    await visit("/accounts/999999999999999999");
    const problem = page.getByRole("alert");
    await problem.waitFor();
    expect(await problem.innerText()).toMatch(/Not found/);
    expect(await problem.locator("code").first().innerText()).toMatch(/^[A-Z]{3}-\d{4}$/);
    expect(await problem.getByText("What to do").count()).toBe(1);
    expect(await problem.getByRole("button", { name: /^Copy / }).count()).toBe(1);
    await screenshot(page, "unknown-account");
  });

  test("an id that names nothing says how to bring in data", async () => {
    await visit("/find?id=999999999999999999");
    await page.getByText("tongbao replay --mapping examples/berka/mapping.yaml DIR").waitFor();
  });
});

describe("ledger", () => {
  test("accounts stand by currency and code, and a kind leads to its accounts", async () => {
    await visit("/ledger");
    await page.getByRole("link", { name: "CZK, code 8", exact: true }).click();
    await page.waitForURL("**/ledger/accounts?currency=CZK&code=8");
    await page.getByRole("link", { name: payee, exact: true }).waitFor();
    expect(await page.getByRole("link", { name: payer, exact: true }).count()).toBe(0);
    await screenshot(page, "ledger-accounts");
  });

  test("transfers are searched for, and the search is an address", async () => {
    await visit("/ledger/transfers");
    await page.getByLabel("Code", { exact: true }).fill("2");
    await page.getByLabel("Currency", { exact: true }).fill("CZK");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ledger/transfers?code=2&currency=CZK&order=newest");
    await page.getByRole("link", { name: hold, exact: true }).waitFor();
    expect(await page.getByRole("link", { name: lastPayment, exact: true }).count()).toBe(0);
    await screenshot(page, "ledger-transfers");
    await visit("/ledger/transfers?currency=nonsense");
    expect(await page.getByRole("alert").innerText()).toContain("API-0005");
  });

  test("open holds show the time they have left", async () => {
    await visit(`/ledger/pending?account=${payee}`);
    await page.getByRole("link", { name: hold, exact: true }).waitFor();
    expect(await text("tbody tr")).toMatch(/100\.00 CZK .* 00:\d\d:\d\d$/);
    await screenshot(page, "ledger-pending");
  });

  test("the trial balance balances", async () => {
    await visit("/ledger/trial-balance");
    const verdict = page.getByTestId("trial-verdict");
    await verdict.waitFor();
    expect(await verdict.innerText()).toContain("Debits equal credits");
    await screenshot(page, "ledger-trial-balance");
  });

  test("the tree opens and closes by keyboard, down to the accounts, and shows their sums", async () => {
    const [root, branch] = [String(RUN + 600n), String(RUN + 601n)];
    await createAccount({ id: root, currency: "CZK", code: 100 });
    await createAccount({ id: branch, currency: "CZK", code: 110 });
    await placeAccounts({
      placements: [
        { account: branch, above: root },
        { account: payee, above: branch },
      ],
    });
    await visit("/ledger/tree");
    const row = (id: string) => page.locator(`[data-control="${id}"]`);
    await row(root).locator("[data-row]").focus();
    await page.keyboard.press("ArrowRight");
    await row(branch).waitFor();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(":focus").getAttribute("aria-label")).toBe(`Expand ${branch}`);
    await page.keyboard.press("ArrowRight");
    await page.getByRole("link", { name: payee, exact: true }).waitFor();
    expect(await row(root).innerText()).toMatch(/74,070\.00$/);
    await screenshot(page, "ledger-tree");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    expect(await row(branch).count()).toBe(0);
    await page.getByRole("link", { name: root, exact: true }).click();
    await page.getByRole("link", { name: branch, exact: true }).waitFor();
  });

  test("a business day that ended has a trial balance of its own", async () => {
    const open = await openDay();
    const day = open ?? "2026-11-20";
    if (open === null) await cutDay({ opens: day });
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    await cutDay({ closes: day, opens: next });
    await visit("/ledger/days");
    expect(await page.getByTestId("open-day").innerText()).toContain(next);
    await page.getByRole("link", { name: day, exact: true }).click();
    await page.waitForURL(`**/ledger/days?day=${day}`);
    await page.getByTestId("day-verdict").waitFor();
    expect(await page.getByTestId("day-verdict").innerText()).toMatch(/Debits equal credits[^]*[0-9a-f]{64}/);
    await screenshot(page, "ledger-days");
  });

  test("the journal shows its hashes, and is verified with a button", async () => {
    await visit("/ledger/journal");
    await page.locator("tbody tr").first().waitFor();
    const [newest, older] = await Promise.all([
      page.locator("tbody tr:nth-child(1) .hash-cell").first().getAttribute("title"),
      page.locator("tbody tr:nth-child(2) .hash-cell").nth(1).getAttribute("title"),
    ]);
    expect(newest).toMatch(/^[0-9a-f]{64}$/);
    expect(newest).toBe(older);
    await page.getByTestId("verify").click();
    await page.locator('[data-testid="verification"][data-state="sound"]').waitFor();
    expect(await page.getByTestId("verification").innerText()).toContain("checked by");
    await screenshot(page, "ledger-journal");
    await page.keyboard.press("[");
    await page.waitForURL("**/ledger/journal?from=*");
    await page.locator("tbody tr").first().waitFor();
  });
});

describe("access", () => {
  test("shows who may do what, and the certificates with their ends", async () => {
    await visit("/access");
    await page.locator('[data-rule="operator"]').waitFor();
    expect(await text('[data-rule="operator"]')).toBe("operator every ledger yes yes yes valid");
    expect(await page.locator("[data-door]").count()).toBe(3);
    const files = page.locator("[data-certificate]");
    expect(await files.count()).toBe(5);
    expect(await text('[data-certificate="clients/operator.pem"]')).toMatch(
      /^operator client valid [\d-]+ [\d-]+ 39\d yes CN=Tongbao [0-9a-f]{8}…[0-9a-f]{6} clients\/operator\.pem$/,
    );
    await screenshot(page, "access");
  });

  test("is filtered as one types, and the filter is an address", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("SOUTH site");
    await page.waitForURL("**/access?find=SOUTH+site");
    await page.getByText("Nothing matches").waitFor();
    expect(await page.locator("[data-certificate]").count()).toBe(1);
    await page.keyboard.press("Enter");
    expect(await page.locator(":focus").innerText()).toBe("CN=south-1");
    await visit("/access?find=operator");
    await page.locator('[data-rule="operator"]').waitFor();
    expect(await page.locator("[data-certificate]").count()).toBe(1);
  });

  test("speaks Chinese, in the dark too", async () => {
    const dark = await openSession(browser, { locale: "zh-CN", colorScheme: "dark" });
    await dark.page.goto("/access");
    await dark.page.locator('[data-rule="operator"]').waitFor();
    expect(await dark.page.locator("h1").innerText()).toBe("访问权限");
    const rule = await dark.page.locator('[data-rule="operator"]').innerText();
    expect(rule.replaceAll(/\s+/g, " ")).toBe("operator 所有账本 有 有 有 有效");
    await screenshot(dark.page, "access-zh-dark");
    await dark.page.context().close();
    expect(dark.faults).toEqual([]);
  });

  test("names what is wrong: bad rules, sites behind, certificates near and past their end", async () => {
    const access = await readAccess();
    const [first, ...others] = access.certificates.certificates;
    if (!first) throw new Error("there are no certificates");
    const problem = { code: "ACC-0012", detail: "the policy is not well formed", hint: "correct the line" };
    const told: Access = {
      ...access,
      doors: access.doors.map((door) => ({ ...door, rules: "older" })),
      rules: {
        ...access.rules,
        problem,
        total: 2,
        rules: [
          ...access.rules.rules,
          {
            identity: "spiffe://bank.example/payments",
            every_ledger: false,
            ledgers: ["CZK", "70001"],
            more_ledgers: 0,
            rights: ["read", "post"],
            certificate: null,
          },
        ],
      },
      certificates: {
        ...access.certificates,
        certificates: [
          first,
          ...others,
          { ...first, file: "clients/a.pem", kind: "client", identity: "a", has_rules: false, state: "expired", days_left: -3 },
          { ...first, file: "clients/b.pem", kind: "client", identity: "b", has_rules: true, state: "expires_soon", days_left: 12 },
        ],
        unreadable: [{ file: "clients/c.pem", problem: { ...problem, code: "CRT-0002", detail: "no certificate" } }],
      },
    };
    const faulty = await openSession(browser);
    await faulty.page.route("**/v1/access", (route) => route.fulfill({ json: told }));
    await faulty.page.goto("/access");
    const alert = faulty.page.getByTestId("rules-problem");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/the rules before stay in force[^]*ACC-0012/);
    const row = async (selector: string) =>
      (await faulty.page.locator(selector).innerText()).replaceAll(/\s+/g, " ");
    expect(await row('[data-door="east-1"]')).toContain("keeps the rules before");
    expect(await row('[data-rule="spiffe://bank.example/payments"]')).toBe(
      "spiffe://bank.example/payments CZK, 70001 yes yes – none in the folder",
    );
    expect(await row('[data-certificate="clients/a.pem"]')).toMatch(/^a client expired .* −?-?3 no rules /);
    expect(await row('[data-certificate="clients/b.pem"]')).toContain("expires in 12 d");
    expect(await faulty.page.getByText("1 expired").count()).toBe(1);
    expect(await row(".unreadable")).toContain("CRT-0002");
    await screenshot(faulty.page, "access-faults");

    // Without TLS: the commands that turn it on.
    const none = { ...told.rules, problem: null, file: null, read_at: null, identities: 0, total: 0, rules: [] };
    const off: Access = {
      ...told,
      on: false,
      turn_on: ["tongbao certs init", "tongbao up --ledger-tls-port 3443"],
      doors: access.doors.map(({ site, plain }) => ({ site, plain: plain ?? null, tls: null, rules: null })),
      rules: none,
      certificates: { folder: null, certificates: [], unreadable: [], more: false },
    };
    await faulty.page.unroute("**/v1/access");
    await faulty.page.route("**/v1/access", (route) => route.fulfill({ json: off }));
    await faulty.page.keyboard.press("r");
    await faulty.page.getByTestId("access-off").waitFor();
    expect(await row('[data-testid="access-off"]')).toMatch(/certs init .*up --ledger-tls-port 3443/);
    expect(await faulty.page.locator("table").count()).toBe(0);
    await screenshot(faulty.page, "access-off");

    // And no answer: what was seen last stands below what went wrong.
    await faulty.page.unroute("**/v1/access");
    await faulty.page.route("**/v1/access", (route) => route.abort());
    await faulty.page.keyboard.press("r");
    await faulty.page.getByText("Tongbao can't be reached").waitFor();
    expect(await faulty.page.getByTestId("access-off").count()).toBe(1);
    await faulty.page.context().close();
  });
});

describe("keyboard", () => {
  test("g and a letter go to every section", async () => {
    await visit("/");
    for (const [letter, path, title] of [
      ["a", "/accounts", "Accounts"],
      ["p", "/payments", "Payments"],
      ["l", "/ledger/accounts", "Ledger"],
      ["c", "/access", "Access"],
      ["d", "/drills", "Drills"],
      ["o", "/", "Overview"],
    ] as const) {
      await page.keyboard.press("g");
      await page.keyboard.press(letter);
      await page.waitForURL((url) => url.pathname === path);
      expect(await heading()).toBe(title);
    }
  });

  test("? shows the help and Escape closes it; j and Enter open a row", async () => {
    await visit("/payments");
    await page.locator("tbody tr").first().waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.keyboard.press("j");
    const id = await page.locator(":focus").innerText();
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/payments/${id}`);
  });

  test("the first Tab offers to skip to the content, and focus is visible", async () => {
    await visit("/accounts");
    await page.locator("tbody tr").first().waitFor();
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").innerText()).toBe("Skip to content");
    await page.keyboard.press("Tab");
    const outline = await page
      .locator(":focus")
      .evaluate((element) => getComputedStyle(element).outlineStyle);
    expect(outline).toBe("solid");
  });
});

describe("settings", () => {
  test("the language switches at once and is remembered", async () => {
    await visit("/accounts");
    await page.getByRole("button", { name: "中文" }).click();
    expect(await heading()).toBe("账户");
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    await visit("/");
    expect(await heading()).toBe("总览");
    await page.locator("[data-site]").first().waitFor();
    await screenshot(page, "overview-zh");
    await page.getByRole("button", { name: "EN" }).click();
    expect(await heading()).toBe("Overview");
  });

  test("a Chinese browser in the dark starts in Chinese and dark", async () => {
    const dark = await openSession(browser, { locale: "zh-CN", colorScheme: "dark" });
    await dark.page.goto("/");
    await dark.page.locator("[data-site]").first().waitFor();
    expect(await dark.page.locator("h1").innerText()).toBe("总览");
    const background = () =>
      dark.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await background()).toBe("rgb(15, 19, 23)");
    await dark.page.keyboard.press("t");
    expect(await background()).toBe("rgb(244, 243, 239)");
    await dark.page.keyboard.press("t");
    expect(await background()).toBe("rgb(15, 19, 23)");
    await screenshot(dark.page, "overview-zh-dark");
    await dark.page.context().close();
    expect(dark.faults).toEqual([]);
  });

  test.each([1024, 390])("no page is wider than a screen of %d px", async (width) => {
    const small = await openSession(browser, { viewport: { width, height: 800 } });
    for (const path of [
      "/",
      "/accounts",
      `/accounts/${payee}`,
      "/payments",
      `/payments/${hold}`,
      "/ledger/accounts",
      "/ledger/transfers",
      "/ledger/pending",
      "/ledger/trial-balance",
      "/ledger/tree",
      "/ledger/days",
      "/ledger/interest",
      "/ledger/journal",
      "/access",
      "/drills",
    ]) {
      await small.page.goto(path);
      await small.page.locator(".panel").first().waitFor();
      const wide = await small.page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide, path).toBeLessThanOrEqual(width);
    }
    await small.page.goto("/");
    await small.page.locator("[data-site]").first().waitFor();
    await screenshot(small.page, `overview-${width}`);
    await small.page.context().close();
  });
});

describe("drill", () => {
  test("needs a confirmation, which can be declined", async () => {
    await visit("/");
    await page.locator("[data-site]").first().waitFor();
    await page.getByTestId("kill-site").click();
    await page.getByRole("alertdialog").waitFor();
    expect(await page.locator(":focus").innerText()).toBe("Cancel");
    await page.keyboard.press("Enter");
    await page.getByTestId("kill-site").waitFor();
  });

  test("kills the leader, and passes with its evidence shown", { timeout: 180_000 }, async () => {
    const leader = await page.locator('[data-leader="true"]').getAttribute("data-site");
    await page.getByTestId("kill-site").click();
    await page.getByTestId("kill-confirm").click();
    await page.locator('[data-testid="drill-state"][data-state="running"]').waitFor({ state: "attached" });
    await page.locator('.phase[aria-current="step"]').waitFor();
    await screenshot(page, "drill-running");
    await page
      .locator('[data-testid="drill-state"]:not([data-state="running"])')
      .waitFor({ state: "attached", timeout: 150_000 });
    const result = page.getByTestId("drill-result");
    await result.waitFor();
    await screenshot(page, "drill-result");
    const shown = (await result.innerText()).replaceAll(/\s+/g, " ");
    expect(shown).toMatch(/^passed /);
    expect(shown).toMatch(/Recovery \(RTO\) [\d.,]+ ms Lost 0 Duplicated 0 /);
    expect(shown).toContain("live equals replay");
    expect(shown).toContain(`${leader} → `);
    const report = await page.getByTestId("report-link").getAttribute("href");
    const answer = await page.request.get(report ?? "");
    expect(answer.status()).toBe(200);
    expect(answer.headers()["content-type"]).toContain("text/html");
  });

  test("stands in the history", async () => {
    await visit("/drills");
    await page.locator("tbody tr").first().waitFor();
    expect(await text("tbody tr")).toContain("passed");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/drills/*");
    await page.locator(".timeline").waitFor();
    await screenshot(page, "drill");
  });
});

test("nothing went wrong on the way: no exception, no refused resource, no request to another host", async () => {
  const policy = (await page.request.get("/")).headers()["content-security-policy"];
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain("script-src");
  expect(session.faults).toEqual([]);
});
