// [data-copy="text"] copies; the label says so for two seconds.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.querySelector("[data-copy-label]") ?? button;
  await copy(button.dataset.copy);
  const before = button.dataset.copyBefore ?? label.textContent;
  button.dataset.copyBefore = before;
  label.textContent = button.dataset.copied;
  setTimeout(() => (label.textContent = before), 2000);
});

async function copy(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea"); // plain http on a local network
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
