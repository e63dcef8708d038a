// The page: who works here, which view is shown, and everything told of each change.
//
// `?agent=NAME` picks an agent; `?frame` leaves out the head of the page and signs that agent in at
// once. A tab is one agent; a reload keeps it.

import { h, notify, show, text } from "./dom.js";
import { Live } from "./live.js";
import { Top } from "./top.js";
import { SignIn } from "./sign-in.js";
import { Desk } from "./desk.js";
import { SetUp } from "./set-up.js";
import * as api from "./api.js";

const parameters = new URLSearchParams(location.search);
const KEPT = "ece-simulator-agent";

class Page {
  framed = parameters.has("frame");
  /** The agent named in the address. */
  asked = parameters.get("agent") ?? "";
  /** The agent who works in this tab; null before signing in. */
  agent = null;
  /** "desk" or "set-up". */
  view = "desk";
  live = new Live(() => this.update());
  #top = new Top(this);
  #signIn = new SignIn(this);
  #desk = new Desk(this);
  #setUp = new SetUp(this);
  #lost = h("p", { class: "lost", testid: "connection-lost", role: "alert", hidden: true }, "The stand-in does not answer. This page goes on by itself when it is back.");

  start() {
    document.body.classList.toggle("framed", this.framed);
    document.getElementById("top").append(this.#top.element);
    document.getElementById("main").append(this.#lost, this.#signIn.element, this.#desk.element, this.#setUp.element);
    this.update();
    if (this.framed && this.asked) this.signIn(this.asked).catch((error) => notify(error.message, "problem"));
  }

  async signIn(name, more) {
    await api.signIn(name, more);
    this.#work(name);
  }

  async signOut() {
    const name = this.agent;
    await api.changeAgent(name, { signed_in: false });
    this.#leave();
  }

  open(view) {
    this.view = view;
    this.update();
    document.getElementById("main").focus({ preventScroll: true });
  }

  update() {
    const { live } = this;
    if (!live.state) return;
    // A reload, or a second tab with the same address, goes on where somebody works already.
    const kept = this.asked || keptAgent();
    if (!this.agent && kept && live.agent(kept)?.signed_in) this.#work(kept);
    if (this.agent && live.connected && live.agent(this.agent)?.signed_in === false) {
      notify(`${live.screenName(this.agent)} is signed out.`);
      this.#leave();
    }
    this.#show();
  }

  #show() {
    if (!this.live.state) return;
    const signedIn = this.agent !== null && this.live.agent(this.agent) !== undefined;
    show(this.#lost, !this.live.connected);
    show(this.#setUp.element, this.view === "set-up");
    show(this.#signIn.element, this.view === "desk" && !signedIn);
    show(this.#desk.element, this.view === "desk" && signedIn);
    this.#top.update();
    if (this.view === "set-up") this.#setUp.update();
    else if (signedIn) this.#desk.update();
    else this.#signIn.update();
    this.#name(signedIn);
  }

  #name(signedIn) {
    const unread = signedIn ? this.#desk.unread() : 0;
    const who = signedIn ? this.live.screenName(this.agent) : "Agent desk";
    const title = `${unread ? `(${unread}) ` : ""}${who} · ECE stand-in`;
    text(document.querySelector("title"), title);
  }

  #work(name) {
    this.agent = name;
    this.asked = "";
    sessionStorage.setItem(KEPT, name);
    this.#show();
  }

  #leave() {
    this.agent = null;
    this.asked = "";
    sessionStorage.removeItem(KEPT);
    this.#show();
  }
}

function keptAgent() {
  return sessionStorage.getItem(KEPT) ?? "";
}

new Page().start();
