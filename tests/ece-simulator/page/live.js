// What the stand-in tells as it happens, kept as it is now. The first word of each connection, hello,
// says to forget what was known.

import { listen } from "./events.js";

export class Live {
  /** Agents, entry points, webhook and so on; null until the first word. */
  state = null;
  /** Records of the ledger by id, in the order of their start. */
  conversations = new Map();
  /** Whether the stream is open now. */
  connected = false;
  #told;
  #due = false;

  /** @param {() => void} told called after changes, once for many that come together */
  constructor(told) {
    this.#told = told;
    const close = "SharedWorker" in window ? this.#share() : listen((message) => this.#heard(message));
    addEventListener("pagehide", close);
    // Back from the browser's memory without a stream: begin anew.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  agent(name) {
    return this.state?.agents.find((agent) => agent.name === name);
  }

  entryPoint(id) {
    return this.state?.entry_points.find((point) => point.id === id);
  }

  screenName(name) {
    return this.agent(name)?.screen_name ?? name;
  }

  #share() {
    const { port } = new SharedWorker("/_sim/agent/worker.js", { type: "module", name: "ece-simulator" });
    port.onmessage = ({ data }) => this.#heard(data);
    return () => port.postMessage("bye");
  }

  #heard({ kind, data }) {
    if (kind === "hello") this.conversations.clear();
    else if (kind === "state") this.state = data;
    else if (kind === "connected") this.connected = data;
    else this.conversations.set(data.id, data);
    if (this.#due) return;
    this.#due = true;
    // Not an animation frame: pages in the background count unread messages too.
    setTimeout(() => {
      this.#due = false;
      this.#told();
    });
  }
}
