// Runs before the first paint, on pages without a theme: says that JavaScript is there.
document.documentElement.dataset.js = "";
