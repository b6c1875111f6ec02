// How a link looks that is one of several parts of a page.

export const TAB = "flex min-h-10 items-center border-b-2 border-transparent px-3 whitespace-nowrap text-soft hover:text-ink";
export const TAB_ACTIVE = { className: "!border-accent font-medium !text-accent" };
