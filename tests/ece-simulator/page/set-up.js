// What an administrator of ECE could do, and what can go wrong with it: entry points, agents, the
// webhook, outages, faults, tokens, and the unknowns.

import { busy, button, h, keyed, labelled, notify, show, text, toggle, value } from "./dom.js";
import * as api from "./api.js";
import { Switches } from "./switches.js";

const OUTAGES = [
  ["none", "ECE is up", "Calls are answered and events are called back."],
  ["unavailable", "Answers 503", "Every call is answered 503; nothing is called back."],
  ["closes", "Closes connections", "Calls are read and the connection closes without an answer: a client cannot know whether they arrived."],
  ["refuses", "Port closed", "Nobody can connect. Only a control address of its own stays in reach."],
];

const OPERATIONS = ["start", "send", "end", "token", "configuration", "status", "file", "any"];

const FAULTS = [
  ["refuse", "refused: not done, and answered so"],
  ["drop_before_accept", "cut: not done, connection closes"],
  ["drop_after_accept", "done, but the connection closes"],
  ["refuse_after_accept", "done, but answered as refused"],
  ["answer_late", "done, answered late"],
];

export class SetUp {
  #page;
  #switches;
  #points = h("div", { class: "rows", testid: "entry-points" });
  #agents = h("div", { class: "rows", testid: "agents" });
  #outages;
  #webhook;
  #faults;
  #log;
  element;

