// What a question to the API shows: bones while it is asked, the problem when it failed, else its answer.
import type { ReactNode } from "react";
import { Bone, PageProblem, Skeleton } from "./states";

interface Props<Data> {
  query: { data: Data | undefined; error: unknown; refetch(): unknown };
  children(data: Data): ReactNode;
}

const BONES = ["a", "b", "c", "d"];

export function Loaded<Data>({ query: { data, error, refetch }, children }: Props<Data>) {
  if (data !== undefined) return children(data);
  if (error) return <PageProblem error={error} onRetry={() => void refetch()} />;
  return (
    <Skeleton className="grid gap-2">
      {BONES.map((key) => (
        <Bone key={key} className="h-14" />
      ))}
    </Skeleton>
  );
}
