// One stream for all tabs: a browser opens six connections to an address, and each tab is an agent.
// A tab that comes later is told first what the others know.

import { listen } from "./events.js";

const tabs = new Set();
const conversations = new Map();
let state = null;
let connected = null;

function keep(message) {
  if (message.kind === "hello") conversations.clear();
  else if (message.kind === "state") state = message;
  else if (message.kind === "connected") connected = message;
  else conversations.set(message.data.id, message);
}

listen((message) => {
  keep(message);
  for (const tab of tabs) tab.postMessage(message);
});

self.addEventListener("connect", ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.onmessage = () => tabs.delete(tab);
  for (const message of [connected, state, ...conversations.values()]) if (message) tab.postMessage(message);
});
