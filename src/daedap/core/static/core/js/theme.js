// Runs before the first paint: sets the theme, and says that JavaScript is there. The choice (light, dark or system) is
// kept in this browser only.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const key = "daedap.theme";

  function choice() {
    try {
      return localStorage.getItem(key) || "system";
    } catch {
      return "system"; // storage is switched off
    }
  }

  function show() {
    const chosen = choice();
    root.dataset.bsTheme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === chosen));
    }
  }

  root.dataset.js = "";
  show();
  document.addEventListener("DOMContentLoaded", show);
  dark.addEventListener("change", show);
  addEventListener("storage", show);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    try {
      localStorage.setItem(key, button.dataset.themeSet);
    } catch {
      root.dataset.bsTheme = button.dataset.themeSet;
      return;
    }
    show();
  });
})();
