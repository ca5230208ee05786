// Requests to the server. Every failure is an Error with a message for the page.

const NO_RESPONSE = "The server does not respond; is `make demo` still running?";
const TIMEOUT = 25_000; // milliseconds

export const models = () => request("api/models");

export const disagreements = (family) => request(`api/disagreements?${new URLSearchParams({ family })}`);

export const predict = (image, names) =>
  request(`api/predict?${new URLSearchParams({ models: names })}`, { method: "POST", body: image });

async function request(address, options) {
  const response = await fetch(address, { ...options, signal: AbortSignal.timeout(TIMEOUT) }).catch(() => {
    throw new Error(NO_RESPONSE);
  });
  const noMessage = { error: `The server responded with status ${response.status} and no message.` };
  const body = await response.json().catch(() => noMessage);
  if (body.error) throw new Error(body.error);
  return body;
}
