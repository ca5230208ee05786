// The models' test results, and links to the reports.

import { find, make } from "./elements.js";
import { count, percent, points } from "./numbers.js";

export function showResults(section, { models, reports, mlflow }) {
  find("tbody", section).replaceChildren(...models.map(row));
  const links = reports.map(({ title, href }) => [make("a", { href }, title)]);
  links.push(mlflow ? [make("a", { href: mlflow }, "MLflow")] : [make("code", {}, "make ui"), " starts MLflow"]);
  find("#links", section).replaceChildren(...links.map((link) => make("li", {}, ...link)));
}

const plusMinus = (deviation) => (deviation === null ? "" : ` ± ${points(deviation, 2)}`); // null for one seed

function row({ family, variant, test_accuracy, test_accuracy_sd, low, high, parameters, verdict }) {
  const cells = [
    test_accuracy === null ? "–" : `${points(test_accuracy, 2)}${plusMinus(test_accuracy_sd)}\u00a0%`,
    low === null ? "–" : `${points(low, 2)} to ${percent(high, 2)}`,
    count(parameters),
    verdict ?? "–",
  ];
  const name = make("th", { scope: "row" }, `${family} ${variant}`);
  return make("tr", { className: variant }, name, ...cells.map((text) => make("td", {}, text)));
}
