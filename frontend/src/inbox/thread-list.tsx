// The messages of a chat. Only those on screen are drawn; the list stays where the reader is
// when older ones arrive above, and follows the newest while it is in sight.
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { MessagePage } from "@/api/objects";
import { Bone, Skeleton } from "@/parts/states";
import { useFormats } from "@/words/formats";
import { Bubble } from "./bubble";
import { useFollowEnd } from "./follow-end";
import { useOutgoing } from "./outbox";
import { OutgoingBubble } from "./outgoing-bubble";
import { useSought } from "./sought";
import { type Item, threadItems } from "./thread-items";

const ESTIMATE = 60;
const AHEAD = 8;
const NEAR_END = 80;

interface Props {
  id: string;
  name: string;
  /** The message to bring into sight, if it is not the newest. */
  sought: string | undefined;
  query: {
    data: { pages: MessagePage[] } | undefined;
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage(): Promise<unknown>;
  };
}

export function ThreadLoading() {
  return (
    <Skeleton className="flex grow flex-col justify-end gap-3 p-4">
      <Bone className="h-12 w-56" />
      <Bone className="h-16 w-72 self-end" />
      <Bone className="h-12 w-44" />
      <Bone className="h-12 w-60 self-end" />
    </Skeleton>
  );
}

function Day({ at }: { at: Date }) {
  const formats = useFormats();
  return (
    <p className="py-3 text-center text-sm text-soft">
      <span className="inline-block rounded-full border border-line bg-raised px-3 py-1 first-letter:uppercase">{formats.day(at)}</span>
    </p>
  );
}

function Row({ item, sought }: { item: Item; sought: string | undefined }) {
  if (item.kind === "day") return <Day at={item.at} />;
  if (item.kind === "outgoing") return <OutgoingBubble outgoing={item.outgoing} />;
  return <Bubble message={item.message} newestOut={item.newestOut} sought={item.message.id === sought} />;
}

export function ThreadList({ id, name, sought, query }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const outgoing = useOutgoing(id);
  const pages = query.data?.pages;
  const items = useMemo(() => threadItems(pages ?? [], outgoing), [pages, outgoing]);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => ESTIMATE,
    getItemKey: (index) => items[index]?.key ?? index,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
    overscan: 10,
    paddingStart: 12,
    paddingEnd: 12,
  });
  const rows = virtual.getVirtualItems();
  const first = rows[0]?.index ?? AHEAD;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && first < AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, first]);
  const atEnd = useFollowEnd(box, virtual);
  useSought(sought, items, virtual, query);

  return (
    <div className="relative flex min-h-0 grow flex-col">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must be reachable by keyboard */}
      <div ref={box} role="region" aria-label={t("inbox.thread", { name })} tabIndex={0} className="min-h-0 grow overflow-y-auto outline-offset-[-2px]">
        {isFetchingNextPage && <p className="sr-only">{t("inbox.older")}</p>}
        {items.length === 0 && <p className="p-6 text-center text-soft">{t("inbox.thread_empty")}</p>}
        <ol className="relative" style={{ blockSize: virtual.getTotalSize() }}>
          {rows.map((row) => {
            const item = items[row.index];
            return (
              item && (
                <li
                  key={row.key}
                  data-index={row.index}
                  ref={virtual.measureElement}
                  className="absolute inset-x-0 top-0 px-4 pb-2"
                  style={{ transform: `translateY(${row.start}px)` }}
                >
                  <Row item={item} sought={sought} />
                </li>
              )
            );
          })}
        </ol>
      </div>
      {items.length > 0 && !atEnd && (
        <button
          type="button"
          aria-label={t("inbox.to_end")}
          title={t("inbox.to_end")}
          onClick={() => virtual.scrollToEnd()}
          className="absolute end-4 bottom-4 grid size-10 place-items-center rounded-full border border-line bg-raised text-soft hover:text-ink"
        >
          <ArrowDown size={20} aria-hidden="true" />
        </button>
      )}
    </div>
  );
}
