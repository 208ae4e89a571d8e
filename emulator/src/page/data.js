// Numbers, settling and wiping, export and import.
import { act, ask, message, tell } from "./api.js";
import { byId, bytes, make } from "./dom.js";
import { t } from "./texts.js";

let watch = 0;

export function show() {
  load();
  clearInterval(watch);
  watch = setInterval(() => { if (!document.hidden) numbers().catch(() => {}); }, 1000);
}

export function hide() {
  clearInterval(watch);
}

async function numbers() {
  const [health, { counters }] = await Promise.all([ask("health"), ask("counters")]);
  const statuses = Object.entries(counters.statuses).map(([status, count]) => `${status}: ${count}`).join(", ");
  const rows = {
    tokens: health.tokens,
    accounts: health.accounts,
    waiting: health.waiting,
    received: counters.received,
    answered: counters.answered,
    applied: counters.applied,
    statuses: statuses || "–",
    connections: t("open_of", { open: counters.open, all: counters.connections }),
    log_size: `${health.log.entries} (${bytes(health.log.bytes)} / ${bytes(health.log.max_bytes)})`,
    memory: bytes(health.memory_bytes),
  };
  byId("data-numbers").replaceChildren(...Object.entries(rows).flatMap(([key, value]) =>
    [make("dt", {}, t(`n_${key}`)), make("dd", {}, typeof value === "number" ? value.toLocaleString() : value)]));
}

const load = act(numbers);

byId("data-settle").addEventListener("click", act(async () => {
  await tell("settle");
  await numbers();
  message(t("settled"));
}));
byId("data-wipe").addEventListener("click", act(async () => {
  if (!confirm(t("wipe_sure"))) return;
  await tell("reset");
  await numbers();
  message(t("wiped"));
}));
byId("data-import").addEventListener("submit", act(async (event) => {
  const [file] = byId("data-file").files;
  const { tokens } = await tell(`import?replace=${byId("data-replace").checked}`, file);
  event.target.reset();
  await numbers();
  message(t("imported", { count: tokens }));
}));
