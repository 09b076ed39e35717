// Inside the company's app (`from=app`): before files are chosen, the app is asked whether camera and photo album may be
// used (spec 30, 8.5). A native app answers by calling onAttachmentPermission(true) or (false).
const SECONDS = 3;
const { denied } = document.querySelector("script[data-app]").dataset;
const fields = [];
const notes = new Map(); // of each field
let isAllowed = false;
let waiting = null; // the field that was tapped
let patience = 0;
let isAsking = false;

window.onAttachmentPermission = (answer) => {
  isAllowed = String(answer) !== "false";
  fields.forEach(isAllowed ? enable : disable);
  goOn();
};

watchAll();
document.addEventListener("hc:content", watchAll); // own enquiries that came after the login status was asked for

function watchAll() {
  for (const field of document.querySelectorAll("form input[type=file]")) {
    if (!fields.includes(field)) watch(field);
  }
}

function watch(field) {
  fields.push(field);
  field.addEventListener("click", (event) => {
    if (!waiting && !isAllowed) {
      waiting = field;
      isAsking = true;
      if (!ask()) isAllowed = true; // as on any other page
      isAsking = false;
    }
    if (isAllowed) {
      waiting = null;
      return; // this very click opens the chooser
    }
    event.preventDefault();
    clearTimeout(patience);
    if (waiting) patience = setTimeout(giveUp, SECONDS * 1000);
  });
}
// Files can also be dropped where there is a mouse.
addEventListener("drop", (event) => {
  if (!fields.some((field) => field.disabled && field.closest(".d-field").contains(event.target))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// Says whether there is an app that can be asked.
function ask() {
  try {
    if (window.OnlineContactApp?.requestAttachmentPermission) {
      window.OnlineContactApp.requestAttachmentPermission();
      return true;
    }
    const handler = window.webkit?.messageHandlers?.onlineContactApp;
    handler?.postMessage("attachmentPermission");
    return Boolean(handler);
  } catch {
    return false; // a bridge that is there but broken is none
  }
}

// No answer: as on any other page.
function giveUp() {
  isAllowed = true;
  goOn();
}

function goOn() {
  const field = waiting;
  waiting = null;
  clearTimeout(patience);
  if (field && isAllowed && !isAsking) field.click(); // within the click that asks, that one goes on by itself
}

function disable(field) {
  field.disabled = true;
  if (notes.has(field)) return;
  const note = document.createElement("p");
  note.className = "d-error";
  note.setAttribute("role", "status");
  note.textContent = denied;
  field.closest(".d-field").append(note);
  notes.set(field, note);
}

function enable(field) {
  field.disabled = false;
  notes.get(field)?.remove();
  notes.delete(field);
}
