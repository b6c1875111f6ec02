// A business at work: numbers in every state that the network can bring them into, and a chat with all that can happen in one.
import { api, invite, linkedNumber, member, network, newPhone, owner, until, write } from "./demo.mjs";

const stateOf = async (session) => (await api("GET", `/v1/sessions/${session}`)).state;

/** A linked number that the network then brings into another state. */
async function fallen(name, state, push) {
  const { phone, session } = await linkedNumber(name);
  await push(phone, session);
  await until(`${name} ${state}`, async () => (await stateOf(session)) === state);
  return session;
}

/** Refuses every login of this phone's companion with this code, and cuts its line so that it tries. */
async function refuse(phone, code) {
  await network("POST", "/network/faults", { kind: "failure", phone, code });
  await network("POST", "/network/faults", { kind: "cut", phone, count: 1 });
}

async function unlink(phone) {
  const { data } = await network("GET", "/phones");
  const [companion] = data.find((each) => each.phone === phone).devices;
  await network("DELETE", `/phones/${phone}/devices/${companion.device}`);
}

async function chatOf(customer, ready) {
  return until("the chat", async () => {
    const { data } = await api("GET", `/v1/chats?q=${customer}`);
    return data.find(ready);
  });
}

const PATIENCE_MS = 60_000;
const LEAVES_A_MESSAGE = ["expect verb Gather", "press 1", "expect verb Record", 'say "Please call me back about the red bicycle."', "wait 2s", "press #"];

/** Calls the business as the script says; answers the call's id. */
export async function calls(from, script) {
  const to = (await until("the demo's line", async () => (await network("GET", "/carrier/numbers")).data[0])).phone;
  return (await network("POST", "/calls", { from, to, script: script.join("\n") })).sid;
}

/** The call as the business sees it; nothing before its first answer. */
const seen = async (sid) => (await api("GET", "/v1/calls")).data.find((each) => each.call_sid === sid);

/** Somebody who is rung in vain and leaves a message, and somebody who hangs up; answers the first one's call. */
async function past(customer) {
  await network("PUT", "/carrier/people", { phone: "+972509999999", does: "no-answer" });
  // Nobody who looks at pages waits for people who talk.
  await network("PATCH", "/carrier", { call_scale: 20 });
  try {
    const call = await calls(`+${customer}`, LEAVES_A_MESSAGE);
    const hasty = await calls(`+${await newPhone("Maya Hasty")}`, ["expect verb Gather", "hangup"]);
    await until("the message is kept", async () => (await seen(call))?.recording?.state === "ready", PATIENCE_MS);
    await until("the hasty one is gone", async () => (await seen(hasty))?.reason === "missed", PATIENCE_MS);
    return call;
  } finally {
    await network("PATCH", "/carrier", { call_scale: 1 });
  }
}

/** A number that takes calls, a flow with a step of most kinds, and calls; answers one with a message. */
async function telephone(customer) {
  await owner("POST", "/v1/call-numbers", { phone: "+97231234567", name: "Shop · חנות" });
  const { version, flow } = await owner("GET", "/v1/call-flow");
  const nodes = {
    menu: { kind: "menu", prompt: "שלום, Corner Café. Press 1 to speak to us.", options: { 1: "ring", 2: "hours" }, no_input: "voicemail" },
    hours: { kind: "say", text: "We are open from nine to six. אנחנו פתוחים מתשע עד שש.", next: "voicemail" },
    ring: { kind: "dial", targets: ["+972509999999"], whisper: true, no_answer: "voicemail" },
  };
  const closures = [{ from: "2026-12-12", to: "2026-12-13" }];
  const hours = { sun: [{ from: "09:00", to: "18:00" }] };
  const wanted = { ...flow, time_zone: "Asia/Jerusalem", entry: { ...flow.entry, open: "menu" }, nodes: { ...flow.nodes, ...nodes } };
  const open = await owner("PUT", "/v1/call-flow", { version, flow: { ...wanted, hours: null, closures: [] } });
  const call = await past(customer);
  await owner("PUT", "/v1/call-flow", { version: open.version, flow: { ...wanted, hours, closures } });
  return call;
}

/** Makes all of it, and for each of these languages a number to be linked; answers the ids that the scenes need. */
export async function furnish(languages) {
  const { phone, session } = await linkedNumber("Sales · מכירות");
  const customer = await newPhone("נועה Cohen");
  await write(customer, phone, "Do you have it in blue?");
  await write(customer, phone, "שלום, מתי אפשר לאסוף?");
  const chat = await chatOf(customer, (each) => each.unread > 1);
  await api("POST", "/v1/messages", { session_id: session, to: `+${customer}`, text: "Yes. היום עד 17:30." });

  // Nobody has this number: the message fails for good.
  const nobody = "972559999999";
  const failed = await api("POST", "/v1/messages", { session_id: session, to: `+${nobody}`, text: "Your order is ready." });
  await until("the message failed", async () => (await api("GET", `/v1/messages/${failed.id}`)).status === "failed");

  await fallen("Returns", "logged_out", unlink);
  await fallen("Deliveries", "failed", (own) => refuse(own, 403));
  await fallen("Support · תמיכה", "restricted", (own) => refuse(own, 402));
  const unlinked = {};
  for (const language of languages) unlinked[language] = (await api("POST", "/v1/sessions", { name: `New line, ${language}` })).id;
  const call = await telephone(customer);
  const agent = await member("agent", "דנה Levi");
  const { page: invitation } = await invite("admin");
  await owner("POST", "/v1/api-keys", { name: "Shop website", scopes: ["messages:read", "messages:write"] });
  return { agent, invitation, session, chat: chat.id, failed: failed.chat_id, call, unlinked };
}