  constructor(page) {
    this.#page = page;
    this.#switches = new Switches(page.live);
    this.#outages = outages();
    this.#webhook = new Webhook();
    this.#faults = new Faults();
    this.#log = new Log();
    this.element = h(
      "div",
      { class: "set-up", hidden: true },
      h(
        "div",
        { class: "cards" },
        h("section", { class: "card", "aria-labelledby": "points-title" }, h("h2", { id: "points-title" }, "Entry points"), this.#points),
        h("section", { class: "card", "aria-labelledby": "agents-title" }, h("h2", { id: "agents-title" }, "Agents"), this.#agents),
        this.#outages.element,
        this.#webhook.element,
        this.#faults.element,
        this.#log.element,
      ),
      this.#switches.element,
    );
  }

  update() {
    const { state } = this.#page.live;
    keyed(this.#points, state.entry_points, (point) => String(point.id), (point) => entryPoint(point.id));
    keyed(this.#agents, state.agents, (agent) => agent.name, (agent) => agentRow(agent.name));
    this.#outages.update(state.outage);
    this.#webhook.update(state);
    this.#faults.update(state.faults);
    this.#log.update(state);
    this.#switches.update().catch((error) => notify(error.message, "problem"));
  }
}

function entryPoint(id) {
  const name = h("strong", { dir: "auto" });
  const what = h("small", { testid: `entry-point-${id}-queue` });
  const set = (changes) => api.changeEntryPoint(id, changes);
  const active = toggle("Active", `entry-point-${id}-active`, (on) => set({ active: on }));
  const bound = toggle("Bound to the client", `entry-point-${id}-bound`, (on) => set({ bound: on }));
  const required = toggle("Agents required", `entry-point-${id}-agents-required`, (on) => set({ agents_required: on }));
  const number = (label, member, nothing) => {
    const field = h("input", { type: "number", min: 0, step: "any", placeholder: nothing, testid: `entry-point-${id}-${member.replaceAll("_", "-")}` });
    field.addEventListener("change", () => {
      if (field.checkValidity()) busy(field, () => set({ [member]: field.value === "" ? null : Number(field.value) }));
    });
    return { field, element: labelled(label, field) };
  };
  const wait = number("Waiting time, s", "wait_time_s", "10 each");
  const queue = number("Queue at most", "queue_depth_max", "any");
  const element = h("div", { class: "row" }, h("div", { class: "row-name" }, name, what), active, bound, required, h("div", { class: "pair" }, wait.element, queue.element));
  element.update = (point) => {
    text(name, `${point.name} (${point.id})`);
    text(what, point.queue_depth === 1 ? "1 waits" : `${point.queue_depth} wait`);
    active.box.checked = point.active;
    bound.box.checked = point.bound;
    required.box.checked = point.agents_required;
    value(wait.field, point.wait_time_s ?? "");
    value(queue.field, point.queue_depth_max ?? "");
  };
  return element;
}

function agentRow(agent) {
  const name = h("strong", { dir: "auto" });
  const what = h("small", {});
  const signedIn = toggle("Signed in", `agent-${agent}-signed-in`, (on) => api.changeAgent(agent, { signed_in: on }));
  const ready = toggle("Ready", `agent-${agent}-ready`, (on) => api.changeAgent(agent, { ready: on }));
  const element = h("div", { class: "row" }, h("div", { class: "row-name" }, name, what), signedIn, ready);
  element.update = (now) => {
    text(name, now.screen_name);
    const takes = now.scripted ? "answers by script" : now.pick_up === "auto" ? "picks up by itself" : "picks up by hand";
    text(what, `${now.name} · ${now.active} of ${now.capacity} · ${takes} · ${now.entry_points.join(", ")}`);
    signedIn.box.checked = now.signed_in;
    ready.box.checked = now.ready;
  };
  return element;
}

function outages() {
  const radios = OUTAGES.map(([kind, label, means]) => {
    const radio = h("input", { type: "radio", name: "outage", testid: `outage-${kind}` });
    radio.addEventListener("change", () => busy(radio, () => api.setOutage(kind)));
    return { kind, radio, element: h("label", { class: "option" }, radio, h("span", {}, label, h("small", {}, means))) };
  });
  const tokens = button("Let all tokens expire", "expire-tokens", async () => {
    await api.expireTokens();
    notify("Every token is dead; the next call meets 401.");
  });
  const element = h("section", { class: "card", "aria-labelledby": "outage-title" }, h("h2", { id: "outage-title" }, "Is ECE up?"), h("fieldset", { class: "bare" }, h("legend", { class: "sr" }, "Outage"), radios.map((one) => one.element)), h("div", { class: "acts" }, tokens));
  return {
    element,
    update: (outage) => {
      for (const { kind, radio } of radios) radio.checked = kind === outage;
    },
  };
}

class Webhook {
  #url = h("input", { type: "url", placeholder: "https://…/callback", testid: "webhook-url", required: true });
  #auth = h("select", { testid: "webhook-auth" }, ["none", "basic", "bearer"].map((kind) => h("option", { value: kind }, { none: "nothing", basic: "Basic", bearer: "a bearer token" }[kind])));
  #username = h("input", { testid: "webhook-username", autocomplete: "off" });
  #password = h("input", { testid: "webhook-password", autocomplete: "off" });
  #token = h("input", { testid: "webhook-token", autocomplete: "off" });
  #basic = h("div", { class: "pair" }, labelled("User name", this.#username), labelled("Password", this.#password));
  #bearer = labelled("Token", this.#token);
  #state = h("p", { testid: "webhook-state" });
  #again = button("Activate again", "webhook-reactivate", () => api.changeWebhook({ reactivate: true }), { class: "primary" });
  element;

  constructor() {
    const form = h("form", { class: "stack" }, labelled("Address", this.#url), labelled("Authorization", this.#auth), this.#basic, this.#bearer, h("div", { class: "acts" }, h("button", { testid: "webhook-save" }, "Register"), this.#again));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(form, async () => {
        await api.changeWebhook({ url: this.#url.value, auth: this.#chosen() });
        notify("The webhook is registered.");
      });
    });
    form.addEventListener("input", () => this.#fields());
    this.element = h("section", { class: "card", "aria-labelledby": "webhook-title" }, h("h2", { id: "webhook-title" }, "Webhook"), this.#state, form);
  }

  update({ webhook, posts }) {
    const form = this.element.querySelector("form");
    // Whoever fills the form in keeps what is written.
    if (!form.contains(document.activeElement)) {
      this.#url.value = webhook.url ?? "";
      this.#auth.value = webhook.auth.kind;
      this.#username.value = webhook.auth.username ?? "";
      this.#password.value = webhook.auth.password ?? "";
      this.#token.value = webhook.auth.token ?? "";
    }
    this.#fields();
    show(this.#again, webhook.deactivated);
    const last = posts.count === 0 ? "Nothing was posted yet." : `${posts.count} posted, ${posts.failed} failed, last answer ${posts.last_status || "none"}.`;
    const state = webhook.deactivated ? "Deactivated after too many failures; starts are refused. " : webhook.url ? "" : "None is registered; events wait. ";
    text(this.#state, state + last);
    this.#state.classList.toggle("bad", webhook.deactivated || !webhook.url);
  }

  #fields() {
    show(this.#basic, this.#auth.value === "basic");
    show(this.#bearer, this.#auth.value === "bearer");
  }

  #chosen() {
    const kind = this.#auth.value;
    if (kind === "basic") return { kind, username: this.#username.value, password: this.#password.value };
    return kind === "bearer" ? { kind, token: this.#token.value } : { kind };
  }
}

class Faults {
  #on = h("select", { testid: "fault-on" }, OPERATIONS.map((one) => h("option", { value: one }, one)));
  #kind = h("select", { testid: "fault-kind" }, FAULTS.map(([kind, label]) => h("option", { value: kind }, label)));
  #times = h("input", { type: "number", min: 1, value: "1", placeholder: "until cleared", testid: "fault-times" });
  #status = h("input", { type: "number", min: 400, max: 599, value: "500", required: true, testid: "fault-status" });
  #ms = h("input", { type: "number", min: 0, value: "2000", required: true, testid: "fault-ms" });
  #statusField = labelled("Status", this.#status);
  #msField = labelled("ms later", this.#ms);
  #waiting = h("ul", { class: "plain", testid: "faults" });
  #clear = button("Clear all", "fault-clear", () => api.clearFaults(), { class: "quiet" });
  element;

  constructor() {
    const form = h("form", { class: "stack" }, h("div", { class: "pair" }, labelled("Call", this.#on), labelled("Times", this.#times)), labelled("Is", this.#kind), this.#statusField, this.#msField, h("div", { class: "acts" }, h("button", { testid: "fault-add" }, "Add"), this.#clear));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(form, () => api.addFault(this.#chosen()));
    });
    this.#kind.addEventListener("change", () => this.#fields());
    this.#fields();
    this.element = h("section", { class: "card", "aria-labelledby": "faults-title" }, h("h2", { id: "faults-title" }, "Calls that go wrong"), this.#waiting, form);
  }

  update(faults) {
    const words = ([on, fault, left]) => `${on}: ${FAULTS.find(([kind]) => kind === fault.kind)?.[1] ?? fault.kind}${fault.refusal ? ` ${fault.refusal.status}` : ""}${fault.ms ? ` ${fault.ms} ms` : ""}, ${left ?? "∞"} ×`;
    const lines = faults.map((fault, index) => ({ key: `${index} ${words(fault)}`, words: words(fault) }));
    keyed(this.#waiting, lines, (line) => line.key, (line) => h("li", {}, line.words));
    show(this.#waiting, lines.length > 0);
    show(this.#clear, lines.length > 0);
  }

  #fields() {
    const refuses = this.#kind.value.startsWith("refuse");
    const late = this.#kind.value === "answer_late";
    show(this.#statusField, refuses);
    show(this.#msField, late);
    this.#status.disabled = !refuses;
    this.#ms.disabled = !late;
  }

  #chosen() {
    const kind = this.#kind.value;
    const status = Number(this.#status.value);
    const refusal = { status, code: `${status}-100`, message: "The stand-in was told to refuse this." };
    const fault = kind === "answer_late" ? { kind, ms: Number(this.#ms.value) } : kind.startsWith("refuse") ? { kind, refusal } : { kind };
    return { on: this.#on.value, fault, times: this.#times.value === "" ? "always" : { next: Number(this.#times.value) } };
  }
}

class Log {
  #refused = h("p", { testid: "refused" });
  #mails = h("ul", { class: "plain", testid: "mails" });
  element = h("section", { class: "card", "aria-labelledby": "log-title" }, h("h2", { id: "log-title" }, "What went wrong"), this.#refused, this.#mails);

  update({ refused, notices }) {
    const last = refused.last.map(([status, code]) => `${code || status}`).join(", ");
    text(this.#refused, refused.count === 0 ? "No call was refused." : `${refused.count} ${refused.count === 1 ? "call was" : "calls were"} refused, the last ones: ${last}.`);
    keyed(this.#mails, notices.map((words, index) => ({ words, key: String(index) })), (mail) => mail.key, (mail) => h("li", {}, `Mail to the administrator: ${mail.words}`));
    show(this.#mails, notices.length > 0);
  }
}
