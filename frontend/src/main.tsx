// Starts the dashboard: words first, then the pages.
import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { startWords } from "./words/language";

const root = document.getElementById("root");
if (root) {
  await startWords();
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
