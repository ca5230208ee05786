// The server's answers. Whatever goes wrong is an Error whose message is one sentence for people.

const GONE = "The server does not answer; is `make demo` still running?";
const PATIENCE = 25_000;

export const models = () => get("api/models");

export const disagreements = (family) => get(`api/disagreements?${new URLSearchParams({ family })}`);

export const predict = (question, names) =>
  get(`api/predict?${new URLSearchParams({ models: names })}`, { method: "POST", body: question });

async function get(address, options) {
  const response = await fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE) }).catch(() => {
    throw new Error(GONE);
  });
  const body = await response.json().catch(() => ({ error: `The server answers ${response.status}, and no more.` }));
  if (body.error) throw new Error(body.error);
  return body;
}
