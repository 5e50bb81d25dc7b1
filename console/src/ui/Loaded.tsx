import type { ReactNode } from "react";
import type { Query } from "../api/useQuery";
import { useText } from "../i18n/useText";
import { ProblemView } from "./ProblemView";

/** A query's data once it is there; its failure above it (the data may be old) or in its place. */
export function Loaded<Data>(props: {
  readonly query: Query<Data>;
  readonly children: (data: Data) => ReactNode;
}) {
  const { t } = useText();
  const { data, failure, refresh } = props.query;
  return (
    <>
      {failure ? <ProblemView failure={failure} onRetry={refresh} /> : null}
      {data === undefined ? null : props.children(data)}
      {data === undefined && !failure ? (
        <p className="loading" role="status">
          {t("data.loading")}
        </p>
      ) : null}
    </>
  );
}
