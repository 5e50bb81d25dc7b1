/** What the browser tests share: the server under test, one browser, pages that report their own faults. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import type { components } from "../src/api/schema";

/** The running platform. `cargo xtask test` starts one and sets the variable. */
export const BASE_URL = process.env["TONGBAO_CONSOLE_URL"] ?? "http://127.0.0.1:7070";

const CHROMIUM = process.env["TONGBAO_CHROMIUM"] ?? "/usr/bin/chromium";
const OUT = join(import.meta.dirname, "out");

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    // No sandbox: test machines run as root. The rest keeps the browser from calling anyone but the server.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Session {
  readonly page: Page;
  /** Console errors, exceptions and refused resources so far; an expected 404 is not one. */
  readonly faults: readonly string[];
}

/** A fresh page, with nothing remembered, in English unless asked otherwise. */
export async function openSession(browser: Browser, options: BrowserContextOptions = {}): Promise<Session> {
  const context = await browser.newContext({
    baseURL: BASE_URL,
    locale: "en-GB",
    viewport: { width: 1440, height: 1000 },
    ...options,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("status of 4")) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(BASE_URL)) faults.push(`outside request: ${request.url()}`);
  });
  return { page, faults };
}

/** Saves a picture of the page for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  await page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true });
}

type Schemas = components["schemas"];

async function post(path: string, body: unknown): Promise<void> {
  const response = await fetch(BASE_URL + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
}

export function createAccount(account: Schemas["NewAccount"]): Promise<void> {
  return post("/v1/accounts", account);
}

export function placeAccounts(batch: Schemas["PlacementBatch"]): Promise<void> {
  return post("/v1/accounts/placements", batch);
}

export function cutDay(cut: Schemas["NewDayCut"]): Promise<void> {
  return post("/v1/days/cut", cut);
}

/** The business day that is open, if the bank keeps any. */
export async function openDay(): Promise<string | null> {
  const response = await fetch(`${BASE_URL}/v1/days?limit=1`);
  const page = (await response.json()) as Schemas["DayPage"];
  return page.open ?? null;
}

export type Access = Schemas["Access"];

/** Who may do what, as the platform tells it. */
export async function readAccess(): Promise<Access> {
  const response = await fetch(`${BASE_URL}/v1/access`);
  return (await response.json()) as Access;
}

export function createPayment(payment: Schemas["NewPayment"]): Promise<void> {
  return post("/v1/payments", payment);
}
