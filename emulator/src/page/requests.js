// Requests as they come, and one of them opened.
import { act, ask } from "./api.js";
import { byId, link, make, pretty, settled, time } from "./dom.js";
import { t } from "./texts.js";

const PAGE = 100;
// After every number that a request can have.
const END = Number.MAX_SAFE_INTEGER;
let watching = null;
let oldest = END;

export function show(given) {
  const form = byId("requests-filter");
  for (const name of ["token", "account", "path"]) {
    if (given.has(name)) form.elements[name].value = given.get(name);
  }
  restart();
}

export function hide() {
  watching?.abort();
  watching = null;
}

function filter() {
  const form = byId("requests-filter").elements;
  return {
    token: form.token.value || undefined,
    account: form.account.value || undefined,
    path: form.path.value || undefined,
    refused: form.refused.checked || undefined,
  };
}

function answerOf(entry) {
  const isGood = entry.status === 200 && (entry.ret_code === 0 || entry.ret_code === null) && !entry.fault;
  const parts = [entry.status ?? t("no_answer")];
  if (entry.ret_code !== null) parts.push(entry.ret_code);
  const fault = entry.fault ? make("div", { class: "warn" }, `${t("fault")}: ${entry.fault}`) : null;
  return make("td", {}, make("span", { class: isGood ? "good nowrap" : "bad nowrap" }, parts.join(" · ")), fault);
}

function row(entry) {
  const path = entry.path.replace("/v3/", "");
  const operator = entry.operator_type === null ? "" : ` · ${t("operator")} ${entry.operator_type}`;
  const reason = entry.reason ?? entry.warnings[0] ?? "";
  return make("tr", {},
    make("td", {}, make("button", { type: "button", class: "link", onclick: () => open(entry), "aria-label": t("open_request", { number: entry.seq }) }, String(entry.seq))),
    make("td", { class: "nowrap" }, time(entry.received_ms)),
    make("td", {}, make("span", { class: "mono" }, `${entry.method} ${path}`), operator),
    answerOf(entry),
    make("td", { class: entry.reason ? "bad" : "warn" }, reason));
}

function block(key, ...children) {
  return [make("h3", {}, t(key)), ...children];
}

function lines(list) {
  return make("ul", {}, list.map((text) => make("li", {}, text)));
}

function open(entry) {
  byId("opened-title").textContent = `${entry.seq}: ${entry.method} ${entry.path}`;
  const changed = entry.changes.map((c) =>
    make("li", { class: c.change === "bound" ? "good" : "bad" },
      `${t(c.change)}: `, make("span", { class: "mono" }, `${c.token} – ${c.account}`), ` (${c.account_type})`));
  const cut = entry.body_bytes > new Blob([entry.body]).size ? t("cut", { bytes: entry.body_bytes }) : "";
  byId("opened-body").replaceChildren(...[
    entry.reason && block("reason", make("p", { class: "bad", id: "opened-reason" }, entry.reason)),
    entry.warnings.length > 0 && block("warnings", lines(entry.warnings)),
    entry.fault && block("fault", make("p", { class: "warn" }, entry.fault)),
    block("what_changed", changed.length > 0 ? make("ul", {}, changed)
      : make("p", { class: "none" }, t(entry.applied ? "no_change_yet" : "nothing"))),
    block("answer", make("p", {}, entry.status === null ? t("no_answer") : `HTTP ${entry.status}`),
      entry.answer ? make("pre", { tabIndex: 0 }, pretty(entry.answer)) : null),
    block("body", make("pre", { tabIndex: 0 }, pretty(entry.body)), make("p", { class: "none" }, cut)),
    block("headers", make("pre", { tabIndex: 0 }, entry.headers.map(([name, value]) => `${name}: ${value}`).join("\n"))),
    block("connection", make("p", {}, t("connection_of", { connection: entry.connection, nth: entry.nth }))),
  ].filter(Boolean).flat().filter(Boolean));
  byId("opened").showModal();
}

function put(found) {
  oldest = found.log.at(-1)?.seq ?? oldest;
  byId("requests-older").hidden = !found.more;
  return found.log.map(row);
}

async function newest(signal) {
  const found = await ask("log", { ...filter(), before: END, limit: PAGE }, signal);
  byId("requests-rows").replaceChildren(...put(found));
  byId("requests-none").hidden = found.log.length > 0;
  return found.last;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function watch(signal) {
  let last = await newest(signal);
  while (byId("requests-live").checked && !signal.aborted) {
    const came = await ask("log", { ...filter(), since: last, limit: 1, wait_ms: 20000 }, signal);
    if (came.log.length > 0) {
      // Very many may come at once: the newest are shown, twice a second.
      const focused = document.activeElement?.closest("#requests-rows tr")?.querySelector("button")?.textContent;
      last = await newest(signal);
      if (focused) focusOn(focused);
      await pause(500);
    } else {
      // After a reset the numbers begin again.
      last = came.last;
    }
  }
}

function focusOn(number) {
  for (const button of document.querySelectorAll("#requests-rows button")) {
    if (button.textContent === number) button.focus();
  }
}

const restart = act(async () => {
  hide();
  watching = new AbortController();
  const { signal } = watching;
  for (;;) {
    try {
      await watch(signal);
      return;
    } catch (error) {
      // A server that is started again is watched again.
      if (signal.aborted || !(error instanceof TypeError)) throw error;
      await pause(1000);
    }
  }
});

byId("requests-filter").addEventListener("input", settled(restart, 200));
byId("requests-filter").addEventListener("submit", restart);
byId("requests-older").addEventListener("click", act(async () => {
  byId("requests-live").checked = false;
  hide();
  byId("requests-rows").append(...put(await ask("log", { ...filter(), before: oldest, limit: PAGE })));
}));
