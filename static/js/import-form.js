// After htmx has morphed the checked form in: what the server decided shows in controls the person had touched.
// A morph changes attributes, which such controls no longer follow.

document.addEventListener("htmx:after:swap", () => {
  const form = document.querySelector("#import-form");
  for (const control of form?.elements ?? []) {
    if (control.matches("[type=checkbox], [type=radio]")) control.checked = control.defaultChecked;
    for (const option of control.options ?? []) option.selected = option.defaultSelected;
  }
});
