// Only for the gallery: switch between the two densities, and show a sample message.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-density-toggle]")) {
    const root = document.documentElement;
    if (root.dataset.density) delete root.dataset.density;
    else root.dataset.density = "compact";
  }
  const sample = event.target.closest("[data-sample-toast]");
  if (sample) document.dispatchEvent(new CustomEvent("toast", { detail: { text: sample.dataset.sampleToast, tone: "success" } }));
});
