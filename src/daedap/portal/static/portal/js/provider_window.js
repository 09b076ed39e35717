// [data-window] opens a window of the payment provider: its script is loaded, `call` made with the arguments, and the
// form around it sent with what came back. The server asks the provider itself; nothing here is believed.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-window]");
  if (!button) return;
  const form = button.closest("[data-window-form]");
  const error = form.querySelector("[data-window-error]");
  button.disabled = true;
  error.hidden = true;
  try {
    await load(button.dataset.windowScript);
    const answer = await window.PortOne[button.dataset.windowCall](JSON.parse(button.dataset.window));
    if (!answer) return; // the browser is being redirected
    for (const name of ["billingKey", "code"]) {
      if (form.elements[name]) form.elements[name].value = answer[name] ?? "";
    }
    form.requestSubmit();
  } catch {
    error.hidden = false;
  } finally {
    button.disabled = false;
  }
});

function load(source) {
  if (window.PortOne) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}
