// The product of these tests, stopped and started again on the same folder and the same ports.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { demo, until } from "./demo.mjs";

const host = (url) => new URL(url).host;
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    // One that nobody has waited for yet has ended too.
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};

export async function startAgain() {
  const file = process.env.SWITCHYARD_DEMO;
  const { pid } = JSON.parse(readFileSync(file, "utf8"));
  process.kill(pid, "SIGTERM");
  await until("the end of the product", () => !isAlive(pid));
  const foreign = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SWITCHYARD_")));
  const places = ["--listen", host(demo.api_url), "--internal-listen", host(demo.internal_url), "--sim-listen", host(demo.sim_url)];
  // It outlives this test: whoever started the first one ends it by the number in the file.
  spawn(demo.binary, ["up", "--demo", "--data-dir", dirname(file), ...places], { env: foreign, stdio: "ignore", detached: true }).unref();
  await until("the product again", () => fetch(`${demo.api_url}/health/ready`).then((answer) => answer.ok, () => false));
}
