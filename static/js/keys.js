// Keys: "/" goes to the search, "n" begins a new import, Escape closes the details one stands in.

const isTyping = (element) =>
  element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName);

const acts = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  n: () => document.body.dataset.newImport && location.assign(document.body.dataset.newImport),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return closeDetails(event.target);
  if (isTyping(event.target) || !Object.hasOwn(acts, event.key)) return;
  event.preventDefault();
  acts[event.key]();
});

function closeDetails(element) {
  const open = element.closest("details[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
}
