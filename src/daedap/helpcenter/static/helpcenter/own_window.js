// In a frame where the browser keeps no cookies at all, offers the page in a window of its own. Whether it does is tried
// out with a cookie like ours (members/frame_cookies.py), which goes at once: browsers do not say it reliably.
const PROBE = "hcprobe=1; Path=/; Secure; SameSite=None; Partitioned";

if (window.parent !== window && !keepsCookies()) {
  for (const offer of document.querySelectorAll("[data-own-window]")) offer.hidden = false;
}

function keepsCookies() {
  try {
    document.cookie = `${PROBE}; Max-Age=10`;
    const kept = document.cookie.includes("hcprobe=1");
    document.cookie = `${PROBE}; Max-Age=0`;
    return kept;
  } catch {
    return false; // a sandboxed frame without an origin
  }
}
