// Format numbers as in the reports.

export const points = (fraction, digits = 1) => (100 * fraction).toFixed(digits);

export const percent = (fraction, digits) => `${points(fraction, digits)}\u00a0%`;

export const count = (number) => number.toLocaleString("en");
