/** Where things stand on the plan of the sites: plain geometry, for a wide and a narrow page. */

import type { Platform } from "../api/client";
import { type Tone, siteTone } from "../live/health";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A place for a site: its card, and the port on the card's edge where its links end. */
export interface Slot {
  readonly card: Box;
  readonly port: { readonly x: number; readonly y: number };
  /** Which way a link leaves the port. */
  readonly out: { readonly x: number; readonly y: number };
}

export interface PlanLayout {
  readonly width: number;
  readonly height: number;
  /** Places of a city's sites, in the order of the platform's list; a city may have up to two. */
  readonly cities: readonly { readonly area: Box; readonly slots: readonly Slot[] }[];
  /** Whether a card has room for every figure; the table beside the plan has them all. */
  readonly roomy: boolean;
  /** The river between the cities, as an SVG path. It is scenery. */
  readonly river: string;
}

export const WIDE: PlanLayout = {
  roomy: true,
  width: 760,
  height: 300,
  cities: [
    {
      area: { x: 10, y: 10, width: 330, height: 280 },
      slots: [
        { card: { x: 28, y: 48, width: 264, height: 102 }, port: { x: 292, y: 99 }, out: { x: 1, y: 0 } },
        { card: { x: 28, y: 170, width: 264, height: 102 }, port: { x: 292, y: 221 }, out: { x: 1, y: 0 } },
      ],
    },
    {
      area: { x: 440, y: 70, width: 310, height: 160 },
      slots: [
        { card: { x: 470, y: 108, width: 264, height: 102 }, port: { x: 470, y: 159 }, out: { x: -1, y: 0 } },
      ],
    },
  ],
  river: "M396 -10 C 372 60, 424 110, 398 170 S 368 250, 404 310",
};

export const NARROW: PlanLayout = {
  roomy: false,
  width: 380,
  height: 400,
  cities: [
    {
      area: { x: 6, y: 8, width: 368, height: 158 },
      slots: [
        { card: { x: 16, y: 46, width: 168, height: 102 }, port: { x: 100, y: 148 }, out: { x: 0, y: 1 } },
        { card: { x: 196, y: 46, width: 168, height: 102 }, port: { x: 280, y: 148 }, out: { x: 0, y: 1 } },
      ],
    },
    {
      area: { x: 76, y: 236, width: 228, height: 156 },
      slots: [
        { card: { x: 96, y: 274, width: 188, height: 102 }, port: { x: 190, y: 274 }, out: { x: 0, y: -1 } },
      ],
    },
  ],
  river: "M-10 204 C 60 186, 120 222, 190 202 S 320 186, 390 208",
};

export interface PlacedSite {
  readonly site: Platform["sites"][number];
  readonly slot: Slot;
  readonly tone: Tone;
  readonly leads: boolean;
}

export interface PlacedCity {
  readonly name: string;
  readonly area: Box;
}

export interface PlanLink {
  readonly key: string;
  readonly path: string;
  /** `flow`: the leader feeds this site. `broken`: an end is down. `idle`: a road not in use. */
  readonly kind: "flow" | "broken" | "idle";
}

export interface Plan {
  readonly cities: readonly PlacedCity[];
  readonly sites: readonly PlacedSite[];
  readonly links: readonly PlanLink[];
}

/** Puts a platform on a layout. Sites beyond a city's places are left to the table beside the plan. */
export function placePlan(platform: Platform, layout: PlanLayout): Plan {
  const names = [...new Set(platform.sites.map((site) => site.city))];
  const cities: PlacedCity[] = [];
  const sites: PlacedSite[] = [];
  for (const [index, { area, slots }] of layout.cities.entries()) {
    const name = names[index];
    if (name === undefined) continue;
    cities.push({ name, area });
    const members = platform.sites.filter((site) => site.city === name);
    for (const [place, slot] of slots.entries()) {
      const site = members[place];
      if (site) sites.push({ site, slot, tone: siteTone(site), leads: site.name === platform.leader });
    }
  }
  const links = sites.flatMap((from, index) => sites.slice(index + 1).map((to) => link(from, to)));
  return { cities, sites, links };
}

function link(from: PlacedSite, to: PlacedSite): PlanLink {
  const down = from.site.state !== "up" || to.site.state !== "up";
  const fed = from.leads || to.leads;
  return {
    key: `${from.site.name}/${to.site.name}`,
    path: curve(from.slot, to.slot),
    kind: down ? "broken" : fed ? "flow" : "idle",
  };
}

/** A curve that leaves and arrives straight out of the ports. */
function curve(from: Slot, to: Slot): string {
  const reach = 62;
  const a = { x: from.port.x + from.out.x * reach, y: from.port.y + from.out.y * reach };
  const b = { x: to.port.x + to.out.x * reach, y: to.port.y + to.out.y * reach };
  return `M${from.port.x} ${from.port.y} C ${a.x} ${a.y}, ${b.x} ${b.y}, ${to.port.x} ${to.port.y}`;
}
