// Drives an unmodified Baileys client: commands come as JSON lines on stdin, events leave as JSON
// lines that start with the prefix below. Its Signal library prints to stdout as well, so every
// other line means nothing.
import { createInterface } from "node:readline";
import makeWASocket, {
  Curve, DisconnectReason, WA_CERT_DETAILS, generateSignalPubKey, useMultiFileAuthState,
} from "baileys";
import { curve } from "libsignal";

const PREFIX = "@switchyard ";
const [url, root, folder] = process.argv.slice(2);

// Which root is trusted.
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root, "hex");

// Baileys checks the certificate chain, but its check of a signature forgets to look at the answer
// (rc14, lib/Utils/crypto.js), so that a wrong one passes. Here the answer counts.
Curve.verify = (key, message, signature) => {
  try {
    return curve.verifySignature(generateSignalPubKey(key), message, signature) === true;
  } catch {
    return false;
  }
};

const silent = { level: "silent", child: () => silent };
for (const level of ["trace", "debug", "info", "warn", "error", "fatal"]) {
  silent[level] = process.env.DRIVER_LOG
    ? (...words) => process.stderr.write(`${level} ${JSON.stringify(words)}\n`)
    : () => {};
}

const tell = (event) => process.stdout.write(`${PREFIX}${JSON.stringify(event)}\n`);
const { state, saveCreds } = await useMultiFileAuthState(folder);
let socket;

function connect() {
  const own = makeWASocket({
    auth: state,
    logger: silent,
    waWebSocketUrl: url,
    version: [2, 3000, 1033105955],
    shouldSyncHistoryMessage: () => false,
    markOnlineOnConnect: true,
    getMessage: async () => undefined,
  });
  socket = own;
  own.ev.on("creds.update", saveCreds);
  own.ev.on("connection.update", ({ connection, lastDisconnect, qr }) => {
    if (own !== socket) return;
    if (qr) tell({ qr });
    if (connection === "open") tell({ open: own.user.id });
    if (connection === "close") {
      const code = lastDisconnect?.error?.output?.statusCode;
      tell({ closed: code ?? 0 });
      if (code === DisconnectReason.restartRequired) connect();
    }
  });
  own.ev.on("messages.upsert", ({ messages }) => {
    for (const { key, message } of messages) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text;
      if (text !== undefined && text !== null && !key.fromMe) {
        tell({ text, from: key.remoteJid, also: key.remoteJidAlt ?? null, id: key.id });
      }
    }
  });
  own.ev.on("messages.update", (updates) => {
    for (const { key, update } of updates) {
      if (update.status !== undefined) tell({ status: update.status, id: key.id });
    }
  });
}

createInterface({ input: process.stdin }).on("line", async (line) => {
  const command = JSON.parse(line);
  try {
    if (command.send) {
      const sent = await socket.sendMessage(command.send.to, { text: command.send.text });
      tell({ sent: sent.key.id });
    }
    if (command.reconnect) {
      const old = socket;
      socket = undefined;
      old.end(undefined);
      connect();
    }
    if (command.stop) process.exit(0);
  } catch (error) {
    tell({ error: String(error?.stack ?? error) });
  }
});
process.stdin.on("end", () => process.exit(0));
connect();
