// After a page was swapped in, reading goes on at its content, as after a page load.
document.addEventListener("htmx:after:swap", () => {
  const main = document.getElementById("main");
  if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
});
