// Sets language, direction and theme before the first paint, so that nothing flashes.
// A file of its own because the Content-Security-Policy allows no inline script.
(function () {
  const root = document.documentElement;
  let language = null;
  let theme = null;
  try {
    language = localStorage.getItem("sy-language");
    theme = localStorage.getItem("sy-theme");
  } catch {
    // Storage is blocked: the browser's own language and theme serve.
  }
  if (language !== "en" && language !== "he") {
    language = navigator.language.toLowerCase().startsWith("he") ? "he" : "en";
  }
  root.lang = language;
  root.dir = language === "he" ? "rtl" : "ltr";
  const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";
})();
