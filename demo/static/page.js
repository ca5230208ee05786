// The page: sends each drawing to the server and shows the predictions of both models.

import { Predictions } from "./answers.js";
import * as api from "./api.js";
import { showDifferences } from "./differences.js";
import { find, make } from "./elements.js";
import { Pad } from "./pad.js";
import { paint, read } from "./picture.js";
import { showResults } from "./results.js";

const HINT = "Draw, or drop, paste or open an image.";
const ANNOUNCEMENT_INTERVAL = 1000; // milliseconds between two sentences for screen readers

const pad = new Pad(find("#pad"), find("#pen"));
const predictions = new Predictions(find("#predictions"));
let project = null; // the response of /api/models
let family = null;
let shownFamily = null; // the family whose disagreements are shown
let nChanges = 0;
let isUpdating = false;
let announcement = "";
let announcementTimer = null;

pad.addEventListener("change", update);
listenToTools();
listenToFiles();
update();

// One request at a time; a change meanwhile starts the next.
async function update() {
  nChanges += 1;
  predictions.busy = true;
  find("#caption").textContent = pad.caption || HINT;
  if (isUpdating) return;
  isUpdating = true;
  for (let handled = 0; handled !== nChanges; ) {
    handled = nChanges;
    try {
      await loadProject();
      await predict();
      showError("");
    } catch (error) {
      clearPredictions();
      showError(error.message);
    }
  }
  isUpdating = false;
  predictions.busy = false;
}

async function predict() {
  if (pad.isBlank) return clearPredictions();
  const requestedFamily = family;
  const response = await api.predict(pad.toBlob(), Object.values(pair()).map(({ name }) => name));
  if (pad.isBlank || requestedFamily !== family) return; // outdated: the next request follows
  announce(predictions.show(response));
  paint(find("#input canvas"), response.input);
}

function clearPredictions() {
  predictions.clear();
  const canvas = find("#input canvas");
  canvas.width = canvas.width; // clears it
  announce("");
}

// Called at every change until the server has responded once.
async function loadProject() {
  if (!project) {
    project = await api.models();
    showResults(find("#results"), project);
    find("#size").textContent = `: ${project.shape[1]}\u00a0×\u00a0${project.shape[0]} pixels.`;
    listFamilies();
  }
  if (shownFamily !== family) loadDifferences();
}

function listFamilies() {
  const families = [...new Set(project.models.map((model) => model.family))];
  family = project.models.find(({ name }) => name === project.default[0]).family;
  predictions.prepare(project.classes, pair());
  for (const value of families) {
    const input = make("input", { type: "radio", name: "family", value, checked: value === family });
    input.addEventListener("change", () => selectFamily(value));
    find("#families").append(make("label", {}, input, value));
  }
  find("#families").hidden = families.length === 1;
}

function selectFamily(value) {
  family = value;
  predictions.prepare(project.classes, pair());
  update();
}

function pair() {
  const model = (variant) => project.models.find((model) => model.family === family && model.variant === variant);
  return { baseline: model("baseline"), tuned: model("tuned") };
}

async function loadDifferences() {
  const section = find("#differences");
  const requestedFamily = (shownFamily = family);
  try {
    const disagreements = await api.disagreements(requestedFamily);
    if (requestedFamily === family) showDifferences(section, disagreements, putOnPad);
  } catch (error) {
    if (requestedFamily === family) shownFamily = null;
    find("p", section).textContent = error.message;
    find("ul", section).replaceChildren();
  }
}

function putOnPad(image, caption, pixels) {
  pad.show(image, caption, pixels);
  find("#drawing").scrollIntoView({ block: "nearest" });
}

function listenToTools() {
  find("#undo").addEventListener("click", () => pad.undo());
  find("#clear").addEventListener("click", () => pad.clear());
  find("#width input").addEventListener("input", ({ target }) => (pad.width = target.valueAsNumber));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    pad.undo();
  });
}

function listenToFiles() {
  find("#open input").addEventListener("change", ({ target }) => {
    openImage(target.files[0]);
    target.value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("paste", (event) => openImage(event.clipboardData.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    openImage(event.dataTransfer.files[0]);
  });
}

async function openImage(file) {
  if (!file) return;
  try {
    pad.show(await read(file), file.name);
  } catch (error) {
    showError(error.message);
  }
}

function showError(message) {
  const element = find("#error");
  if (element.textContent !== message) element.textContent = message;
}

// Tells screen readers the latest sentence, but not at every stroke.
function announce(sentence) {
  announcement = sentence;
  announcementTimer ??= setTimeout(() => {
    announcementTimer = null;
    find("#announcement").textContent = announcement;
  }, ANNOUNCEMENT_INTERVAL);
}
