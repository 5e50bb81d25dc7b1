/** The API of Tongbao, typed by its OpenAPI document (`npm run generate` writes `schema.d.ts`). */

import createClient from "openapi-fetch";
import { ProblemError, problemOf } from "./problem";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Account = Schemas["Account"];
export type Payment = Schemas["Payment"];
export type StatementEntry = Schemas["StatementEntry"];
export type Statement = Schemas["Statement"];
export type Hold = Schemas["Hold"];
export type ControlAccount = Schemas["ControlAccount"];
export type BusinessDay = Schemas["BusinessDay"];
export type DayTrialBalance = Schemas["DayTrialBalance"];
export type TrialBalanceCurrency = Schemas["TrialBalanceCurrency"];
export type InterestProduct = Schemas["InterestProduct"];
export type AccountInterest = Schemas["AccountInterest"];
export type TrialBalance = Schemas["TrialBalance"];
export type TrialBalanceSums = Schemas["TrialBalanceSums"];
export type JournalRecord = Schemas["JournalRecord"];
export type JournalVerification = Schemas["JournalVerification"];
export type Site = Schemas["Site"];
export type Platform = Schemas["Platform"];
export type OutletHealth = Schemas["OutletHealth"];
export type Live = Schemas["Live"];
export type Access = Schemas["Access"];
export type AccessDoors = Schemas["AccessDoors"];
export type AccessRules = Schemas["AccessRules"];
export type AccessRule = Schemas["AccessRule"];
export type AccessProblem = Schemas["AccessProblem"];
export type CertificateFolder = Schemas["CertificateFolder"];
export type Certificate = Schemas["Certificate"];
export type Drill = Schemas["Drill"];
export type DrillReport = Schemas["DrillReport"];

/** Where the stream of live figures is; it is read as server-sent events, not by the client below. */
export const LIVE_PATH: keyof paths = "/v1/platform/live";

const client = createClient<paths>({ baseUrl: "" });

/** What a call of the client settles with, seen without its types. */
interface Settled<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** The body of a successful answer; anything else is thrown as a `ProblemError`. */
async function body<Data>(call: Promise<Settled<Data>>): Promise<Data> {
  let settled: Settled<Data>;
  try {
    settled = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ProblemError({ kind: "offline" });
  }
  if (settled.data !== undefined && settled.response.ok) return settled.data;
  throw new ProblemError({ kind: "problem", problem: problemOf(settled.error, settled.response.status) });
}

/** A page of a list: where to start, how much, and the signal that gives the request up. */
export interface PageRequest {
  readonly cursor: string | null;
  readonly limit: number;
  readonly signal: AbortSignal;
}

export function listAccounts({ cursor, limit, signal }: PageRequest) {
  const query = cursor === null ? { limit } : { limit, after: cursor };
  return body(client.GET("/v1/accounts", { params: { query }, signal }));
}

export function getAccount(id: string, signal: AbortSignal) {
  return body(client.GET("/v1/accounts/{id}", { params: { path: { id } }, signal }));
}

export function getStatement(id: string, { cursor, limit, signal }: PageRequest) {
  const query = cursor === null ? { limit } : { limit, before: cursor };
  return body(client.GET("/v1/accounts/{id}/statement", { params: { path: { id }, query }, signal }));
}

export function listPayments({ cursor, limit, signal }: PageRequest) {
  const query = cursor === null ? { limit } : { limit, before: cursor };
  return body(client.GET("/v1/payments", { params: { query }, signal }));
}

export function getPayment(id: string, signal: AbortSignal) {
  return body(client.GET("/v1/payments/{id}", { params: { path: { id } }, signal }));
}

/** What a search asks for, by the names of the API; what is left out asks for any value. */
export type Search = Readonly<Record<string, string>>;

/** The address of a search with the fields that are asked for. The server names a field it does not know. */
async function search<Path extends keyof paths, Data>(path: Path, fields: Search, signal: AbortSignal) {
  const query = { ...fields };
  return body(client.GET(path as never, { params: { query }, signal } as never) as Promise<Settled<Data>>);
}

export function searchAccounts(fields: Search, signal: AbortSignal) {
  return search<"/v1/accounts", Schemas["AccountPage"]>("/v1/accounts", fields, signal);
}

export function searchTransfers(fields: Search, signal: AbortSignal) {
  return search<"/v1/transfers", Schemas["TransferPage"]>("/v1/transfers", fields, signal);
}

export function listPending(fields: Search, signal: AbortSignal) {
  return search<"/v1/pending", Schemas["PendingPage"]>("/v1/pending", fields, signal);
}

export function getTrialBalance(signal: AbortSignal) {
  return body(client.GET("/v1/trial-balance", { signal }));
}

/** All control accounts after `after`, each right before those below it. */
async function treeAfter(after: string | null, signal: AbortSignal): Promise<ControlAccount[]> {
  const query = after === null ? {} : { after };
  const { controls, next } = await body(client.GET("/v1/accounts/tree", { params: { query }, signal }));
  return next == null ? controls : [...controls, ...(await treeAfter(next, signal))];
}

/** All control accounts, each right before those below it. */
export function listTree(signal: AbortSignal) {
  return treeAfter(null, signal);
}

export function listBelow(id: string, { cursor, limit, signal }: PageRequest) {
  const query = cursor === null ? { limit } : { limit, after: cursor };
  return body(client.GET("/v1/accounts/{id}/below", { params: { path: { id }, query }, signal }));
}

export function listDays({ cursor, limit, signal }: PageRequest) {
  const query = cursor === null ? { limit } : { limit, before: cursor };
  return body(client.GET("/v1/days", { params: { query }, signal }));
}

export function getDay(date: string, signal: AbortSignal) {
  return body(client.GET("/v1/days/{date}/trial-balance", { params: { path: { date } }, signal }));
}

export function listInterestProducts(signal: AbortSignal) {
  return body(client.GET("/v1/interest/products", { params: { query: { limit: 1000 } }, signal }));
}

export function listInterestAccounts({ cursor, limit, signal }: PageRequest) {
  const query = cursor === null ? { limit } : { limit, after: cursor };
  return body(client.GET("/v1/interest/accounts", { params: { query }, signal }));
}

export function listJournal(from: number | null, limit: number, signal: AbortSignal) {
  const query = from === null ? { limit } : { limit, from };
  return body(client.GET("/v1/journal", { params: { query }, signal }));
}

export function verifyJournal() {
  // The console takes nothing that changes something unless it is declared as JSON.
  return body(client.POST("/v1/journal/verify", { headers: { "content-type": "application/json" } }));
}

export function getVerification(signal: AbortSignal) {
  return body(client.GET("/v1/journal/verify", { signal }));
}

export function getAccess(signal: AbortSignal) {
  return body(client.GET("/v1/access", { signal }));
}

export function startDrill(site: string) {
  return body(client.POST("/v1/drills", { body: { kind: "kill-site", site } }));
}

export function listDrills(signal: AbortSignal) {
  return body(client.GET("/v1/drills", { signal }));
}

export function getDrill(id: string, signal: AbortSignal) {
  return body(client.GET("/v1/drills/{id}", { params: { path: { id } }, signal }));
}

/** The address of a drill's report, a page of its own. */
export function drillReportPath(id: string): string {
  return `/v1/drills/${encodeURIComponent(id)}/report.html`;
}
