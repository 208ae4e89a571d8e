// Faults: those that wait, recipes, and a switch for each kind.
import { act, ask, tell } from "./api.js";
import { byId, make } from "./dom.js";
import { chosen, t } from "./texts.js";

// Each kind with values to begin with.
const KINDS = [
  { kind: "status", status: 503, retry_after: "1" },
  { kind: "ret_code", code: 1008028 },
  { kind: "element", code: "1008006", index: [0] },
  { kind: "body", body: "{}" },
  { kind: "html", http_status: 502 },
  { kind: "empty" },
  { kind: "no_result" },
  { kind: "short_result", missing: 1 },
  { kind: "long_result", extra: 1 },
  { kind: "partial_apply", items: 1 },
  { kind: "redirect", location: "http://localhost/" },
  { kind: "wrong_date", skew_s: 3600 },
  { kind: "delay", ms: 300 },
  { kind: "hang" },
  { kind: "hang_after_apply" },
  { kind: "reset_before" },
  { kind: "reset_after" },
  { kind: "close_before" },
  { kind: "close_after" },
  { kind: "close_idle", rst: true },
  { kind: "truncate", at: 10 },
  { kind: "drip", ms_per_byte: 50 },
  { kind: "drip_headers", ms_per_byte: 20 },
  { kind: "huge", bytes: 10000000 },
];
const FILTERS = ["times", "skip", "path", "operator_type", "token", "account", "percent", "name", "id", "hits"];
let watch = 0;
// Grows with every look and every action: an answer from before the last one is stale.
let turn = 0;

export function show() {
  drawRecipes();
  drawKinds();
  refresh();
  clearInterval(watch);
  watch = setInterval(() => { if (!document.hidden && acting === 0) load().catch(() => {}); }, 1000);
}

export function hide() {
  clearInterval(watch);
}

let acting = 0;

// An action of the user, after which the list is looked at again.
function change(action) {
  return act(async (event) => {
    turn += 1;
    acting += 1;
    try {
      await action(event);
    } finally {
      acting -= 1;
      await load();
    }
  });
}

function own(fault) {
  const fields = Object.entries(fault).filter(([name, value]) => name !== "kind" && !FILTERS.includes(name) && value !== null && value !== false && value !== "");
  return fields.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", ");
}

function which(fault) {
  const parts = [fault.times === 0 ? t("until_removed") : t("times", { count: fault.times })];
  if (fault.percent < 100) parts.push(`${fault.percent} %`);
  if (fault.skip > 0) parts.push(t("skip_first", { count: fault.skip }));
  for (const name of ["path", "operator_type", "token", "account"]) {
    if (fault[name] !== null) parts.push(`${name} ${fault[name]}`);
  }
  return parts.join(", ");
}

function row(fault) {
  const remove = change(() => tell("clear_faults", { id: fault.id }));
  const name = fault.name ? ` (${fault.name})` : "";
  return make("tr", {},
    make("td", {}, make("b", { class: "mono" }, fault.kind), ` ${own(fault)}${name}`),
    make("td", {}, which(fault)),
    make("td", {}, String(fault.hits)),
    make("td", {}, make("button", { type: "button", onclick: remove, "aria-label": `${t("remove")}: ${fault.kind}` }, t("remove"))));
}

async function load() {
  turn += 1;
  const mine = turn;
  const { faults, random_faults: random } = await ask("faults");
  if (mine !== turn) return;
  const rows = faults.map(row);
  if (random) {
    rows.push(make("tr", {}, make("td", {}, make("b", {}, t("random_faults"))),
      make("td", {}, `${random.per_mille} ‰: ${random.kinds.map((kind) => kind.kind).join(", ")}`), make("td"), make("td")));
  }
  const text = JSON.stringify(faults) + JSON.stringify(random);
  const table = byId("faults-rows");
  if (table.dataset.shown !== text + document.documentElement.lang) {
    // Whoever stands on a button there keeps it as long as nothing changed.
    table.replaceChildren(...rows);
    table.dataset.shown = text + document.documentElement.lang;
  }
  byId("faults-none").hidden = rows.length > 0;
  byId("faults-clear").hidden = rows.length === 0;
  const names = new Set(faults.map((fault) => fault.name));
  for (const box of document.querySelectorAll("#section-faults input[role=switch]")) {
    box.checked = box.dataset.names.split("|").every((name) => names.has(name));
  }
}

const refresh = act(load);

async function drawRecipes() {
  const { recipes } = await ask("recipes");
  byId("faults-recipes").replaceChildren(...recipes.map((recipe) => {
    const about = chosen() === "zh" ? recipe.description_zh : recipe.description;
    const box = make("input", { type: "checkbox", role: "switch", name: recipe.name, onchange: change((event) => tell("recipe", { name: recipe.name, on: event.target.checked })) });
    box.dataset.names = recipe.faults.map((fault) => fault.name).join("|");
    return make("li", {}, make("label", {}, box, about));
  }));
  await load();
}

function drawKinds() {
  byId("faults-kinds").replaceChildren(...KINDS.map((given) => {
    const { kind, ...fields } = given;
    const name = `switch: ${kind}`;
    const values = make("input", { type: "text", class: "mono", value: Object.keys(fields).length ? JSON.stringify(fields) : "", spellcheck: false, "aria-label": t("values_of", { kind }) });
    const percent = make("input", { type: "number", min: 0, max: 100, step: "any", value: 100, "aria-label": t("percent_of", { kind }) });
    const fault = (more) => ({ kind, ...JSON.parse(values.value || "{}"), percent: Number(percent.value), ...more });
    const box = make("input", { type: "checkbox", role: "switch", name: kind, onchange: change((event) =>
      (event.target.checked ? tell("fault", fault({ times: 0, name })) : tell("clear_faults", { name }))) });
    box.dataset.names = name;
    const once = change(() => tell("fault", fault({ times: 1 })));
    return make("li", {},
      make("label", { class: "what" }, box, make("span", { class: "mono" }, kind)),
      make("span", { class: "about" }, t(`kind_${kind}`)),
      values, make("span", {}, percent, " %"),
      make("button", { type: "button", onclick: once, "aria-label": `${t("once")}: ${kind}` }, t("once")));
  }));
}

byId("faults-clear").addEventListener("click", change(() => tell("clear_faults")));
