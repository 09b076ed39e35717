// What is being written stays in this tab until it has been sent: through another language, the company's login page, a
// lost connection. Never e-mail and phone, and never for anybody else: a member's text comes back to that member only, a
// guest's to whoever goes on in the tab. Without this file forms are as forgetful as browsers.
const PREFIX = "hc-draft:";
const LASTS = 30 * 60 * 1000; // as long as an idle session
const KEPT = ["category", "name", "subject", "content"];

start();
document.addEventListener("hc:content", start); // own enquiries that came after the login status was asked for

function start() {
  for (const sent of document.querySelectorAll("[data-draft-sent]")) forget(sent.dataset.draftSent);
  for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
}

function keep(form) {
  const { draft, writer } = form.dataset;
  const fields = KEPT.map((name) => form.elements[name]).filter(Boolean);
  // Browsers restore fields by themselves on "Back", also what has long been sent.
  for (const field of [...fields, form.elements.personal_agree].filter(Boolean)) field.autocomplete = field.name === "name" ? "name" : "off";
  const found = read(draft);
  if (found && (found.writer === writer || found.writer === "")) restore(form, fields, found);
  else if (found) forget(draft);

  if (!canKeep()) {
    warn(form);
    return;
  }
  const save = () => form.isConnected && write(draft, writer, form, fields);
  addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());
}

// A frame on another site may have no place for it: whoever leaves is asked by the browser.
function warn(form) {
  let isSent = false;
  form.addEventListener("submit", () => { isSent = true; });
  addEventListener("beforeunload", (event) => {
    if (!isSent && form.isConnected && form.elements.content.value.trim()) event.preventDefault();
  });
}

function canKeep() {
  try {
    sessionStorage.setItem(`${PREFIX}probe`, "");
    sessionStorage.removeItem(`${PREFIX}probe`);
    return true;
  } catch {
    return false;
  }
}

function restore(form, fields, { values, files }) {
  if (form.elements.content.value.trim()) return; // the server has said it all
  for (const field of fields) {
    if (!values[field.name]) continue; // what the member's data say stays
    if (field.options && ![...field.options].some((option) => option.value === values[field.name])) continue;
    field.value = values[field.name];
  }
  form.elements.content.dispatchEvent(new Event("input", { bubbles: true }));
  form.dispatchEvent(new CustomEvent("hc:files", { detail: files }));
  form.closest("details")?.setAttribute("open", "");
  tell(form);
}

function tell(form) {
  const { draft, draftFound, draftDrop } = form.dataset;
  const note = document.createElement("p");
  note.className = "hc-draft";
  note.setAttribute("role", "status");
  const drop = document.createElement("button");
  drop.type = "button";
  drop.textContent = draftDrop;
  drop.addEventListener("click", () => {
    form.reset();
    for (const id of form.querySelectorAll("[name=file_ids]")) id.closest(".hc-file").remove();
    form.elements.content.dispatchEvent(new Event("input", { bubbles: true }));
    forget(draft);
    note.remove();
    (form.elements.subject ?? form.elements.content).focus();
  });
  note.append(draftFound, " ", drop);
  form.prepend(note);
}

function write(draft, writer, form, fields) {
  const texts = fields.filter((field) => ["subject", "content"].includes(field.name));
  if (texts.every((field) => !field.value.trim())) {
    forget(draft);
    return;
  }
  const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const files = [...form.querySelectorAll("[name=file_ids]")].map((id) => {
    const row = id.closest(".hc-file");
    return { id: id.value, name: row.querySelector(".hc-file-name").textContent, size: row.querySelector(".hc-file-size").textContent.split(" · ")[0] };
  });
  try {
    sessionStorage.setItem(PREFIX + draft, JSON.stringify({ at: Date.now(), writer, values, files }));
  } catch {
    // No room, or none for us: as if this file were not here.
  }
}

function read(draft) {
  try {
    const found = JSON.parse(sessionStorage.getItem(PREFIX + draft));
    return found && Date.now() - found.at < LASTS ? found : null;
  } catch {
    return null;
  }
}

function forget(draft) {
  try {
    sessionStorage.removeItem(PREFIX + draft);
  } catch {
    // Nothing is kept where nothing can be.
  }
}
