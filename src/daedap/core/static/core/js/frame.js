// Inside a page of the company: tells that page how high this one is (spec 20, section 11). Only a number, only when it
// has changed, only to pages that may hold this one; nothing that they send is listened to.
const WAIT = 100;

if (window.parent !== window) {
  document.body.classList.add("hc-in-frame"); // also where the address does not say so
  report(document.querySelector(".hc-page, .d-bare-column"), receivers());
}

function receivers() {
  const marker = document.querySelector("script[data-frame]");
  const around = location.ancestorOrigins?.[0]; // Firefox does not tell: there the browser drops what is for others
  // An error page knows no service and so no list. Its frame-ancestors does: whoever shows the page is on it.
  if (!marker.hasAttribute("data-parents")) return [around ?? "*"];
  const allowed = [location.origin, ...marker.dataset.parents.split(" ").filter(Boolean)];
  return around === undefined ? allowed : allowed.filter((origin) => origin === around);
}

// The height of the content, never of the window: the page around grows with it, and must not make it grow.
function report(content, origins) {
  let told = 0;
  let timer = 0;
  const tell = () => {
    const height = Math.ceil(content.getBoundingClientRect().height);
    if (height <= 0 || height === told) return;
    told = height;
    for (const origin of origins) window.parent.postMessage(height, origin);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, WAIT);
  };
  new ResizeObserver(later).observe(content);
  addEventListener("pageshow", (event) => {
    if (event.persisted) told = 0;
    later();
  });
}
