// Says so where the server does not answer what a page asks of it by itself: the element that asked has the sentence,
// its line shows it. htmx goes on asking; the next answer puts its own words back.

for (const name of ["htmx:error", "htmx:response:error"]) document.addEventListener(name, tell);

function tell(event) {
  const asking = event.target.closest("[data-lost]");
  const line = asking?.querySelector("[data-state-line]");
  if (!line || line.hasAttribute("data-is-lost")) return;
  line.textContent = asking.dataset.lost;
  line.toggleAttribute("data-is-lost", true);
}
