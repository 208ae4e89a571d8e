// Which section is shown, the language, and how the server is.
import { application, ask } from "./api.js";
import { byId, bytes, make } from "./dom.js";
import { choose, chosen, t, translate } from "./texts.js";
import * as bindings from "./bindings.js";
import * as requests from "./requests.js";
import * as pushes from "./pushes.js";
import * as faults from "./faults.js";
import * as settings from "./settings.js";
import * as data from "./data.js";

const SECTIONS = { bindings, requests, pushes, faults, settings, data };
let shown = null;

// `#requests?token=t1` shows the requests of that token.
function show() {
  const [name, query] = location.hash.slice(1).split("?");
  const next = Object.hasOwn(SECTIONS, name) ? name : "bindings";
  if (shown && shown !== next) SECTIONS[shown].hide?.();
  shown = next;
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `section-${next}`;
  for (const anchor of document.querySelectorAll("nav a")) {
    if (anchor.hash === `#${next}`) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  document.title = `${t(next)} · xgpush emulator`;
  SECTIONS[next].show(new URLSearchParams(query ?? ""));
}

async function health() {
  const line = byId("health");
  try {
    const now = await ask("health");
    line.classList.remove("down");
    line.textContent = t("health", {
      version: now.version,
      tokens: now.tokens.toLocaleString(),
      accounts: now.accounts.toLocaleString(),
      requests: now.log.last.toLocaleString(),
      memory: bytes(now.memory_bytes),
    });
  } catch {
    line.classList.add("down");
    line.textContent = t("down");
  }
}

// Which application is looked at, where there are several.
async function apps() {
  const { config } = await ask("config");
  const named = [{ access_id: config.access_id, name: "" }, ...config.apps];
  byId("apps").hidden = named.length === 1;
  byId("app").replaceChildren(...named.map((app) => make("option", { value: app.access_id }, `${app.access_id} ${app.name}`)));
}

async function watchHealth() {
  if (!document.hidden) await health();
  setTimeout(watchHealth, 2000);
}

const TYPING = new Set(["INPUT", "SELECT", "TEXTAREA"]);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || TYPING.has(event.target.tagName) || byId("opened").open) return;
  const section = Object.keys(SECTIONS)[Number(event.key) - 1];
  if (section) location.hash = section;
  if (event.key === "/") {
    event.preventDefault();
    const field = document.querySelector(`#section-${shown} input[type=search]`);
    field?.focus();
  }
});

byId("app").addEventListener("change", (event) => {
  application.id = event.target.selectedIndex === 0 ? undefined : event.target.value;
  show();
});
byId("language").value = chosen();
byId("language").addEventListener("change", (event) => {
  choose(event.target.value);
  show();
  health();
});
translate();
addEventListener("hashchange", show);
show();
watchHealth();
// Without an answer there is none to choose; the health line says so.
apps().catch(() => {});
