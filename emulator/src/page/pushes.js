// Pushes, newest first, with who would get them.
import { act, application, ask } from "./api.js";
import { byId, link, make, pretty, time } from "./dom.js";
import { t } from "./texts.js";

let next = null;
let isOlder = false;

let watch = 0;

export function show() {
  load();
  clearInterval(watch);
  // Whoever looks at older ones, or stands on a button, keeps them.
  watch = setInterval(() => { if (!document.hidden && !isOlder && !document.activeElement.closest("#pushes-rows")) load(); }, 1000);
}

export function hide() {
  clearInterval(watch);
}

function row(push) {
  const tokens = push.devices.slice(0, 10).map((token) => make("div", { class: "mono" }, token));
  const left = push.device_count > tokens.length ? make("div", {}, t("and_more", { count: push.device_count - tokens.length })) : null;
  return make("tr", {},
    make("td", {}, link(push.push_id, () => open(push))),
    make("td", { class: "nowrap" }, time(push.received_ms)),
    make("td", {}, make("span", { class: "mono" }, push.audience_type), ` · ${push.status}`),
    make("td", {}, push.title),
    make("td", {}, t("devices", { count: push.device_count }), tokens, left));
}

function open(push) {
  byId("opened-title").textContent = push.push_id;
  byId("opened-body").replaceChildren(make("pre", { tabIndex: 0 }, pretty(JSON.stringify(push))));
  byId("opened").showModal();
}

async function page(before) {
  const found = await ask("pushes", { before, app: application.id });
  next = found.next;
  byId("pushes-older").hidden = next === null;
  return found.pushes;
}

let shown = "";

const load = act(async () => {
  isOlder = false;
  const pushes = await page(undefined);
  const text = JSON.stringify([document.documentElement.lang, pushes]);
  // What did not change stays, with whoever stands on it.
  if (text === shown) return;
  shown = text;
  byId("pushes-rows").replaceChildren(...pushes.map(row));
  byId("pushes-none").hidden = pushes.length > 0;
});

byId("pushes-older").addEventListener("click", act(async () => {
  isOlder = true;
  shown = "";
  byId("pushes-rows").append(...(await page(next)).map(row));
}));
