// Native dialogs: [data-dialog="id"] opens, [data-dialog-close] closes, a click on the backdrop closes.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return; // the link behind it works as a link
    event.preventDefault();
    show(dialog);
    return;
  }
  if (event.target.closest("[data-dialog-close]")) {
    event.target.closest("dialog")?.close();
    return;
  }
  if (event.target instanceof HTMLDialogElement && outside(event)) event.target.close();
});

// A dialog that holds typed words does not close by a slip of the pointer.
function outside(event) {
  const box = event.target.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  const typed = [...event.target.querySelectorAll("textarea, input:not([type=hidden])")].some((field) => field.value !== field.defaultValue);
  return !inside && !typed;
}

// The browser alone would go to the cross that closes it, which comes first.
function show(dialog) {
  dialog.showModal();
  const body = dialog.querySelector(".d-dialog-body");
  const field = body?.querySelector("[autofocus]") ?? body?.querySelector("input:not([type=hidden]), select, textarea");
  field?.focus();
}

function openMarked(root) {
  for (const dialog of root.querySelectorAll("dialog[data-dialog-open]:not([open])")) show(dialog);
}

openMarked(document);
document.addEventListener("htmx:load", (event) => openMarked(event.target));
