// The test images on which a family's baseline and tuned model differ, as buttons.

import { find, make } from "./elements.js";
import { count } from "./numbers.js";
import { paint } from "./picture.js";

export function showDifferences(section, { right, images }, onSelect) {
  find("p", section).textContent = summary(right, images.length);
  find("ul", section).replaceChildren(...images.map((image) => make("li", {}, button(image, onSelect))));
}

function summary({ baseline, tuned, neither }, shown) {
  const total = (baseline ?? 0) + (tuned ?? 0) + (neither ?? 0); // no counts before the models are evaluated
  if (!total) return "The models agree on all test images, or have not been evaluated yet.";
  const correct = `baseline is correct on ${count(baseline)}, tuned on ${count(tuned)}, neither on ${count(neither)}`;
  const select = shown < total ? `The first ${shown} are shown; select` : "Select";
  return `${count(total)} images: ${correct}. ${select} one to put it on the pad.`;
}

function button({ index, label, baseline, tuned, pixels }, onSelect) {
  const canvas = make("canvas");
  paint(canvas, pixels);
  const mark = (predicted) => (predicted === label ? "✓" : "✗");
  const lines = [`Label ${label}`, `baseline ${baseline} ${mark(baseline)}`, `tuned ${tuned} ${mark(tuned)}`];
  const button = make("button", { type: "button" }, canvas, ...lines.map((line) => make("span", {}, line)));
  button.addEventListener("click", () => onSelect(canvas, `Test image ${index}, label ${label}`, pixels));
  return button;
}
