// The predictions of both models, side by side and as a sentence for screen readers.

import { find, make } from "./elements.js";
import { percent } from "./numbers.js";

const VARIANTS = ["baseline", "tuned"];

export class Predictions {
  #section;
  #classes;

  constructor(section) {
    this.#section = section;
  }

  set busy(busy) {
    this.#section.ariaBusy = busy;
  }

  // Shows the names of the two models and a bar for each class.
  prepare(classes, pair) {
    this.#classes = classes;
    for (const variant of VARIANTS) {
      const { family, seed } = pair[variant];
      this.#find(variant, "h3 span").textContent = `${family}, seed ${seed}`;
      this.#find(variant, "ol").replaceChildren(...classes.map(bar));
    }
    this.clear();
  }

  clear() {
    for (const variant of VARIANTS) this.#fill(variant, null);
    this.#showAgreement("No predictions yet.", true);
  }

  // Returns a sentence for screen readers.
  show({ agree, answers: predictions }) {
    predictions.forEach((prediction, index) => this.#fill(VARIANTS[index], prediction));
    const [baseline, tuned] = predictions;
    this.#showAgreement(
      agree ? `Both predict ${tuned.class}.` : `They disagree: baseline ${baseline.class}, tuned ${tuned.class}.`,
      agree,
    );
    const describe = (prediction, index) =>
      `${VARIANTS[index]} ${prediction.class}, ${percent(prediction.probability, 0)}`;
    return `${agree ? "They agree" : "They disagree"}: ${predictions.map(describe).join("; ")}.`;
  }

  #showAgreement(sentence, agree) {
    const agreement = find("#agreement", this.#section);
    agreement.textContent = sentence;
    agreement.classList.toggle("differ", !agree);
  }

  #fill(variant, prediction) {
    this.#find(variant, "strong").textContent = prediction?.class ?? "";
    this.#find(variant, "strong").classList.toggle("long", prediction?.class.length > 2);
    this.#find(variant, ".best span").textContent = prediction ? percent(prediction.probability) : "";
    this.#find(variant, "ol").childNodes.forEach((row, index) => {
      const probability = prediction?.probabilities[index];
      row.classList.toggle("best", prediction?.class === this.#classes[index]);
      row.style.setProperty("--probability", probability ?? 0);
      row.lastChild.textContent = prediction ? percent(probability) : "";
    });
  }

  #find(variant, selector) {
    return find(`.${variant} ${selector}`, this.#section);
  }
}

const bar = (name) => make("li", {}, make("span", {}, name), make("span"), make("span"));
