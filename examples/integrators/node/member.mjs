// A small service whose members use the help centre as themselves: Node 18 or newer, nothing to install.
//
//   OC_BASE_URL=https://acme.oc.example.com OC_SERVICE=shop OC_KEY_FILE=/etc/oc_key node member.mjs
//
// Members: hong and sora, password "demo". The parts to take over are marked with their names in the guide.

import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

// --- signing ---

// What Java calls whitespace; JavaScript's trim() would also remove U+00A0, U+202F and U+FEFF.
const BLANK = /^[\t-\r\x1c-\x20\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*$/;

export function makeToken(key, { service, usercode, username, email, phone, memberno, returnUrl, time }) {
  const optional = [username, email, phone, memberno, returnUrl].filter((value) => value && !BLANK.test(value));
  const message = [service, usercode, ...optional, String(time)].join("&");
  return createHmac("sha256", Buffer.from(key, "utf8")).update(message, "utf8").digest("base64");
}

// --- members, logins and issued tokens: yours live in your database ---

const BASE = (process.env.OC_BASE_URL ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
const SERVICE = process.env.OC_SERVICE ?? "shop";
const COOKIE = process.env.COOKIE_FLAGS ?? (BASE.startsWith("http:") ? "SameSite=Lax" : "Secure; SameSite=Lax");
const BY_SERVER = process.env.OC_HANDOVER === "server";
const PAGES = new Map([["home", "hc/"], ["ticket", "hc/ticket/"], ["list", "hc/ticket/list/"]]);
const MEMBERS = new Map([
  ["hong", { usercode: "user-0001", username: "홍길동", email: "hong@example.com", phone: "010-1234-5678" }],
  ["sora", { usercode: "회원 +0002", username: "이소라", email: "sora+help@example.com", memberno: "M-2" }],
]);
const logins = new Map(); // login id -> { member, until }
const issued = new Map(); // SHA-256 of the token -> { usercode, loginId, until }

const key = () => (process.env.OC_KEY_FILE ? readFileSync(process.env.OC_KEY_FILE, "utf8").trim() : process.env.OC_KEY);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const memberOf = (loginId) => (logins.get(loginId)?.until > Date.now() ? logins.get(loginId).member : null);

// The parameters for the help centre, signed now, and a note that we issued them.
function signed(member, loginId, more = {}) {
  const time = Date.now();
  const token = makeToken(key(), { service: SERVICE, ...member, ...more, time });
  for (const [name, { until }] of issued) if (until < time) issued.delete(name);
  issued.set(sha256(token), { usercode: member.usercode, loginId, until: time + 300_000 });
  return { ...member, ...more, time, token };
}

// Yes only to a token that we issued to this user, that is fresh, and whose login is still alive.
function vouchesFor(usercode, token) {
  const entry = issued.get(sha256(token));
  return entry?.usercode === usercode && entry.until > Date.now() && memberOf(entry.loginId) !== null;
}

// --- pages ---

const escape = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const encode = (fields) =>
  Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
// Only there may a login lead. With the "/" at the end, so that no other host begins like this.
const isHelpCentre = (url) => url.startsWith(`${BASE}/${SERVICE}/`) && !/[\x00-\x20\x7f]/.test(url);

const pages = {
  "GET /": ({ member }) => {
    const who = member ? escape(member.username) : '<a href="/login">로그인</a>';
    const links = [...PAGES.keys()].map((page) => `<li><a href="/oc/open?page=${page}">${page} (GET)</a>`).join("");
    const logOut = '<form method="post" action="/logout"><button>로그아웃</button></form>';
    return html(200, `${who}${logOut}<ul>${links}<li><a href="/oc/remote">home (POST)</a></ul>`);
  },

  // Login URL: somebody who is logged in is handed over straight away.
  "GET /login": ({ member, query }) =>
    member
      ? passOn(query.get("returnUrl") ?? "")
      : html(200, `<form method="post"><input type="hidden" name="returnUrl" value="${escape(query.get("returnUrl") ?? "")}">
<input name="login" aria-label="아이디"><input name="password" type="password" aria-label="비밀번호"><button>로그인</button></form>`),

  "POST /login": ({ form }) => {
    const member = MEMBERS.get(form.get("login"));
    const isRight = timingSafeEqual(Buffer.from(sha256(form.get("password") ?? "")), Buffer.from(sha256("demo")));
    if (!member || !isRight) return html(422, "아이디 또는 비밀번호가 맞지 않습니다.");
    const loginId = randomBytes(32).toString("base64url");
    logins.set(loginId, { member, until: Date.now() + 12 * 3_600_000 });
    return passOn(form.get("returnUrl") ?? "", { "Set-Cookie": `login=${loginId}; Path=/; HttpOnly; ${COOKIE}` });
  },

  "POST /logout": ({ loginId }) => {
    logins.delete(loginId);
    return redirect(303, "/");
  },

  // GET type: sign when the link is tapped, not when the page is made.
  "GET /oc/open": ({ member, loginId, query }) => {
    const url = `${BASE}/${SERVICE}/${PAGES.get(query.get("page")) ?? "hc/"}`;
    return redirect(302, member ? `${url}?${encode(signed(member, loginId))}` : url);
  },

  // Token verification URL.
  "GET /oc/verify": ({ query }) => {
    const usercode = query.get("usercode") ?? "";
    const login = vouchesFor(usercode, query.get("token") ?? "");
    return json({ login, usercode: login ? usercode : null });
  },

  // Login-status URL: the visitor's browser asks, so the cookie decides.
  "GET /oc/login-status": ({ member, origin }) =>
    json({ login: member !== null, usercode: member?.usercode ?? null }, cors(origin)),
  "OPTIONS /oc/login-status": ({ origin }) =>
    answer(204, "", { ...cors(origin), "Access-Control-Allow-Headers": "usercode, username, email, phone, memberno" }),

  // POST type, client side: a form that the member's browser sends to the help centre.
  "GET /oc/remote": ({ member, loginId, query }) => {
    const returnUrl = query.get("returnUrl") || `${BASE}/${SERVICE}/hc/`;
    if (!member || !isHelpCentre(returnUrl)) return toLogin(returnUrl);
    const inputs = Object.entries({ service: SERVICE, ...signed(member, loginId, { returnUrl }) })
      .map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`).join("");
    return html(200, `<form method="post" action="${BASE}/v2/enduser/remote.json">${inputs}<button>헬프센터 열기</button></form>
<script>document.forms[0].submit()</script>`);
  },

  // POST type, server side: our server calls, without returnUrl, and the browser goes on with an access token.
  "GET /oc/remote-server": async ({ member, loginId, query }) => {
    const returnUrl = query.get("returnUrl") || `${BASE}/${SERVICE}/hc/`;
    if (!member || !isHelpCentre(returnUrl)) return toLogin(returnUrl);
    const body = new URLSearchParams({ service: SERVICE, ...signed(member, loginId) });
    const url = `${BASE}/api/v2/enduser/remote.json`;
    const response = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(5000) });
    const why = response.headers.get("X-OC-Error-Detail"); // says what to mend, and nothing secret
    if (!response.ok) throw new Error(`remote.json: ${response.status} ${why}`);
    const accessToken = (await response.json()).result.content;
    return redirect(302, `${returnUrl}${returnUrl.includes("?") ? "&" : "?"}${encode({ accessToken })}`);
  },
};

function passOn(returnUrl, headers = {}) {
  const path = BY_SERVER ? "/oc/remote-server" : "/oc/remote";
  return redirect(303, isHelpCentre(returnUrl) ? `${path}?${encode({ returnUrl })}` : "/", headers);
}

// Our login page, which hands over to `returnUrl`; one that leads elsewhere is forgotten.
function toLogin(returnUrl) {
  return redirect(303, isHelpCentre(returnUrl) ? `/login?${encode({ returnUrl })}` : "/login");
}

function cors(origin) {
  const ours = new URL(BASE).origin;
  const allowed = { "Access-Control-Allow-Origin": ours, "Access-Control-Allow-Credentials": "true" };
  return { Vary: "Origin", ...(origin === ours ? allowed : {}) }; // the whole origin, and no other
}

function answer(status, body, headers) {
  return { status, body, headers: { "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", ...headers } };
}
const html = (status, body) => answer(status, body, { "Content-Type": "text/html; charset=utf-8" });
const json = (body, headers) => answer(200, JSON.stringify(body), { "Content-Type": "application/json", ...headers });
const redirect = (status, url, headers) => answer(status, "", { Location: url, ...headers });

async function readBody(request) {
  let body = "";
  for await (const chunk of request) {
    body += chunk;
    if (body.length > 10_000) break;
  }
  return body;
}

async function handle(request, response) {
  const url = new URL(request.url, "http://localhost");
  const page = pages[`${request.method} ${url.pathname}`] ?? (() => html(404, "없는 주소입니다."));
  const loginId = /(?:^|;\s*)login=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
  const form = new URLSearchParams(request.method === "POST" ? await readBody(request) : "");
  const { origin } = request.headers;
  try {
    const made = await page({ member: memberOf(loginId), loginId, query: url.searchParams, form, origin });
    response.writeHead(made.status, made.headers).end(made.body);
  } catch (error) {
    console.error(error.message); // never the address: it holds tokens
    response.writeHead(502).end();
  }
}

if (process.argv[2] === "vectors") { // for `daedap check-integration --sign-command`
  const vectors = JSON.parse(readFileSync(0, "utf8"));
  console.log(JSON.stringify(Object.fromEntries(vectors.map(({ name, key, inputs }) => [name, makeToken(key, inputs)]))));
} else {
  createServer(handle).listen(Number(process.env.PORT ?? 9000), "127.0.0.1");
}
