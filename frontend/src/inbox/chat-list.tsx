// The list of chats with its search; only the rows on screen are drawn.
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { SquarePen } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "@/parts/button";
import { Bone, PageProblem, Skeleton } from "@/parts/states";
import { ChatRow } from "./chat-row";
import { ChatSearch } from "./chat-search";
import type { useChats } from "./chats";
import type { Filter } from "./filter";
import { FilterBar } from "./filter-bar";
import { NoChats } from "./no-chats";

const ROW = 72;
const AHEAD = 5;

interface Props {
  query: ReturnType<typeof useChats>;
  filter: Filter;
  open: string | undefined;
  onNew(): void;
}

function Loading() {
  return (
    <Skeleton className="grid gap-4 p-4">
      {["a", "b", "c", "d", "e", "f"].map((key) => (
        <div key={key} className="flex items-center gap-3">
          <Bone className="size-10 rounded-full" />
          <div className="grid grow gap-2">
            <Bone className="h-4 w-1/2" />
            <Bone className="h-3 w-4/5" />
          </div>
        </div>
      ))}
    </Skeleton>
  );
}

function Rows({ query, filter, open }: Omit<Props, "onNew">) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const chats = query.chats ?? [];
  const virtual = useVirtualizer({
    count: chats.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    getItemKey: (index) => chats[index]?.id ?? index,
    overscan: 6,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  const opened = chats.findIndex((chat) => chat.id === open);

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= chats.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, last, chats.length]);
  useEffect(() => {
    if (opened >= 0) virtual.scrollToIndex(opened, { align: "auto" });
    // Only when another chat is opened: a list that moves by itself would lose the reader's place.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [open]);

  return (
    <div ref={box} className="min-h-0 grow overflow-y-auto">
      <ul aria-label={t("inbox.chats")} className="relative" style={{ blockSize: virtual.getTotalSize() }}>
        {rows.map((row) => {
          const chat = chats[row.index];
          return (
            chat && (
              <li key={row.key} className="absolute inset-x-0 top-0" style={{ blockSize: ROW, transform: `translateY(${row.start}px)` }}>
                <ChatRow chat={chat} filter={filter} open={chat.id === open} />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

export function ChatList(props: Props) {
  const { query, filter, onNew } = props;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const setQuery = (text: string) => void navigate({ to: ".", search: { ...filter, q: text || undefined }, replace: true });
  return (
    <>
      <div className="flex items-center gap-1 p-2 ps-3">
        <ChatSearch value={filter.q ?? ""} onChange={setQuery} />
        <IconButton name={t("inbox.new_chat")} onClick={onNew}>
          <SquarePen size={20} aria-hidden="true" />
        </IconButton>
      </div>
      <FilterBar filter={filter} />
      {query.isPending && <Loading />}
      {query.isError && !query.chats && <PageProblem error={query.error} onRetry={() => void query.refetch()} />}
      {query.chats?.length === 0 && <NoChats filter={filter} />}
      {query.chats && query.chats.length > 0 && <Rows {...props} />}
    </>
  );
}
