// What the stand-in tells as it happens, kept as it is now. The browser reconnects by itself; the
// first event of each connection says to forget what was known.

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
    const source = new EventSource("/_sim/events");
    source.addEventListener("open", () => this.#change(() => (this.connected = true)));
    source.addEventListener("error", () => this.#change(() => (this.connected = false)));
    source.addEventListener("hello", () => this.conversations.clear());
    source.addEventListener("state", (event) => this.#change(() => (this.state = JSON.parse(event.data))));
    source.addEventListener("conversation", (event) => {
      const record = JSON.parse(event.data);
      this.#change(() => this.conversations.set(record.id, record));
    });
    addEventListener("pagehide", () => source.close());
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

  #change(change) {
    change();
    if (this.#due) return;
    this.#due = true;
    // Not an animation frame: pages in the background count unread messages too.
    setTimeout(() => {
      this.#due = false;
      this.#told();
    });
  }
}
