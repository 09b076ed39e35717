// The enquiry form and the form to ask again: files are uploaded at once with progress, e-mail and phone are masked when
// left, lengths are counted. All of it is an addition: without this file the forms send everything themselves.
start();
document.addEventListener("hc:content", start); // own enquiries that came after the login status was asked for

function start() {
  for (const form of document.querySelectorAll("[data-enquiry-form]")) {
    watchUploads(form);
    form.querySelectorAll("[data-mask]").forEach(mask);
    form.querySelectorAll("textarea[data-limit]").forEach(count);
  }
}

// --- Files ------------------------------------------------------------------------------------------------------
function watchUploads(form) {
  const box = form.querySelector("[data-uploads]");
  if (!box) return;
  const { url, max, maxBytes, extensions, tooMany, tooLarge, wrongType, failed, busy, remove, done } = box.dataset;
  const allowed = extensions.split(", ");
  const input = box.querySelector("input[type=file]");
  const drop = box.querySelector(".hc-drop");
  const list = box.querySelector("[data-upload-list]");
  const errors = box.querySelector("[data-upload-errors]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  let running = 0;

  list.querySelectorAll(".hc-file").forEach((row) => addRemove(row));
  form.addEventListener("hc:files", ({ detail }) => detail.forEach(addUploaded)); // of a draft

  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("hc-drop-over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("hc-drop-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("hc-drop-over");
    take([...event.dataTransfer.files]);
  });
  addEventListener("submit", (event) => {
    if (event.target !== form || running === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    errors.replaceChildren();
    say(busy);
  }, true); // before form.js marks the form as sent

  function take(files) {
    errors.replaceChildren();
    for (const file of files) {
      if (list.children.length >= Number(max)) {
        say(tooMany);
        break;
      }
      const extension = file.name.includes(".") ? file.name.split(".").pop().toLowerCase() : "";
      if (!allowed.includes(extension)) say(`${file.name}: ${wrongType}`);
      else if (file.size > Number(maxBytes)) say(`${file.name}: ${tooLarge}`);
      else send(file);
    }
  }

  function send(file) {
    const [row, size] = newRow(file.name, bytes(file.size));
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    progress.setAttribute("aria-label", file.name);
    row.append(progress);

    const request = new XMLHttpRequest();
    const data = new FormData();
    data.append("file", file);
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      running -= 1;
      if (!row.isConnected) return;
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* no answer, or a page */ }
      if (request.status !== 201) {
        row.remove();
        say(`${file.name}: ${answer.message || failed}`);
        return;
      }
      progress.remove();
      putId(row, answer.id);
      size.textContent = `${bytes(answer.size)} · ${done}`;
    });
    running += 1;
    addRemove(row, () => request.abort());
    request.send(data);
  }

  function newRow(fileName, sizeText) {
    const row = document.createElement("li");
    row.className = "hc-file";
    const name = document.createElement("span");
    name.className = "hc-file-name";
    name.textContent = fileName;
    const size = document.createElement("span");
    size.className = "hc-file-size";
    size.textContent = sizeText;
    row.append(name, size);
    list.append(row);
    return [row, size];
  }

  function putId(row, value) {
    const id = document.createElement("input");
    id.type = "hidden";
    id.name = "file_ids";
    id.value = value;
    row.append(id);
  }

  function addUploaded({ id, name, size }) {
    const [row] = newRow(name, `${size} · ${done}`);
    addRemove(row);
    putId(row, id);
  }

  function addRemove(row, stop = () => {}) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "hc-file-remove";
    button.textContent = remove;
    button.setAttribute("aria-label", `${remove}: ${row.querySelector(".hc-file-name").textContent}`);
    button.addEventListener("click", () => {
      row.remove();
      stop();
      input.focus();
    });
    row.querySelector(".hc-file-size").after(button);
    if (row.querySelector("label")) row.append(button);
  }

  function say(text) {
    const line = document.createElement("div");
    line.textContent = text;
    errors.append(line);
  }
}

function bytes(size) {
  const units = ["B", "KB", "MB"];
  let step = 0;
  while (size >= 1024 && step < 2) { size /= 1024; step += 1; }
  return `${step ? size.toFixed(1) : size} ${units[step]}`;
}

// --- Contact data: masked when the field is left, whole while it is edited and when the form is sent --------------
function mask(input) {
  const masked = input.dataset.mask === "email" ? maskEmail : maskPhone;
  let whole = null;
  const hide = () => {
    const value = input.value.trim();
    if (!value || value.includes("**") || input.getAttribute("aria-invalid")) return;
    const shown = masked(value);
    if (shown === value) return;
    whole = value;
    input.value = shown;
  };
  const show = () => {
    if (whole === null) return;
    input.value = whole;
    whole = null;
  };
  input.addEventListener("focus", () => {
    show();
    if (input.value.includes("**")) input.select(); // a stored value: typing replaces it
  });
  input.addEventListener("blur", hide);
  input.form.addEventListener("submit", show);
  addEventListener("pageshow", show);
}

function maskEmail(value) {
  const at = value.lastIndexOf("@");
  if (at < 1) return value;
  return `${value.slice(0, at > 2 ? 2 : 1)}***${value.slice(at)}`;
}

function maskPhone(value) {
  const digits = value.replace(/[^0-9+]/g, "");
  return digits.length < 8 ? value : `${digits.slice(0, 3)}-****-${digits.slice(-4)}`;
}

// --- Length of the content ---------------------------------------------------------------------------------------
function count(area) {
  const limit = Number(area.dataset.limit);
  const shown = document.createElement("div");
  shown.className = "form-hint hc-count";
  shown.setAttribute("aria-hidden", "true");
  area.after(shown);
  const update = () => {
    const length = [...area.value].length;
    shown.textContent = `${length.toLocaleString()} / ${limit.toLocaleString()}`;
    shown.classList.toggle("hc-count-over", length > limit);
  };
  area.addEventListener("input", update);
  update();
}
