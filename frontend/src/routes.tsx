// The pages and their addresses. Each page is loaded when it is first opened.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { api } from "./api/client";
import { asProblem } from "./api/problem";
import { queries } from "./api/query";
import { LANGUAGES as SAMPLE_LANGUAGES, type Language as SampleLanguage } from "./developers/samples";
import { Crash } from "./frame/crash";
import { Frame } from "./frame/frame";
import { Missing } from "./frame/missing";
import { inboxSearch } from "./inbox/filter";
import { letterSearch } from "./operate/letter-search";
import { type QueueName, queueOf } from "./operate/queue-names";
import { auditSearch } from "./settings/audit-search";

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const root = createRootRoute({ notFoundComponent: Missing, errorComponent: Crash });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search): { to?: string | undefined } => ({ to: text(search["to"]) }),
  component: lazyRouteComponent(() => import("./sign-in/page"), "SignInPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./setup/page"), "SetupPage"),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: lazyRouteComponent(() => import("./invitation/page"), "InvitationPage"),
});

const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  component: Frame,
  beforeLoad: async ({ location }) => {
    try {
      await queries.ensureQueryData(api.queryOptions("get", "/v1/me"));
    } catch (error) {
      // The router's way to say "go elsewhere" is to throw it.
      if (asProblem(error).status === 401) throw redirect({ to: "/sign-in", search: { to: location.href } });
    }
  },
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/inbox" });
  },
});

const inbox = createRoute({
  getParentRoute: () => frame,
  path: "/inbox",
  validateSearch: inboxSearch,
  component: lazyRouteComponent(() => import("./inbox/page"), "InboxPage"),
});

const chat = createRoute({
  getParentRoute: () => inbox,
  path: "$chatId",
  /** The message to bring into sight. */
  validateSearch: (search): { at?: string | undefined } => ({ at: text(search["at"]) }),
  component: lazyRouteComponent(() => import("./inbox/thread"), "ThreadPage"),
});

const noChat = createRoute({
  getParentRoute: () => inbox,
  path: "/",
  component: lazyRouteComponent(() => import("./inbox/no-chat"), "NoChat"),
});

const numbers = createRoute({
  getParentRoute: () => frame,
  path: "/numbers",
  validateSearch: (search): { link?: string | undefined } => ({ link: text(search["link"]) }),
  component: lazyRouteComponent(() => import("./numbers/page"), "NumbersPage"),
});

const calls = createRoute({
  getParentRoute: () => frame,
  path: "/calls",
  validateSearch: (search): { call?: string | undefined } => ({ call: text(search["call"]) }),
  component: lazyRouteComponent(() => import("./calls/page"), "CallsPage"),
});

const callNumbers = createRoute({
  getParentRoute: () => frame,
  path: "/calls/numbers",
  component: lazyRouteComponent(() => import("./calls/numbers-page"), "CallNumbersPage"),
});

const callFlow = createRoute({
  getParentRoute: () => frame,
  path: "/calls/flow",
  component: lazyRouteComponent(() => import("./calls/flow-page"), "FlowPage"),
});

const developers = createRoute({
  getParentRoute: () => frame,
  path: "/developers",
  validateSearch: (search): { code?: SampleLanguage | undefined } => ({ code: SAMPLE_LANGUAGES.find((each) => each === search["code"]) }),
  component: lazyRouteComponent(() => import("./developers/page"), "DevelopersPage"),
});

const settings = createRoute({
  getParentRoute: () => frame,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/page"), "SettingsPage"),
});

const members = createRoute({
  getParentRoute: () => frame,
  path: "/settings/members",
  component: lazyRouteComponent(() => import("./settings/members-page"), "MembersPage"),
});

const audit = createRoute({
  getParentRoute: () => frame,
  path: "/settings/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./settings/audit-page"), "AuditPage"),
});

const shards = createRoute({
  getParentRoute: () => frame,
  path: "/shards",
  component: lazyRouteComponent(() => import("./operate/shards-page"), "ShardsPage"),
});

const queues = createRoute({
  getParentRoute: () => frame,
  path: "/queues",
  validateSearch: (search): { queue?: QueueName | undefined } => ({ queue: queueOf(search["queue"]) }),
  component: lazyRouteComponent(() => import("./operate/queues-page"), "QueuesPage"),
});

const letters = createRoute({
  getParentRoute: () => frame,
  path: "/queues/dead-letters",
  validateSearch: letterSearch,
  component: lazyRouteComponent(() => import("./operate/letters-page"), "LettersPage"),
});

const slots = createRoute({
  getParentRoute: () => frame,
  path: "/slots",
  component: lazyRouteComponent(() => import("./operate/slots-page"), "SlotsPage"),
});

const businesses = createRoute({
  getParentRoute: () => frame,
  path: "/businesses",
  validateSearch: (search): { q?: string | undefined } => ({ q: text(search["q"]) }),
  component: lazyRouteComponent(() => import("./operate/tenants-page"), "TenantsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    signIn,
    setup,
    invitation,
    frame.addChildren([inbox.addChildren([noChat, chat]), calls, callNumbers, callFlow, numbers, developers, settings, members, audit, shards, queues, letters, slots, businesses]),
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
