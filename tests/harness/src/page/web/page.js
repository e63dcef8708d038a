// The demo's page: shows each look that the demo sends, and tells it what the visitor does.
// All texts are set as text, never as HTML: what people write is not to be trusted.

const byId = (id) => document.getElementById(id);

/** An element with a class and a text. */
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

// ---- tabs ----

const tabs = [...document.querySelectorAll("[role=tab]")];

function select(tab) {
  for (const one of tabs) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    byId(one.getAttribute("aria-controls")).hidden = !chosen;
  }
}

for (const tab of tabs) {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const step = event.key === "ArrowRight" ? 1 : tabs.length - 1;
    const next = tabs[(tabs.indexOf(tab) + step) % tabs.length];
    select(next);
    next.focus();
  });
}

// ---- what is shown ----

/** Adds what is new at the end and keeps the reader's place unless they read the end. */
function grow(list, key, items, make) {
  const shown = list.dataset.shown ?? "";
  const wanted = JSON.stringify(items.map(key));
  if (shown === wanted) return;
  const scroller = list.closest(".scroll") ?? list;
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
  const old = JSON.parse(shown || "[]");
  const fits = items.length >= old.length && old.every((one, at) => one === key(items[at]));
  if (!fits || old.length === 0) list.replaceChildren();
  for (const item of items.slice(fits ? old.length : 0)) list.append(make(item));
  list.dataset.shown = wanted;
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

function light(id, up) {
  const place = byId(id);
  place.classList.toggle("up", up);
  place.classList.toggle("down", !up);
  place.querySelector("b").textContent = up ? "up" : "down";
}

function counts(toAgents, toCustomers) {
  for (const row of document.querySelectorAll("[data-count]")) {
    const name = row.dataset.count;
    [toAgents, toCustomers].forEach((progress, at) => {
      const cell = row.cells[at + 1];
      cell.textContent = String(progress[name]);
      const bad = progress[name] > 0 && (name === "lost" || name === "out_of_order");
      cell.classList.toggle("bad", bad);
    });
  }
}

function clock(atMs) {
  return new Date(atMs).toLocaleTimeString("en-GB");
}

function bubble(message) {
  const item = element("li", message.mine ? "mine" : "theirs");
  const text = element("p", "", message.text);
  text.dir = "auto";
  const at = clock(message.at_ms);
  item.append(text, element("small", "", message.mine ? at : `${at} · ${message.status}`));
  return item;
}

function traceLine(line) {
  const row = element("tr", `step-${line.kind}`);
  const time = `${clock(line.at)}.${String(line.at % 1000).padStart(3, "0")}`;
  const what = element("td", "what", line.text);
  what.dir = "auto";
  row.append(element("td", "time", time), element("td", "kind", line.kind), what);
  return row;
}

function pluginLine(plugin) {
  const item = element("li", `state-${plugin.state}`);
  const name = (plugin.file ?? plugin.name ?? "").split("/").pop();
  item.append(element("b", "", name), element("span", "state", plugin.state));
  if (plugin.hash) item.append(element("code", "", plugin.hash.slice(0, 8)));
  return item;
}

function show(look) {
  light("light-host", look.host_is_up);
  light("light-ece", look.ece_is_up);
  const down = document.querySelector("[data-press=ece] b");
  down.textContent = look.ece_is_up ? "Take ECE down" : "Bring ECE back";
  counts(look.to_agents, look.to_customers);
  grow(byId("sms-log"), (one) => `${one.at_ms}${one.mine}${one.status}${one.text}`, look.sms, bubble);
  if (look.trace.length > 0) {
    grow(byId("trace"), (line) => `${line.at}${line.kind}${line.text}`, look.trace, traceLine);
  }
  if (look.journal.length > 0) {
    const lines = look.journal.map((text, at) => ({ text, at }));
    grow(byId("journal"), (line) => `${line.at}${line.text}`, lines, (line) => element("li", "", line.text));
  }
  grow(byId("plugins"), (one) => `${one.file}${one.state}${one.hash}`, look.plugins, pluginLine);
}

function follow() {
  const stream = new EventSource("/api/live");
  stream.onmessage = (event) => show(JSON.parse(event.data));
  stream.onerror = () => {
    light("light-host", false);
    document.body.classList.add("over");
  };
  stream.onopen = () => document.body.classList.remove("over");
}

// ---- what the visitor does ----

for (const button of document.querySelectorAll("[data-press]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      await post(`/api/press/${button.dataset.press}`);
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  });
}

byId("sms-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = byId("sms-text");
  const text = input.value.trim();
  if (text === "") return;
  input.value = "";
  post("/api/sms", { text });
});

// ---- the chat ----

/** The in-app channel has no stand-in but this browser: what the chat shows is the ledger. */
function keepLedger(chat) {
  const name = (localStorage.demoBrowser ??= crypto.randomUUID());
  const lines = (role) =>
    [...chat.shadowRoot.querySelectorAll(`[data-testid=message][data-role=${role}] [data-testid=text]`)].map((one) => one.textContent);
  let told = "";
  const tell = () => {
    const shown = { sent: lines("mine"), received: [...lines("agent"), ...lines("bot")] };
    const text = JSON.stringify(shown);
    if (text === told) return;
    told = text;
    post(`/api/chat/${name}`, shown);
  };
  new MutationObserver(tell).observe(chat.shadowRoot, { childList: true, subtree: true, characterData: true });
  tell();
}

async function showChat(place) {
  const panel = byId("chat-place");
  if (!place.chat) {
    const told = element("div", "missing");
    told.append(
      element("p", "", "The chat for the browser is not built: it needs Node."),
      element("pre", "", "npm --prefix plugins/in-app/web ci\nnpm --prefix plugins/in-app/web run build"),
      element("p", "", "Then start the demo again. SMS works without it."),
    );
    panel.replaceChildren(told);
    select(byId("tab-sms"));
    return;
  }
  await import("/trunkline-chat.js");
  const chat = document.createElement("trunkline-chat");
  chat.setAttribute("host", place.host);
  chat.setAttribute("channel", "web");
  chat.setAttribute("inline", "");
  chat.setAttribute("open", "");
  panel.replaceChildren(chat);
  keepLedger(chat);
}

const place = await (await fetch("/api/place")).json();
byId("sms-number").textContent = place.number;
byId("desk").src = `${place.desk}?agent=ann&frame`;
byId("desk-link").href = place.desk;
follow();
await showChat(place);
