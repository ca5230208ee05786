// The page: sends each drawing to the server and shows both models' answers.

import { Answers } from "./answers.js";
import * as api from "./api.js";
import { showDifferences } from "./differences.js";
import { find, make } from "./elements.js";
import { Pad } from "./pad.js";
import { paint, read } from "./picture.js";
import { showResults } from "./results.js";

const HINT = "Draw, or drop, paste or open a picture.";
const PAUSE = 1000; // milliseconds between two sentences for screen readers

const pad = new Pad(find("#pad"), find("#pen"));
const answers = new Answers(find("#answers"));
let project = null; // the server's /api/models
let family = null;
let compared = null; // the family whose disagreements are shown
let changes = 0;
let asking = false;
let sentence = "";
let saying = null;

pad.addEventListener("change", ask);
listenToTools();
listenToFiles();
ask();

// One request at a time; a change meanwhile starts the next.
async function ask() {
  changes += 1;
  answers.busy = true;
  find("#caption").textContent = pad.caption || HINT;
  if (asking) return;
  asking = true;
  for (let asked = 0; asked !== changes; ) {
    asked = changes;
    try {
      await start();
      await answer();
      complain("");
    } catch (error) {
      forget();
      complain(error.message);
    }
  }
  asking = false;
  answers.busy = false;
}

async function answer() {
  if (pad.blank) return forget();
  const asked = family;
  const reply = await api.predict(pad.question(), Object.values(pair()).map(({ name }) => name));
  if (pad.blank || asked !== family) return; // the next request is for something else
  say(answers.show(reply));
  paint(find("#seen canvas"), reply.input);
}

function forget() {
  answers.clear();
  const seen = find("#seen canvas");
  seen.width = seen.width; // clears it
  say("");
}

// Until the server has answered once, every stroke tries again.
async function start() {
  if (!project) {
    project = await api.models();
    showResults(find("#results"), project);
    find("#size").textContent = ` of ${project.shape[1]}\u00a0×\u00a0${project.shape[0]} pixels`;
    listFamilies();
  }
  if (compared !== family) compare();
}

function listFamilies() {
  const families = [...new Set(project.models.map((model) => model.family))];
  family = project.models.find(({ name }) => name === project.default[0]).family;
  answers.prepare(project.classes, pair());
  for (const value of families) {
    const choice = make("input", { type: "radio", name: "family", value, checked: value === family });
    choice.addEventListener("change", () => choose(value));
    find("#families").append(make("label", {}, choice, value));
  }
  find("#families").hidden = families.length === 1;
}

function choose(value) {
  family = value;
  answers.prepare(project.classes, pair());
  ask();
}

function pair() {
  const of = (variant) => project.models.find((model) => model.family === family && model.variant === variant);
  return { baseline: of("baseline"), tuned: of("tuned") };
}

async function compare() {
  const section = find("#differences");
  const asked = (compared = family);
  try {
    const found = await api.disagreements(asked);
    if (asked === family) showDifferences(section, found, putOnPad);
  } catch (error) {
    if (asked === family) compared = null;
    find("p", section).textContent = error.message;
    find("ul", section).replaceChildren();
  }
}

function putOnPad(...image) {
  pad.show(...image);
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
    openPicture(target.files[0]);
    target.value = ""; // the same file can be chosen again
  });
  document.addEventListener("paste", (event) => openPicture(event.clipboardData.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    openPicture(event.dataTransfer.files[0]);
  });
}

async function openPicture(file) {
  if (!file) return;
  try {
    pad.show(await read(file), file.name);
  } catch (error) {
    complain(error.message);
  }
}

function complain(problem) {
  const place = find("#error");
  if (place.textContent !== problem) place.textContent = problem;
}

// For screen readers, and not at every stroke.
function say(what) {
  sentence = what;
  saying ??= setTimeout(() => {
    saying = null;
    find("#said").textContent = sentence;
  }, PAUSE);
}
