import { useText } from "../i18n/useText";
import type { Tone } from "../live/health";
import { Badge } from "../ui/parts";

const TONES: Readonly<Record<string, Tone>> = {
  posted: "good",
  posted_pending: "good",
  pending: "warn",
};

/** Where a payment stands. Voided and expired are ends like any other, not alarms. */
export function PaymentStatus({ status }: { readonly status: string }) {
  const { value } = useText();
  return <Badge tone={TONES[status] ?? "quiet"}>{value("status", status)}</Badge>;
}
