// Sends a chosen or dropped file with a progress bar, then has the form checked: htmx swaps in what was found.
// Without this module the file goes with the form itself.

const TICK_MS = 200;
let request = null;

document.addEventListener(
  "change",
  (event) => {
    if (!event.target.matches("[data-upload] input[type=file]")) return;
    event.stopPropagation();
    const [file] = event.target.files;
    // The file is sent by itself; what the form sends later must not carry it again.
    event.target.value = "";
    if (file) send(file, event.target.closest("[data-upload]"));
  },
  { capture: true },
);

for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    const box = document.querySelector("[data-upload]");
    if (!box) return;
    event.preventDefault();
    box.toggleAttribute("data-dragging", name === "dragenter" || name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0], box);
  });
}

document.addEventListener("click", (event) => {
  if (event.target.matches("[data-upload-stop]")) request?.abort();
});

document.addEventListener("submit", (event) => {
  const box = event.target.querySelector("[data-upload][data-state=sending]");
  if (!box) return;
  event.preventDefault();
  box.querySelector("[data-upload-error]").textContent = "The file is still on its way. Launch when it has arrived.";
});

function send(file, box) {
  request?.abort();
  if (file.size > Number(box.dataset.maxBytes)) return refuse(box, box.dataset.tooLarge);
  if (file.size === 0) return refuse(box, "The file is empty. Export it again and choose the new file.");
  const began = performance.now();
  let told = 0;
  request = new XMLHttpRequest();
  request.open("POST", box.dataset.upload);
  request.responseType = "json";
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-CSRFToken", box.closest("form").elements.csrf_token?.value ?? "");
  request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
  request.upload.addEventListener("progress", ({ loaded }) => {
    if (performance.now() - told < TICK_MS && loaded < file.size) return;
    told = performance.now();
    show(box, file, loaded, (told - began) / 1000);
  });
  request.addEventListener("load", (event) => finish(event.target, box));
  request.addEventListener("error", () => refuse(box, "The connection broke off. Choose the file again."));
  request.addEventListener("abort", () => refuse(box, ""));
  box.dataset.state = "sending";
  box.querySelector("[data-upload-error]").textContent = "";
  box.toggleAttribute("hx-morph-skip", true);
  show(box, file, 0, 0);
  request.send(file);
}

function show(box, file, loaded, seconds) {
  const bar = box.querySelector("progress");
  bar.max = file.size;
  bar.value = loaded;
  box.querySelector("[data-upload-name]").textContent = file.name;
  box.querySelector("[data-upload-line]").textContent = line(loaded, file.size, seconds);
}

function line(loaded, total, seconds) {
  const done = `${megabytes(loaded)} of ${megabytes(total)} MB`;
  if (loaded >= total) return `${done} · looking at the file`;
  if (seconds < 1) return done;
  return `${done} · ${Math.ceil(((total - loaded) * seconds) / loaded)} s left`;
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

function finish(answered, box) {
  const answer = answered.response;
  if (answered.status !== 201) return refuse(box, answer?.message ?? "The server did not take the file. Try again.");
  box.toggleAttribute("hx-morph-skip", false);
  const form = box.closest("form");
  form.elements.upload.value = answer.upload;
  form.dispatchEvent(new Event("uploaded", { bubbles: true }));
}

function refuse(box, sentence) {
  box.toggleAttribute("hx-morph-skip", false);
  box.dataset.state = sentence ? "refused" : "hasFile" in box.dataset ? "there" : "empty";
  box.querySelector("progress").value = 0;
  box.querySelector("[data-upload-error]").textContent = sentence;
}
