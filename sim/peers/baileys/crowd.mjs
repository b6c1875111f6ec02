// Many unmodified Baileys clients in one process, for `cargo xtask bench`: commands come as JSON
// lines on stdin, each is answered by one JSON line on stdout that starts with the prefix below.
//
// Baileys has no store of its own, so everything is kept in memory; pre-keys are packed into 64
// bytes each, so that the memory measured is that of the client and not of a store.
import { createInterface } from "node:readline";
import makeWASocket, { DisconnectReason, WA_CERT_DETAILS, initAuthCreds } from "baileys";

const PREFIX = "@switchyard ";
const [network, root] = process.argv.slice(2);
const url = `${network.replace("http:", "ws:")}/ws/chat`;

WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root, "hex");

// Its Signal library prints sessions; printing is no part of what is measured.
for (const level of ["debug", "log", "info", "warn", "error"]) console[level] = () => {};
const silent = { level: "silent", child: () => silent };
for (const level of ["trace", "debug", "info", "warn", "error", "fatal"]) silent[level] = () => {};

const HALF = 32;

class PackedPairs {
  #bytes = Buffer.alloc(0);
  #present = new Set();

  get(id) {
    if (!this.#present.has(id)) return undefined;
    const start = Number(id) * 2 * HALF;
    return {
      private: this.#bytes.subarray(start, start + HALF),
      public: this.#bytes.subarray(start + HALF, start + 2 * HALF),
    };
  }

  set(id, pair) {
    if (!pair) return void this.#present.delete(id);
    const end = (Number(id) + 1) * 2 * HALF;
    if (this.#bytes.length < end) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(end + 820 * 2 * HALF - this.#bytes.length)]);
    }
    this.#bytes.set(pair.private, end - 2 * HALF);
    this.#bytes.set(pair.public, end - HALF);
    this.#present.add(id);
  }
}

function memory() {
  const kinds = new Map([["pre-key", new PackedPairs()]]);
  const of = (kind) => kinds.get(kind) ?? kinds.set(kind, new Map()).get(kind);
  return {
    get: (kind, ids) => Object.fromEntries(ids.map((id) => [id, of(kind).get(id)])),
    set: (data) => {
      for (const [kind, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values)) of(kind).set(id, value ?? undefined);
      }
    },
  };
}

const clients = [];
const acknowledged = { count: 0, last: 0, wake: () => {} };
const received = { count: 0, last: 0, wake: () => {} };

function tick(counter) {
  counter.count += 1;
  counter.last = Date.now();
  counter.wake();
}

/** Nothing is counted any more after this: what a lost connection swallowed does not come. */
const STALLED_MS = 10_000;

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The instant of the last of `count`, or of the last one that came before nothing came any more. */
const reach = (counter, count) => new Promise((resolve) => {
  let stalled;
  counter.wake = () => {
    clearTimeout(stalled);
    if (counter.count >= count) return resolve(counter.last);
    stalled = setTimeout(() => resolve(counter.last), STALLED_MS);
  };
  counter.wake();
});

let lost = 0;

function scan(phone, qr) {
  return fetch(`${network}/phones/${phone}/scan`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ qr }),
  });
}

function connect(client) {
  const socket = makeWASocket({
    auth: client.auth,
    logger: silent,
    waWebSocketUrl: url,
    version: [2, 3000, 1033105955],
    shouldSyncHistoryMessage: () => false,
    markOnlineOnConnect: false,
    getMessage: async () => undefined,
  });
  client.socket = socket;
  socket.ev.on("creds.update", (update) => Object.assign(client.auth.creds, update));
  socket.ev.on("connection.update", async ({ connection, lastDisconnect, qr }) => {
    // A code that came too late is refused; the next one follows.
    if (qr) await scan(client.phone, qr);
    if (connection === "open") client.opened();
    if (connection === "close") {
      const code = lastDisconnect?.error?.output?.statusCode;
      if (code === DisconnectReason.loggedOut) return fail(new Error("a client was logged out"));
      // As every program made with Baileys does; on a busy machine it finds its own connections timed out.
      if (code !== DisconnectReason.restartRequired) lost += 1;
      connect(client);
    }
  });
  // Baileys itself tells nobody of the server's acknowledgement of a message.
  socket.ws.on("CB:ack,class:message", () => tick(acknowledged));
  socket.ev.on("messages.upsert", ({ messages }) => {
    for (const { key, message } of messages) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text;
      if (text && !key.fromMe) tick(received);
    }
  });
}

const link = (phone) => new Promise((resolve) => {
  const client = { phone, auth: { creds: initAuthCreds(), keys: memory() }, opened: resolve };
  clients.push(client);
  connect(client);
});

const commands = {
  /** Links and connects those phones, so many at a time. */
  async link({ phones, at_once }) {
    const waiting = [...phones];
    const next = async () => {
      for (let phone = waiting.shift(); phone; phone = waiting.shift()) await link(phone);
    };
    await Promise.all(Array.from({ length: at_once }, next));
    return { lost };
  },
  /** Leaves no garbage behind to be measured. */
  async rest() {
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc();
      await after(200);
    }
    return {};
  },
  /** The clients send to their chats in turn, so many sends at a time, and begin none after `limit_ms`; answers at the last acknowledgement. */
  async send({ chats, messages, at_once, limit_ms }) {
    const round = chats.flatMap((phones, n) => phones.map((phone) => [n, phone]));
    const before = acknowledged.count;
    const start = Date.now();
    let sent = 0;
    const next = async () => {
      while (sent < round.length * messages && Date.now() - start < limit_ms) {
        const [client, phone] = round[sent % round.length];
        sent += 1;
        const sending = clients[client].socket.sendMessage(`${phone}@s.whatsapp.net`, { text: "Your order is ready" });
        // On a connection that was lost meanwhile it may wait for ever, or fail: it is not acknowledged then.
        await Promise.race([sending.catch(() => {}), after(STALLED_MS)]);
        // With its keys in memory a send waits for nothing outside, and node would read no socket for as long as it sends.
        await new Promise(setImmediate);
      }
    };
    await Promise.all(Array.from({ length: at_once }, next));
    const end = await reach(acknowledged, before + sent);
    return { start, end, sent, acknowledged: acknowledged.count - before, lost };
  },
  /** How many messages came in so far. */
  async received() {
    return { count: received.count };
  },
  /** Answers when so many messages have come in. */
  async receive({ until }) {
    return { end: await reach(received, until), count: received.count };
  },
};

const answer = (value) => process.stdout.write(`${PREFIX}${JSON.stringify(value)}\n`);
function fail(error) {
  answer({ error: String(error?.stack ?? error) });
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.do](command).then(answer, fail);
  })
  .on("close", () => process.exit(0));
