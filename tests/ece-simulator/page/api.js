// The control API of the stand-in, one function a call. Each fails with a line for people.

async function call(method, path, body, headers = {}) {
  const json = body !== undefined && !(body instanceof Blob);
  let answer;
  try {
    answer = await fetch(`/_sim/${path}`, {
      method,
      headers: json ? { "content-type": "application/json", ...headers } : headers,
      body: json ? JSON.stringify(body) : body,
    });
  } catch {
    throw new Error("The stand-in cannot be reached. Is it running?");
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json().catch(() => null);
  const reason = await answer.text();
  let error = reason;
  try {
    error = JSON.parse(reason).error ?? reason;
  } catch {
    // It was no JSON; the text itself says what is wrong.
  }
  throw new Error(error ? sentence(error) : `The stand-in answered ${answer.status}.`);
}

function sentence(error) {
  const first = error.charAt(0).toUpperCase() + error.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

const part = encodeURIComponent;

/** An agent, or ECE, does something: `{do: "say", text}` and so on. */
export const act = (conversation, what) => call("POST", `conversations/${part(conversation)}/act`, what);

/** The agent sends a file. */
export const sendFile = (conversation, file) =>
  call("POST", `conversations/${part(conversation)}/files`, file, {
    "content-type": file.type || "application/octet-stream",
    "x-file-name": part(file.name),
  });

/** The agent takes or refuses the customer's file. */
export const decideFile = (conversation, arrival, accept) =>
  call("POST", `conversations/${part(conversation)}/files/${arrival}`, { accept });

/** Where an accepted file of the customer can be downloaded. */
export const customerFile = (conversation, arrival) => `/_sim/conversations/${part(conversation)}/files/${arrival}`;

/** Where a file that an agent sent can be downloaded. */
export const agentFile = (id) => `/_sim/files/${part(id)}`;

export const signIn = (name, more = {}) => call("PUT", `agents/${part(name)}`, more);
export const changeAgent = (name, changes) => call("POST", `agents/${part(name)}`, changes);
export const changeEntryPoint = (id, changes) => call("POST", `entry-points/${id}`, changes);
export const changeWebhook = (changes) => call("POST", "webhook", changes);
export const variants = () => call("GET", "variants");
export const changeVariants = (changes) => call("PATCH", "variants", changes);
export const resetVariants = () => call("POST", "variants", {});
export const addFault = (fault) => call("POST", "fault", fault);
export const clearFaults = () => call("DELETE", "fault");
export const expireTokens = () => call("POST", "tokens/expire");
export const setOutage = (outage) => call("POST", "outage", { outage });
