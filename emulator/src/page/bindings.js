// Bindings, searched by the server from either side and page by page.
import { act, application, ask, message, tell } from "./api.js";
import { byId, link, make, settled } from "./dom.js";
import { t } from "./texts.js";

let next = null;
let running = null;

const isByToken = () => byId("bindings-side").value === "token";

export function show(given) {
  for (const side of ["token", "account"]) {
    if (given.has(side)) {
      byId("bindings-side").value = side;
      byId("bindings-text").value = given.get(side);
      byId("bindings-contains").checked = false;
    }
  }
  search();
}

const goTo = (section, side, name) => () => {
  location.hash = `${section}?${new URLSearchParams({ [side]: name })}`;
};

function tokenRow({ token, accounts, tags }) {
  const named = accounts.map(([account, type]) =>
    make("div", {}, link(account, goTo("bindings", "account", account)), ` (${type})`));
  return make("tr", {},
    make("td", { class: "mono" }, token),
    make("td", {}, named, ...(tags.length > 0 ? [make("div", {}, `${t("tags")}: ${tags.join(", ")}`)] : [])),
    make("td", {}, link(t("requests"), goTo("requests", "token", token))));
}

function accountRow({ account, account_type: type, tokens, count }) {
  const named = tokens.map((token) => make("div", {}, link(token, goTo("bindings", "token", token))));
  const left = count > tokens.length ? make("div", {}, t("and_more", { count: count - tokens.length })) : null;
  return make("tr", {},
    make("td", {}, make("span", { class: "mono" }, account), ` (${type})`),
    make("td", {}, named, left),
    make("td", {}, link(t("requests"), goTo("requests", "account", account))));
}

async function page(after) {
  running?.abort();
  running = new AbortController();
  const byToken = isByToken();
  const found = await ask("bindings", {
    [byToken ? "token" : "account"]: byId("bindings-text").value,
    contains: byId("bindings-contains").checked || undefined,
    after,
    app: application.id,
  }, running.signal);
  const rows = byToken ? found.tokens.map(tokenRow) : found.accounts.map(accountRow);
  next = found.next;
  byId("bindings-more").hidden = next === null;
  return rows;
}

// An empty text still has to say which side is searched.
const search = act(async () => {
  const heads = isByToken() ? ["token", "accounts"] : ["account", "tokens_newest"];
  let rows = await page(undefined);
  // A search inside of names comes back before its end, to be gone on with.
  while (rows.length === 0 && next !== null) rows = await page(next);
  byId("bindings-head").replaceChildren(...heads.map((key) => make("th", {}, t(key))), make("th", {}, t("requests")));
  byId("bindings-rows").replaceChildren(...rows);
  byId("bindings-none").hidden = rows.length > 0;
});

byId("bindings-search").addEventListener("input", settled(search));
byId("bindings-search").addEventListener("submit", search);
byId("bindings-more").addEventListener("click", act(async () => {
  byId("bindings-rows").append(...await page(next));
}));
byId("bindings-bind").addEventListener("submit", act(async (event) => {
  const form = event.target;
  const given = new FormData(form);
  const pair = [given.get("account"), Number(given.get("account_type"))];
  const state = { tokens: { [given.get("token")]: [pair] } };
  await tell("import", application.id ? { state: {}, apps: { [application.id]: state } } : { state });
  form.reset();
  await search();
  message(t("bound"));
}));
