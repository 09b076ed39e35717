// Shows the parts of the member integration form that belong to the choices made. Without it, all of them show.
// data-shown-when="name=value" on a part; it is hidden unless the form's field has that value.
// data-logs-out: what would end everybody's session is said before it is saved; it knows what is saved now.

for (const form of document.querySelectorAll("[data-integration]")) {
  const parts = form.querySelectorAll("[data-shown-when]");

  const warning = form.querySelector("[data-logs-out]");

  const follow = () => {
    const values = new FormData(form);
    for (const part of parts) {
      const [name, value] = part.dataset.shownWhen.split("=");
      part.hidden = values.get(name) !== value;
    }
    if (warning) {
      const { loginType, verificationUrl } = warning.dataset;
      const isOff = values.get("enabled") !== "on";
      const isOther = values.get("login_type") !== loginType;
      const asksElsewhere = loginType === "get" && values.get("token_verification_url").trim() !== verificationUrl;
      warning.hidden = !(isOff || isOther || asksElsewhere);
    }
    const minutes = form.elements.token_lifetime_minutes;
    minutes.readOnly = form.elements.no_limit.checked;
  };

  form.addEventListener("input", follow);
  follow();
  form.querySelectorAll("[data-rows]").forEach(watchRows);
}

// Parameter rows: added as copies of the last one, emptied; the last one is emptied rather than removed.
function watchRows(box) {
  const list = box.querySelector("[data-rows-list]");
  const add = box.querySelector("[data-row-add]");
  const limit = Number(box.dataset.limit);

  const empty = (row) => row.querySelectorAll("select").forEach((select) => (select.selectedIndex = 0));
  const count = () => (add.disabled = list.children.length >= limit);

  add.addEventListener("click", () => {
    const row = list.lastElementChild.cloneNode(true);
    empty(row);
    list.append(row);
    row.querySelector("select").focus();
    count();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row-remove]");
    if (!button) return;
    const row = button.closest("[data-row]");
    if (list.children.length === 1) empty(row);
    else row.remove();
    count();
    add.focus();
  });
  count();
}
