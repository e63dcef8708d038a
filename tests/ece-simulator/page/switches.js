// The unknowns as switches: each setting with what its values mean, and which is the default.

import { busy, h, labelled, notify, show, text, value } from "./dom.js";
import * as api from "./api.js";
import { UNKNOWNS } from "./unknowns.js";

const STATUSES = [400, 401, 403, 404, 409, 413, 429, 500, 503];
const TEXT_LIMIT = { characters: 1000, refusal: { status: 413, code: "413-100", message: "The text is too long." } };

export class Switches {
  #live;
  /** What the stand-in calls its defaults: `{variants, webhook}`. */
  #defaults = null;
  #rows = [];
  #groups = [];
  #count = h("span", { class: "chip", testid: "variants-changed" });
  element;

  constructor(live) {
    this.#live = live;
    const groups = UNKNOWNS.map((unknown) => this.#unknown(unknown));
    const reset = h("button", { type: "button", testid: "variants-reset" }, "All to their defaults");
    reset.addEventListener("click", () => busy(reset, () => this.#reset()));
    this.element = h(
      "section",
      { class: "card unknowns", "aria-labelledby": "unknowns-title" },
      h("header", {}, h("h2", { id: "unknowns-title" }, "What nobody knows about ECE"), this.#count, reset),
      h("p", { class: "dim" }, "Each point that no public source settles, as a switch. A client that works with every one of them will meet few surprises. Changes hold at once."),
      groups,
    );
  }

  async update() {
    if (this.#defaults === null) {
      this.#defaults = {};
      const { default: variants, webhook_default: webhook } = await api.variants();
      this.#defaults = { variants, webhook };
    }
    if (!this.#defaults.variants) return;
    for (const row of this.#rows) row.update();
    for (const group of this.#groups) group();
    const changed = this.#rows.filter((row) => row.differs()).length;
    text(this.#count, changed === 0 ? "as by default" : `${changed} changed`);
    this.#count.classList.toggle("changed", changed > 0);
  }

  async #reset() {
    await api.resetVariants();
    const changed = this.#rows.filter((row) => row.setting.webhook);
    await api.changeWebhook(Object.fromEntries(changed.map(({ setting }) => [setting.path[0], this.#default(setting)])));
    notify("All switches are at their defaults.");
  }

  #at(tree, path) {
    return path.reduce((inner, member) => inner?.[member], tree);
  }

  #now(setting) {
    const { variants, webhook } = this.#live.state;
    return this.#at(setting.webhook ? webhook : variants, setting.path);
  }

  #default(setting) {
    return this.#at(setting.webhook ? this.#defaults.webhook : this.#defaults.variants, setting.path);
  }

  async #set(setting, to) {
    const changes = setting.path.reduceRight((inner, member) => ({ [member]: inner }), to);
    await (setting.webhook ? api.changeWebhook(changes) : api.changeVariants(changes));
  }

  #unknown({ number, title, about, settings }) {
    const rows = settings.map((setting) => this.#row(setting));
    const changed = h("span", { class: "chip changed", hidden: true }, "changed");
    this.#rows.push(...rows);
    this.#groups.push(() => show(changed, rows.some((row) => row.differs())));
    return h(
      "details",
      { class: "unknown", testid: `unknown-${number}` },
      h("summary", {}, h("span", { class: "number" }, String(number)), h("span", { class: "unknown-title" }, title), changed),
      h("p", { class: "dim" }, about),
      h("div", { class: "settings" }, rows.map((row) => row.element)),
    );
  }

  #row(setting) {
    const kinds = {
      choice: () => this.#choice(setting, (option) => this.#set(setting, option.value), (now) => now),
      noAgent: () => this.#noAgent(setting),
      refusal: () => this.#refusal(setting),
      word: () => this.#word(setting),
      number: () => this.#number(setting),
      limit: () => this.#number(setting),
      names: () => this.#names(setting),
      textLimit: () => this.#textLimit(setting),
    };
    const { element, update } = kinds[setting.kind]();
    const differs = () => JSON.stringify(this.#now(setting)) !== JSON.stringify(this.#default(setting));
    const row = () => {
      update(this.#now(setting), this.#default(setting));
      element.classList.toggle("differs", differs());
    };
    return { setting, element, update: row, differs };
  }

  #choice(setting, choose, which) {
    const name = testid(setting);
    const options = setting.options.map((option) => {
      const radio = h("input", { type: "radio", name, testid: `${name}-${option.value}` });
      radio.addEventListener("change", () => busy(radio, () => choose(option)));
      const tag = h("span", { class: "tag" }, "default");
      const label = String(option.value).replace(/^true$/, "yes").replace(/^false$/, "no");
      return { option, radio, tag, element: h("label", { class: "option" }, radio, h("span", {}, h("code", {}, label), " ", tag, h("small", {}, option.means))) };
    });
    const element = h("fieldset", { class: "setting" }, h("legend", {}, setting.label), options.map((one) => one.element));
    const update = (now, byDefault) => {
      for (const { option, radio, tag } of options) {
        radio.checked = option.value === which(now);
        show(tag, option.value === which(byDefault));
      }
    };
    return { element, update };
  }

  /** A choice of which one holds a refusal. */
  #noAgent(setting) {
    const which = (value) => (typeof value === "string" ? value : "refuse");
    const refusalNow = () => this.#now(setting)?.refuse ?? this.#default(setting).refuse;
    const choose = ({ value: chosen }) => this.#set(setting, chosen === "refuse" ? { refuse: refusalNow() } : chosen);
    const choice = this.#choice(setting, choose, which);
    const fields = refusalFields(testid(setting), (refuse) => this.#set(setting, { refuse }));
    choice.element.append(fields.element);
    const update = (now, byDefault) => {
      choice.update(now, byDefault);
      show(fields.element, which(now) === "refuse");
      fields.update(refusalNow());
    };
    return { element: choice.element, update };
  }

  #refusal(setting) {
    const fields = refusalFields(testid(setting), (refusal) => this.#set(setting, refusal));
    const byDefaultLine = h("small", {});
    const element = h("fieldset", { class: "setting" }, h("legend", {}, setting.label), fields.element, byDefaultLine);
    const update = (now, byDefault) => {
      fields.update(now);
      text(byDefaultLine, `Default: ${byDefault.status}, ${byDefault.code}`);
    };
    return { element, update };
  }

  #word(setting) {
    const name = testid(setting);
    const aliases = setting.aliases?.length ? h("datalist", { id: `${name}-aliases` }, setting.aliases.map((alias) => h("option", { value: alias }))) : null;
    const field = h("input", { testid: name, list: aliases && aliases.id, placeholder: setting.nothing ?? "", autocomplete: "off", spellcheck: "false" });
    field.addEventListener("change", () => busy(field, () => this.#set(setting, field.value === "" && setting.nothing ? null : field.value)));
    return plain(setting, field, aliases, (now) => now ?? "", setting.nothing);
  }

  #number(setting) {
    const field = h("input", { type: "number", min: 0, testid: testid(setting), placeholder: setting.nothing ?? "", required: setting.kind === "number" });
    field.addEventListener("change", () => {
      if (field.checkValidity()) busy(field, () => this.#set(setting, field.value === "" ? null : Number(field.value)));
    });
    return plain(setting, field, null, (now) => now ?? "", setting.nothing);
  }

  #names(setting) {
    const field = h("input", { testid: testid(setting), placeholder: setting.nothing, autocomplete: "off", spellcheck: "false" });
    const read = () => field.value.split(/[,\s]+/).filter(Boolean);
    field.addEventListener("change", () => busy(field, () => this.#set(setting, read().length ? read() : null)));
    const help = h("small", {}, `For instance ${setting.example}`);
    return plain(setting, field, help, (now) => (now ?? []).join(", "), setting.nothing);
  }

  #textLimit(setting) {
    const name = testid(setting);
    const field = h("input", { type: "number", min: 1, testid: name, placeholder: setting.nothing });
    const now = () => this.#now(setting) ?? TEXT_LIMIT;
    field.addEventListener("change", () => {
      if (field.checkValidity()) busy(field, () => this.#set(setting, field.value === "" ? null : { ...now(), characters: Number(field.value) }));
    });
    const fields = refusalFields(name, (refusal) => this.#set(setting, { ...now(), refusal }));
    const row = plain(setting, field, fields.element, (limit) => limit?.characters ?? "", setting.nothing);
    const update = (limit, byDefault) => {
      row.update(limit, byDefault);
      show(fields.element, limit !== null);
      fields.update(now().refusal);
    };
    return { element: row.element, update };
  }
}

function testid(setting) {
  return `${setting.webhook ? "webhook" : "variant"}-${setting.path.join("-").replaceAll("_", "-")}`;
}

/** A field with its default below it. */
function plain(setting, field, extra, shown, nothing) {
  const byDefaultLine = h("small", {});
  const element = h("div", { class: "setting" }, labelled(setting.label, field), byDefaultLine, extra);
  const update = (now, byDefault) => {
    value(field, shown(now));
    const words = String(shown(byDefault));
    text(byDefaultLine, `Default: ${words === "" ? (nothing ?? "blank") : words}`);
  };
  return { element, update };
}

function refusalFields(name, set) {
  const status = h("select", { "aria-label": "Status", testid: `${name}-status` }, STATUSES.map((one) => h("option", { value: String(one) }, String(one))));
  const code = h("input", { "aria-label": "Code", testid: `${name}-code`, class: "code", spellcheck: "false" });
  const message = h("input", { "aria-label": "Text", testid: `${name}-message` });
  const element = h("div", { class: "refusal" }, status, code, message);
  const read = () => ({ status: Number(status.value), code: code.value, message: message.value });
  for (const field of [status, code, message]) field.addEventListener("change", () => busy(field, () => set(read())));
  const update = (refusal) => {
    const known = [...status.options].some((option) => option.value === String(refusal.status));
    if (!known) status.append(h("option", { value: String(refusal.status) }, String(refusal.status)));
    value(status, refusal.status);
    value(code, refusal.code);
    value(message, refusal.message);
  };
  return { element, update };
}
