// The test images on which a family's baseline and tuned model differ, each a button.

import { find, make } from "./elements.js";
import { count } from "./numbers.js";
import { paint } from "./picture.js";

export function showDifferences(section, { right, images }, choose) {
  find("p", section).textContent = summary(right, images.length);
  find("ul", section).replaceChildren(...images.map((image) => make("li", {}, button(image, choose))));
}

function summary(right, shown) {
  const total = Object.values(right).reduce((sum, images) => sum + images, 0);
  if (!total) return "They agree on all test images, or these have not been evaluated.";
  const who = `baseline is right on ${count(right.baseline)}, tuned on ${count(right.tuned)}, neither on ${count(right.neither)}`;
  return `${count(total)} images: ${who}. ${shown < total ? `The first ${shown}; c` : "C"}hoose one to put it on the pad.`;
}

function button({ index, label, baseline, tuned, pixels }, choose) {
  const canvas = make("canvas");
  paint(canvas, pixels);
  const right = (answer) => (answer === label ? "✓" : "✗");
  const lines = [`Label ${label}`, `baseline ${baseline} ${right(baseline)}`, `tuned ${tuned} ${right(tuned)}`];
  const button = make("button", { type: "button" }, canvas, ...lines.map((line) => make("span", {}, line)));
  button.addEventListener("click", () => choose(canvas, `Test image ${index}, labelled ${label}`, pixels));
  return button;
}
