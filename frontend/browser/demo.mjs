// The running demo: its addresses and secrets, its API, and the phones of its simulated network.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as rest } from "node:timers/promises";

const file = process.env.SWITCHYARD_DEMO;
if (!file) throw new Error("SWITCHYARD_DEMO names the demo.json of a running `switchyard up --demo`, or the cluster.json of a cluster");

const described = JSON.parse(readFileSync(file, "utf8"));
/** A cluster is reached through its gateway. */
export const demo = { ...described, api_url: described.api_url ?? described.nginx_url };

export async function ask(base, method, path, body, headers) {
  const response = await fetch(base + path, {
    method,
    headers: { ...headers, ...(body ? { "content-type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

export const api = (method, path, body) => ask(demo.api_url, method, path, body, { authorization: `Bearer ${demo.api_key}` });
export const network = (method, path, body) => ask(demo.sim_url, method, path, body, {});

let signedIn = null;

/** As the owner, who may do what no key may; signed in once, however many ask at a time. */
export async function owner(method, path, body) {
  signedIn ??= ask(demo.api_url, "POST", "/v1/auth/login", { email: demo.email, password: demo.password }, {});
  const { access_token: token } = await signedIn;
  return ask(demo.api_url, method, path, body, { authorization: `Bearer ${token}` });
}

/** Invites an address that nobody has; answers it and the page of the invitation. */
export async function invite(role) {
  const email = `${role}-${randomInt(1_000_000)}@example.com`;
  const { invite_url } = await owner("POST", "/v1/members", { email, role });
  return { email, page: invite_url.slice(demo.api_url.length), token: new URL(invite_url).hash.slice("#token=".length) };
}

export const PASSWORD = "four calm words 4711";

/** Somebody who works in the business: the invitation is accepted. */
export async function member(role, name) {
  const { email, token: invitation } = await invite(role);
  await ask(demo.api_url, "POST", "/v1/auth/invitation", { token: invitation, name, password: PASSWORD }, {});
  return email;
}

/** Looks until there is something to return, or fails when the deadline passes. */
export async function until(what, look, within = 30_000) {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadline, `waited ${within} ms for ${what}`);
    await rest(50);
  }
}

/** A phone with a number that no other test has; answers its number as digits. */
export async function newPhone(name) {
  const phone = `97255${randomInt(1_000_000, 9_999_999)}`;
  await network("POST", "/phones", { phone, name });
  return phone;
}

export const scan = (phone, qr) => network("POST", `/phones/${phone}/scan`, { qr });
export const write = (from, to, text) => network("POST", `/phones/${from}/messages`, { to, text });

/** What a phone shows of a text: its rows of the ledger. */
export async function shown(phone, text) {
  const { data } = await network("GET", `/phones/${phone}/messages`);
  return data.filter((row) => row.text === text);
}

/** Asks for a code and waits for it. */
export async function codeOf(session) {
  const state = await api("GET", `/v1/sessions/${session}/qr?wait=0`);
  if (state.qr) return state.qr;
  await api("POST", `/v1/sessions/${session}/connect`);
  const seen = await until("a code", async () => {
    const now = await api("GET", `/v1/sessions/${session}/qr?wait=0`);
    return now.qr ? now : null;
  });
  return seen.qr;
}

/** Makes a number and links it to a new phone, without a page. */
export async function linkedNumber(name) {
  const phone = await newPhone(name);
  const session = await api("POST", "/v1/sessions", { name });
  await scan(phone, await codeOf(session.id));
  await until(`${name} connected`, async () => (await api("GET", `/v1/sessions/${session.id}`)).state === "connected");
  return { phone, session: session.id };
}
