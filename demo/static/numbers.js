// Numbers in the format of the reports.

export const points = (share, digits = 1) => (100 * share).toFixed(digits);

export const percent = (share, digits) => `${points(share, digits)}\u00a0%`;

export const count = (number) => number.toLocaleString("en");
