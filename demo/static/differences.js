// The test images on which a family's baseline and tuned model differ, each a button.

import { find, make } from "./elements.js";
import { count } from "./numbers.js";
import { paint } from "./picture.js";

export function showDifferences(section, { total, images }, choose) {
  find("p", section).textContent = summary(total, images.length);
  find("ul", section).replaceChildren(...images.map((image) => make("li", {}, button(image, choose))));
}

function summary(total, shown) {
  if (!total) return "No test image is known on which they do.";
  return `${count(total)} images${shown < total ? `, of which these are ${shown}` : ""}. Choose one to ask both again.`;
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
