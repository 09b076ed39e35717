// Asks the company whether this visitor is logged in there (POST method; spec 20, 7.1 and 7.3) and follows the answer.
// It may end the session here or lead to the login page; it can never sign anybody in.

const LIMIT = 64 * 1024;
const probe = document.querySelector("[data-login-status]");

if (probe) {
  follow(probe.dataset);
  // A page that the browser kept while somebody logged out elsewhere is asked about again.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

async function follow({ url, headers, usercode, enquiryPage, login, end, milliseconds, csrf }) {
  const status = await ask(url, JSON.parse(headers), Number(milliseconds), usercode);
  if (usercode === "") {
    if (status === "other" && !isWriting()) location.replace(login);
    return;
  }
  if (status === "same" || status === "unknown") {
    await showContent();
    return;
  }
  await endSession(end, csrf, usercode, status);
  if (status === "other" && enquiryPage === "yes") location.replace(login);
  else location.reload(); // a guest from here on: the server knows where guests go
}

// "same", "other" (somebody else, or anybody where there is a guest), "logged_out", or "unknown" if there is no clear answer.
async function ask(url, headers, milliseconds, usercode) {
  try {
    const response = await fetch(url, {
      headers: { Accept: "application/json", ...headers },
      credentials: "include",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(milliseconds),
    });
    if (response.status !== 200) return "unknown";
    const text = await response.text();
    return text.length > LIMIT ? "unknown" : read(JSON.parse(text), usercode);
  } catch {
    return "unknown";
  }
}

function read(answer, usercode) {
  if (answer === null || typeof answer !== "object" || Array.isArray(answer)) return "unknown";
  const { login } = answer;
  const isIn = login === true || (typeof login === "string" && /^ *true *$/i.test(login));
  if (!isIn) return "logged_out";
  const who = Number.isInteger(answer.usercode) ? String(answer.usercode) : answer.usercode;
  if (who === undefined || who === null || who === "") return "unknown";
  return who === usercode ? "same" : "other";
}

async function endSession(end, csrf, usercode, status) {
  try {
    await fetch(end, {
      method: "POST",
      headers: { "X-CSRFToken": csrf },
      body: new URLSearchParams({ usercode, status }),
    });
  } catch {
    // The next page asks again.
  }
}

// A guest who has begun to write is not taken away from it; the button to log in is there.
function isWriting() {
  const form = document.querySelector("[data-enquiry-form]");
  return form !== null && [...form.querySelectorAll("input[type=text], input[type=email], input[type=tel], textarea")]
    .some((field) => field.value !== field.defaultValue);
}

// Own enquiries come only after the answer.
async function showContent() {
  const place = document.querySelector("[data-after-status]");
  if (!place) return;
  try {
    const response = await fetch(place.dataset.afterStatus);
    if (response.redirected) {
      location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    document.title = page.title;
    const frame = page.querySelector(".lnb--fixed__content");
    place.closest(".lnb--fixed__content").replaceChildren(...frame.childNodes);
    document.dispatchEvent(new Event("hc:content")); // scripts of the page begin with what is there now
  } catch {
    place.querySelector(".hc-skeleton").hidden = true;
    place.querySelector("[data-status-failed]").hidden = false;
  }
}
