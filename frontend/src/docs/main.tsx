// The API docs: a page of its own, readable without signing in and without any other server.
import "../styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startWords } from "../words/language";
import { DocsPage } from "./page";

const root = document.getElementById("root");
if (root) {
  await startWords();
  createRoot(root).render(
    <StrictMode>
      <DocsPage />
    </StrictMode>,
  );
}
