// The running cluster: businesses with a number each, its processes, and rows that only its database can be given.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { PASSWORD, ask, demo, network, newPhone, owner, until } from "../demo.mjs";

const words = Object.fromEntries(
  ["en", "he"].map((language) => [language, JSON.parse(readFileSync(new URL(`../../src/words/${language}.json`, import.meta.url), "utf8"))]),
);

/** What the dashboard says in a language, without what it fills in. */
export const say = (language, key) => key.split(".").reduce((place, part) => place[part], words[language]);

const as = (token) => (method, path, body) => ask(demo.api_url, method, path, body, { authorization: `Bearer ${token}` });

/** A business on a shard with one linked number; its id. */
export async function business(name, shard) {
  const email = `${randomUUID()}@example.com`;
  const made = await owner("POST", "/v1/admin/businesses", { name, shard, owner_email: email });
  const token = new URL(made.invite_url).hash.slice("#token=".length);
  const joined = await ask(demo.api_url, "POST", "/v1/auth/invitation", { token, name: "Dana", password: PASSWORD }, {});
  const theirs = as(joined.access_token);
  const session = await theirs("POST", "/v1/sessions", { name: "Front desk" });
  await theirs("POST", `/v1/sessions/${session.id}/connect`);
  const path = `/v1/sessions/${session.id}`;
  const code = await until("a code", async () => (await theirs("GET", `${path}/qr?wait=0`)).qr);
  await network("POST", `/phones/${await newPhone(name)}/scan`, { qr: code });
  await until(`${name} connected`, async () => (await theirs("GET", path)).state === "connected");
  return made.id;
}

function signal(name, which) {
  const { processes } = JSON.parse(readFileSync(process.env.SWITCHYARD_DEMO, "utf8"));
  process.kill(processes.find((each) => each.name === name).pid, which);
}

/** Lets the other processes stand still while `work` looks at one that waits for them. */
export async function standingStill(names, work) {
  for (const name of names) signal(name, "SIGSTOP");
  try {
    await work();
  } finally {
    for (const name of names) signal(name, "SIGCONT");
  }
}

const newId = (prefix) => `${prefix}_${randomUUID().replaceAll("-", "")}`;

/** Jobs of a business that died of this. */
export function deadLetters(of, count, error) {
  const rows = Array.from({ length: count }, () => {
    const payload = JSON.stringify({ kind: "drain_chat", session: newId("ses"), chat: newId("chat") });
    const uuid = of.replace(/^biz_/, "");
    return `(gen_random_uuid(), 'high', '${uuid}', 'drain_chat', '${payload}', 'dead', 0, 0, 10, 10, '${error}', 0, ${Date.now()})`;
  });
  const columns = "id, queue, business_id, kind, payload, state, priority, run_at, attempts, fence, last_error, created_at, finished_at";
  execFileSync("psql", [demo.postgres_url, "-qc", `insert into jobs (${columns}) values ${rows.join(", ")}`]);
}

/** So many businesses on the last shard that have no number; faster than operators may ask. */
export function crowd(name, count) {
  const made = `insert into businesses (id, name, status, shard, created_at) select gen_random_uuid(), '${name} ' || n, 'active', 3, ${Date.now()} from generate_series(1, ${count}) n`;
  execFileSync("psql", [demo.postgres_url, "-qc", made]);
}

/** From now on, and until they start again, these shards take so many numbers. */
export function capacity(numbers, most) {
  execFileSync("psql", [demo.postgres_url, "-qc", `update shards set capacity = ${most} where number in (${numbers.join(", ")})`]);
}
