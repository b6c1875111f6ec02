// Builds two pages: the dashboard and the API docs. Nothing is inlined, because the
// Content-Security-Policy allows only what our own origin serves.
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": here("./src") } },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: here("./index.html"), docs: here("./docs/index.html") } },
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/openapi.json"].map((path) => [path, { target: process.env["SWITCHYARD_API"] ?? "http://127.0.0.1:8080" }]),
    ),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
