import type { Drill } from "../api/client";

/** The phases of a drill, in their order. */
export const PHASES = ["load", "kill", "recover", "verify", "done"] as const;

export type PhaseState = "past" | "now" | "failed" | "ahead";

/** A phase and where it stands. */
export interface PhaseStep {
  readonly phase: string;
  readonly state: PhaseState;
}

/** Where each phase stands. A failed drill stopped in the phase it names; those after it never came. */
export function phaseStates(drill: Pick<Drill, "state" | "phase">): readonly PhaseStep[] {
  const at = PHASES.findIndex((phase) => phase === drill.phase);
  return PHASES.map((phase, index) => {
    if (drill.state === "passed" || index < at) return { phase, state: "past" };
    if (index > at) return { phase, state: "ahead" };
    return { phase, state: drill.state === "failed" ? "failed" : "now" };
  });
}
