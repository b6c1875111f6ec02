// BullMQ with one worker process, measured by its own records. Prints one line of JSON.
//
// measure.mjs PORT throughput CONCURRENCY JOBS
// measure.mjs PORT steady CONCURRENCY JOBS JOBS_A_SECOND
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue, Worker } from "bullmq";

const NAME = "trivial";
// Jobs that are pushed in one call.
const BATCH = 1_000;
// No measurement takes longer.
const PATIENCE_MS = 180_000;

const [port, what, ...rest] = process.argv.slice(2);
const [concurrency, jobs, rate] = rest.map(Number);
const connection = { host: "127.0.0.1", port: Number(port) };

// The worker is a process of its own; it reports when so many jobs are done.
async function work() {
  const waits = [];
  let first = Infinity;
  let last = 0;
  const worker = new Worker(NAME, async () => {}, { connection, concurrency });
  worker.on("completed", (job) => {
    waits.push(job.processedOn - job.timestamp);
    first = Math.min(first, job.processedOn);
    last = Math.max(last, job.finishedOn);
    if (waits.length === jobs) process.send({ waits, first, last });
  });
  await worker.waitUntilReady();
  process.send("ready");
}

const started = () => fork(process.argv[1], [port, "work", ...rest], { serialization: "advanced" });

async function answered(worker) {
  const [answer] = await Promise.race([
    once(worker, "message"),
    once(worker, "exit").then(() => { throw new Error("the worker is gone"); }),
  ]);
  return answer;
}

async function throughput(queue) {
  for (let pushed = 0; pushed < jobs; pushed += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, jobs - pushed) }, () => ({ name: NAME, data: {} }));
    await queue.addBulk(some);
  }
  const worker = started();
  await answered(worker);
  const { first, last } = await answered(worker);
  worker.kill();
  return { per_second: (jobs * 1_000) / (last - first) };
}

async function steady(queue) {
  const worker = started();
  await answered(worker);
  const done = answered(worker);
  const begin = performance.now();
  for (let number = 0; number < jobs; number += 1) {
    await sleep(Math.max(0, begin + (number * 1_000) / rate - performance.now()));
    await queue.add(NAME, {});
  }
  const { waits } = await done;
  worker.kill();
  return { waits_ms: waits };
}

if (what === "work") {
  await work();
} else {
  setTimeout(() => { throw new Error(`not done after ${PATIENCE_MS} ms`); }, PATIENCE_MS).unref();
  const queue = new Queue(NAME, { connection });
  await queue.obliterate({ force: true });
  const seen = await { throughput, steady }[what](queue);
  const counts = await queue.getJobCounts("completed", "failed");
  if (counts.completed !== jobs || counts.failed !== 0) throw new Error(JSON.stringify(counts));
  process.stdout.write(`${JSON.stringify(seen)}\n`);
  await queue.close();
}
