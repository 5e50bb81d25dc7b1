import { expect, test } from "vitest";
import type { Drill } from "../api/client";
import { phaseStates } from "./phases";

const states = (state: Drill["state"], phase: Drill["phase"]) =>
  phaseStates({ state, phase })
    .map((one) => one.state)
    .join(" ");

test.each<[Drill["state"], Drill["phase"], string]>([
  ["running", "load", "now ahead ahead ahead ahead"],
  ["running", "recover", "past past now ahead ahead"],
  ["running", "done", "past past past past now"],
  ["passed", "done", "past past past past past"],
  ["failed", "recover", "past past failed ahead ahead"],
  ["failed", "done", "past past past past failed"],
])("%s in %s: %s", (state, phase, text) => expect(states(state, phase)).toBe(text));
