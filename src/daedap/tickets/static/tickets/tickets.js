// The agents' tickets: keys, the marked row, drafts, and answers of the server that are refusals but pages all the same.
const main = document.querySelector(".t-panes");
const pane = document.getElementById("ticket");
const links = () => [...document.querySelectorAll(".t-row-link")];

// --- Keys: never while somebody types, least of all while Hangul is being put together -------------------------------
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  t: () => take(),
  r: () => write("kind-answer"),
  c: () => write("kind-comment"),
  "/": () => document.getElementById("ticket-search").focus(),
  "?": () => document.getElementById("shortcuts").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && event.target.id === "id_body") {
    document.getElementById("ticket-title").focus({ preventScroll: true }); // the keys work again
    return;
  }
  if (event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]")) return;
  if (document.querySelector("dialog[open]")) return;
  const action = KEYS[letter(event)];
  if (!action) return;
  event.preventDefault();
  action();
});

// With the Korean layout on, the key of "j" says "ㅓ": then the place of the key counts.
function letter(event) {
  if (event.key.length === 1 && event.key.charCodeAt(0) < 128) return event.key.toLowerCase();
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : "";
}

function step(by) {
  const all = links();
  const here = all.findIndex((link) => link === document.activeElement || link.closest("li").contains(document.activeElement));
  const start = here >= 0 ? here : all.findIndex((link) => link.hasAttribute("aria-current"));
  const next = all[Math.min(Math.max(start + by, 0), all.length - 1)];
  next?.focus();
  next?.closest("li").scrollIntoView({ block: "nearest" });
}

function take() {
  const row = document.activeElement.closest?.(".t-row");
  const button = row ? row.querySelector(".t-take") : pane.querySelector("[data-key=t]");
  button?.click();
}

function write(id) {
  const kind = document.getElementById(id);
  if (kind) kind.checked = true;
  else if (id === "kind-answer" && !document.getElementById("kind-comment")) return; // no answer possible here
  document.getElementById("id_body")?.focus();
}

// --- A ticket has been opened or changed -----------------------------------------------------------------------------
function opened() {
  const id = pane.querySelector("[data-ticket]")?.dataset.ticket;
  if (!id) return;
  main.classList.add("t-open");
  for (const link of links()) {
    if (link.closest("li").id === `row-${id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const history = pane.querySelector(".t-history");
  history.scrollTop = history.scrollHeight;
  restore(id);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== pane) return;
  opened();
  const refused = pane.querySelector(".t-editor [role=alert]") && pane.querySelector("#id_body");
  const place = pane.querySelector("[autofocus]") ?? refused ?? pane.querySelector("#ticket-title");
  place?.focus({ preventScroll: true });
  if (matchMedia("(max-width: 767.98px)").matches) scrollTo(0, 0);
});

// A conflict or a refusal comes as the ticket's page with the reason and what was typed: show it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (target === pane && [403, 409].includes(xhr.status) && xhr.responseText.includes("data-ticket")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// --- The list keeps the width it was drawn to ------------------------------------------------------------------------
const list = document.getElementById("ticket-list");
const WIDTH = "daedap.tickets.list-width";
try {
  list.style.width = localStorage.getItem(WIDTH) ?? "";
  new ResizeObserver(() => list.style.width && localStorage.setItem(WIDTH, list.style.width)).observe(list);
} catch {
  // storage is switched off: the width lasts as long as the page
}

// --- Drafts: what was typed survives opening another ticket, in this tab only ----------------------------------------
const draftKey = (id) => `daedap.draft.${id}`;

document.addEventListener("input", (event) => {
  if (event.target.id !== "id_body") return;
  store((kept) => kept.setItem(draftKey(pane.querySelector("[data-ticket]").dataset.ticket), event.target.value));
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const id = event.target.closest?.("[data-ticket]")?.dataset.ticket;
  if (id && event.target.closest("#editor")) store((kept) => kept.removeItem(draftKey(id))); // a refusal brings it back
});

document.addEventListener("htmx:sendError", (event) => {
  const text = document.getElementById("id_body");
  if (text && event.target.closest?.("#editor")) text.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("submit", (event) => {
  if (event.target.id === "editor") store((kept) => kept.removeItem(draftKey(pane.querySelector("[data-ticket]").dataset.ticket)));
});

function restore(id) {
  const text = document.getElementById("id_body");
  store((kept) => {
    const draft = kept.getItem(draftKey(id));
    if (text && draft && !text.value) text.value = draft;
  });
}

function store(use) {
  try {
    use(sessionStorage);
  } catch {
    // storage is switched off: nothing is kept
  }
}

opened();
// A ticket opened by its address: its row is to be seen, in the list only, so that a phone stays at the ticket.
const row = document.querySelector(".t-row:has([aria-current])");
if (row && list.scrollHeight > list.clientHeight) list.scrollTop = row.offsetTop - list.clientHeight / 2;
