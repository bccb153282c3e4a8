// Switches light and dark without loading the page again, so that a half-filled form stays as it is.

const form = document.querySelector("[data-appearance-switch]");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const choice = event.submitter.value;
  const fields = new FormData(form, event.submitter);
  fetch(form.action, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  if (choice === "auto") delete document.documentElement.dataset.appearance;
  else document.documentElement.dataset.appearance = choice;
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button === event.submitter));
  }
});
