// Forms: no double submit (the label of the button stays), Enter where a part has its own button, passwords to look at, secrets to uncover.
const BUSY = "data-busy";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute(BUSY)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (form.method === "get" || form.method === "dialog" || event.defaultPrevented) return;
  form.setAttribute(BUSY, "");
  const button = event.submitter;
  // Not `disabled`: a disabled button loses focus, and its name and value would not be sent.
  button?.setAttribute("aria-disabled", "true");
  button?.classList.add("d-busy");
  if (isHtmx(form)) return;
  setTimeout(() => release(form), 15000); // a download leaves the page where it is
}, true);

addEventListener("pageshow", () => document.querySelectorAll(`form[${BUSY}]`).forEach(release)); // "Back" from the cache
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) release(form);
});

function isHtmx(form) {
  return ["hx-post", "hx-put", "hx-patch", "hx-delete"].some((name) => form.hasAttribute(name)) || form.closest("[hx-boost=true]");
}

function release(form) {
  form.removeAttribute(BUSY);
  for (const button of form.querySelectorAll(".d-busy")) {
    button.classList.remove("d-busy");
    button.removeAttribute("aria-disabled");
  }
}

// What is being mended is not called wrong any longer: the server, or the live check beside the field, says it anew.
document.addEventListener("input", mended);
document.addEventListener("change", mended);

function mended({ target }) {
  if (target.getAttribute?.("aria-invalid") !== "true") return;
  target.removeAttribute("aria-invalid");
  target.classList.remove("is-invalid");
  for (const id of (target.getAttribute("aria-describedby") ?? "").split(" ")) {
    if (id.endsWith("_error")) document.getElementById(id)?.setAttribute("hidden", "");
  }
}

// Enter in a field presses the button named beside it, not the form's first. Never while Hangul is being composed.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.dataset?.enter) return;
  event.preventDefault();
  document.getElementById(event.target.dataset.enter)?.click();
});

document.addEventListener("click", (event) => {
  const eye = event.target.closest("[data-password-toggle]");
  if (eye) {
    const input = document.getElementById(eye.dataset.passwordToggle);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    eye.setAttribute("aria-pressed", String(shown));
    return;
  }
  const cover = event.target.closest("[data-secret-toggle]");
  if (cover) {
    const value = cover.parentElement.querySelector("[data-secret]");
    const shown = value.toggleAttribute("data-shown");
    const label = cover.textContent;
    cover.textContent = cover.dataset.labelHide;
    cover.dataset.labelHide = label;
    cover.setAttribute("aria-pressed", String(shown));
  }
});
