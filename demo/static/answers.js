// Both models' answers: side by side, and as a sentence for screen readers.

import { find, make } from "./elements.js";
import { percent } from "./numbers.js";

const VARIANTS = ["baseline", "tuned"];

export class Answers {
  #section;
  #classes;

  constructor(section) {
    this.#section = section;
  }

  set busy(busy) {
    this.#section.ariaBusy = busy;
  }

  // The two models, and the classes they choose from.
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
    this.#tell("", true);
  }

  // Returns a sentence for screen readers.
  show({ agree, answers }) {
    answers.forEach((answer, at) => this.#fill(VARIANTS[at], answer));
    const [baseline, tuned] = answers;
    this.#tell(
      agree ? `Both say ${tuned.class}.` : `They disagree: baseline ${baseline.class}, tuned ${tuned.class}.`,
      agree,
    );
    const said = answers.map((answer, at) => `${VARIANTS[at]} ${answer.class}, ${percent(answer.probability, 0)}`);
    return `${agree ? "They agree" : "They disagree"}: ${said.join("; ")}.`;
  }

  #tell(sentence, agree) {
    const agreement = find("#agreement", this.#section);
    agreement.textContent = sentence || "No answers yet.";
    agreement.classList.toggle("differ", !agree);
  }

  #fill(variant, answer) {
    this.#find(variant, "strong").textContent = answer?.class ?? "";
    this.#find(variant, "strong").classList.toggle("long", answer?.class.length > 2);
    this.#find(variant, ".best span").textContent = answer ? percent(answer.probability) : "";
    this.#find(variant, "ol").childNodes.forEach((row, at) => {
      const share = answer?.probabilities[at];
      row.classList.toggle("best", answer?.class === this.#classes[at]);
      row.style.setProperty("--share", share ?? 0);
      row.lastChild.textContent = answer ? percent(share) : "";
    });
  }

  #find(variant, selector) {
    return find(`.${variant} ${selector}`, this.#section);
  }
}

const bar = (name) => make("li", {}, make("span", {}, name), make("span"), make("span"));
