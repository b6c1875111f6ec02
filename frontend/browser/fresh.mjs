// A second, empty product beside the demo: what somebody sees who has just installed it.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { demo, until } from "./demo.mjs";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts it; answers its address, its setup token and how to end it. */
export async function startFresh() {
  const folder = mkdtempSync(join(tmpdir(), "switchyard-fresh-"));
  const token = randomBytes(16).toString("hex");
  const url = `http://127.0.0.1:${await freePort()}`;
  // The product refuses settings that it does not know, such as ours.
  const foreign = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SWITCHYARD_")));
  const child = spawn(demo.binary, ["up", "--data-dir", folder, "--listen", new URL(url).host], {
    env: { ...foreign, SWITCHYARD_SETUP_TOKEN: token, SWITCHYARD_INTERNAL_LISTEN: "127.0.0.1:0" },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until("the fresh product", () => fetch(`${url}/health/ready`).then((answer) => answer.ok, () => false), 20_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, token, stop };
}
