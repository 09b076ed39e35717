// Short messages at the edge. From the server: Django's messages in the page, or the header
// HX-Trigger: {"toast": {"text": "…", "tone": "success"}}. From scripts: a "toast" event with the same detail.
const region = document.getElementById("toasts");
const template = document.getElementById("toast-template");
const REST = 6000;

function settle(toast) {
  if (["error", "warning"].includes(toast.dataset.toast)) return; // stays until closed
  let timer;
  const wait = () => (timer = setTimeout(() => toast.remove(), REST));
  const hold = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", wait);
  toast.addEventListener("focusout", wait);
  wait();
}

function show({ text, tone = "info" }) {
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.className = `d-toast d-toast-${tone}`;
  toast.dataset.toast = tone;
  toast.querySelector(".d-toast-text").textContent = text;
  region.append(toast);
  settle(toast);
}

if (region && template) {
  region.querySelectorAll("[data-toast]").forEach(settle);
  document.addEventListener("toast", (event) => show(event.detail));
  document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());
}
