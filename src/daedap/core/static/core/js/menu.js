// Drop-down menus are native <details>: close them on Esc, on a click elsewhere, and when another one opens.
// The rail (also <details>) is open on wide windows and closed on phones; staff choose for themselves on wide ones.
const narrow = matchMedia("(max-width: 767.98px)");

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // Hangul is being put together
  const menu = event.target.closest?.("details[data-menu][open]");
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const entries = [...menu.querySelectorAll("a, button")].filter((entry) => entry.offsetParent);
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = entries.indexOf(document.activeElement) + step;
    entries.at(next % entries.length)?.focus();
    event.preventDefault();
  }
});

function foldRails() {
  for (const rail of document.querySelectorAll("details[data-rail]")) {
    rail.open = narrow.matches ? false : remembered(rail) !== "closed";
    rail.dataset.ready = "";
  }
}

function remembered(rail) {
  try {
    return localStorage.getItem(`daedap.rail.${rail.dataset.rail}`);
  } catch {
    return null; // storage is switched off
  }
}

// By a person's click, not by the toggle event, which our own folding fires too.
document.addEventListener("click", (event) => {
  const rail = event.target.closest("summary")?.closest("details[data-rail]");
  if (!rail || narrow.matches) return;
  try {
    localStorage.setItem(`daedap.rail.${rail.dataset.rail}`, rail.open ? "closed" : "open"); // still as it was before
  } catch {
    // storage is switched off: the rail opens again on the next page
  }
});

foldRails();
narrow.addEventListener("change", foldRails);
