// Shows the parts of the member integration form that belong to the choices made. Without it, all of them show.
// data-shown-when="name=value" on a part; it is hidden unless the form's field has that value.

for (const form of document.querySelectorAll("[data-integration]")) {
  const parts = form.querySelectorAll("[data-shown-when]");

  const follow = () => {
    const values = new FormData(form);
    for (const part of parts) {
      const [name, value] = part.dataset.shownWhen.split("=");
      part.hidden = values.get(name) !== value;
    }
    const minutes = form.elements.token_lifetime_minutes;
    minutes.readOnly = form.elements.no_limit.checked;
  };

  form.addEventListener("change", follow);
  follow();
}
