import type { Drill } from "../api/client";
import { useText } from "../i18n/useText";
import type { Tone } from "../live/health";
import { Badge } from "../ui/parts";

const TONES: Readonly<Record<string, Tone>> = { passed: "good", failed: "bad", running: "warn" };

export function DrillVerdict({ drill }: { readonly drill: Drill }) {
  const { value } = useText();
  return <Badge tone={TONES[drill.state] ?? "quiet"}>{value("verdict", drill.state)}</Badge>;
}
