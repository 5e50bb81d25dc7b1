import { expect, test } from "vitest";
import type { Platform, Site } from "../api/client";
import { NARROW, type PlanLayout, WIDE, placePlan } from "./planLayout";

function site(name: string, change: Partial<Site> = {}): Site {
  return {
    name,
    city: name.split("-")[0] ?? "",
    centre: Number(name.split("-")[1]),
    address: null,
    pid: 1,
    state: "up",
    role: "follower",
    epoch: 1,
    seq: 1,
    lag: 0,
    restarts: 0,
    since: "2026-11-22T13:00:00.000000000Z",
    ...change,
  };
}

function platform(sites: Site[], leader: string | null): Platform {
  return { version: "", started_at: "", shard: "bank", leader, epoch: 1, seq: 1, gateway: "", sites };
}

const three = [site("east-1"), site("east-2"), site("south-1")];
const kinds = (sites: Site[], leader: string | null) =>
  Object.fromEntries(placePlan(platform(sites, leader), WIDE).links.map(({ key, kind }) => [key, kind]));

test("the leader feeds the others; the third road is idle", () => {
  expect(kinds(three, "east-2")).toEqual({
    "east-1/east-2": "flow",
    "east-1/south-1": "idle",
    "east-2/south-1": "flow",
  });
});

test("a dead site breaks its roads, and without a leader nothing flows", () => {
  const sites = [site("east-1", { state: "down" }), site("east-2"), site("south-1")];
  expect(kinds(sites, null)).toEqual({
    "east-1/east-2": "broken",
    "east-1/south-1": "broken",
    "east-2/south-1": "idle",
  });
});

test("sites beyond the places, and no sites, are no fault", () => {
  const many = [...three, site("east-3"), site("west-1")];
  expect(placePlan(platform(many, "east-1"), WIDE).sites.map((placed) => placed.site.name)).toEqual([
    "east-1",
    "east-2",
    "south-1",
  ]);
  expect(placePlan(platform([], null), NARROW)).toEqual({ cities: [], sites: [], links: [] });
});

test.each<[string, PlanLayout]>([
  ["wide", WIDE],
  ["narrow", NARROW],
])("the %s layout keeps cards inside their city and cities inside the plan", (_, layout) => {
  for (const { area, slots } of layout.cities) {
    expect(area.x + area.width).toBeLessThanOrEqual(layout.width);
    expect(area.y + area.height).toBeLessThanOrEqual(layout.height);
    for (const { card } of slots) {
      expect(card.x).toBeGreaterThan(area.x);
      expect(card.y).toBeGreaterThan(area.y);
      expect(card.x + card.width).toBeLessThan(area.x + area.width);
      expect(card.y + card.height).toBeLessThan(area.y + area.height);
    }
  }
});
