// The control API, and what shows its errors.
export class Refused extends Error {}

// The access id of the application that is looked at; none is the first.
export const application = { id: undefined };

export async function ask(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) query.set(name, value);
  }
  const text = query.toString();
  return answer(await fetch(`/_emulator/${path}${text ? `?${text}` : ""}`, { signal }));
}

export async function tell(path, body = undefined) {
  const text = typeof body === "string" || body instanceof Blob ? body : JSON.stringify(body);
  return answer(await fetch(`/_emulator/${path}`, { method: "POST", body: text }));
}

async function answer(response) {
  const found = await response.json();
  if (!response.ok) throw new Refused(found.err_msg);
  return found;
}

export function message(text, isBad = false) {
  const line = document.getElementById("message");
  line.textContent = text;
  line.classList.toggle("bad", isBad);
}

// Runs an action of the user; what goes wrong is shown.
export function act(action) {
  return async (event) => {
    event?.preventDefault?.();
    message("");
    try {
      await action(event);
    } catch (error) {
      if (error.name !== "AbortError") message(error.message, true);
    }
  };
}
