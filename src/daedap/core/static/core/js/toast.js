// Short messages at the edge. From the server: Django's messages in the page, or the header
// HX-Trigger: {"toast": {"text": "…", "tone": "success"}}. From scripts: a "toast" event with the same detail.
const region = document.getElementById("toasts");
const template = (tone) => document.querySelector(`template[data-toast-template="${tone}"]`) ?? template("info");
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
  // The newest says how things are; what must be read stays until somebody closes it.
  for (const old of region.querySelectorAll("[data-toast]")) {
    if (!["error", "warning"].includes(old.dataset.toast)) old.remove();
  }
  const toast = template(tone).content.firstElementChild.cloneNode(true);
  toast.querySelector(".d-toast-text").textContent = text;
  region.append(toast);
  settle(toast);
}

if (region) {
  region.querySelectorAll("[data-toast]").forEach(settle);
  document.addEventListener("toast", (event) => show(event.detail));
  document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());
}
