// The help centre in the frame tells how high its content is: a plain number, in pixels. Believe the help centre only.
const frame = document.getElementById("ocPage");
window.addEventListener("message", (event) => {
  if (event.origin !== frame.dataset.origin || event.source !== frame.contentWindow) return;
  const height = Number(event.data);
  if (height > 0) frame.style.height = `${height}px`;
});
