// The server's answers. Every failure is an Error whose message is one sentence for people.

const GONE = "The server does not answer; is `make demo` still running?";
const TIMEOUT = 25_000;

export const models = () => get("api/models");

export const disagreements = (family) => get(`api/disagreements?${new URLSearchParams({ family })}`);

export const predict = (question, names) =>
  get(`api/predict?${new URLSearchParams({ models: names })}`, { method: "POST", body: question });

async function get(address, options) {
  const response = await fetch(address, { ...options, signal: AbortSignal.timeout(TIMEOUT) }).catch(() => {
    throw new Error(GONE);
  });
  const body = await response.json().catch(() => ({ error: `The server answers with status ${response.status} and nothing else.` }));
  if (body.error) throw new Error(body.error);
  return body;
}
