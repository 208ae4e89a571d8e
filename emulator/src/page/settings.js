// The settings, each a field; their meanings come with the description of the API.
import { act, ask, message, tell } from "./api.js";
import { byId, make } from "./dom.js";
import { t } from "./texts.js";

// Read at the start only, or shown elsewhere.
const FIXED = new Set(["tls", "apps"]);

export function show() {
  load();
}

const load = act(async () => {
  const [{ config, defaults }, description] = await Promise.all([ask("config"), ask("openapi.json")]);
  const schemas = description.components.schemas;
  byId("settings-fields").replaceChildren(...Object.keys(config).map((name) =>
    field(name, config[name], defaults[name], schemas.Config.properties[name] ?? {}, schemas)));
});

// The words that a setting may have; none when it is a text or a number.
function words(schema, schemas) {
  const named = schema.$ref ?? schema.anyOf?.find((one) => one.$ref)?.$ref;
  const meant = named ? schemas[named.split("/").at(-1)] : schema;
  const found = meant.enum ?? meant.oneOf?.flatMap((one) => one.enum ?? (one.const === undefined ? [] : [one.const]));
  if (!found?.length) return null;
  // Nothing is a choice of its own.
  return schema.anyOf ? ["", ...found] : found;
}

function field(name, value, usual, schema, schemas) {
  const id = `setting-${name}`;
  const input = control(value, words(schema, schemas), schema);
  Object.assign(input, { id, name, disabled: FIXED.has(name) });
  input.setAttribute("aria-describedby", `${id}-about`);
  input.addEventListener("change", act(async () => {
    try {
      await tell("config", { [name]: read(input, value, schema) });
    } finally {
      await load();
    }
    message(t("changed", { name }));
    byId(id)?.focus();
  }));
  // The description of the API is English, and tells most defaults.
  const about = t(`setting_${name}`, {}, schema.description ?? "").replaceAll("`", "");
  const value_ = typeof usual === "string" ? usual || '""' : JSON.stringify(usual);
  const default_ = about.includes("Default:") ? "" : t("default", { value: value_ });
  return make("div", { class: "field" },
    make("label", { for: id, class: "mono" }, name), input,
    make("span", { id: `${id}-about`, class: "about" }, `${about} ${default_}`));
}

function control(value, choices, schema) {
  if (choices) {
    return make("select", {}, choices.map((word) => make("option", { value: word, selected: word === (value ?? "") }, word)));
  }
  if (typeof value === "boolean") return make("input", { type: "checkbox", checked: value });
  if (typeof value === "object" && value !== null) return make("input", { type: "text", value: JSON.stringify(value) });
  const isNumber = typeof value === "number" || [schema.type].flat().some((type) => type === "integer");
  return make("input", { type: isNumber ? "number" : "text", value: value ?? "", spellcheck: false, autocomplete: "off" });
}

function read(input, before, schema) {
  if (input.type === "checkbox") return input.checked;
  const isOptional = [schema.type].flat().includes("null") || schema.anyOf;
  if (input.value === "" && (isOptional || input.type === "number")) return null;
  if (input.type === "number") return Number(input.value);
  return typeof before === "object" && before !== null ? JSON.parse(input.value) : input.value;
}
