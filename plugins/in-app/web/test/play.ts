/** `npm run play`: a page with the chat, and an "agent" that answers by rote. For looking at it by hand. */

import { StandIn } from "./stand-in.ts";

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>A shop</title><script type="module" src="/trunkline-chat.js"></script></head>
<body><main><h1>A shop</h1><p>Write "choices", "file", "long" or "bye".</p></main>
<trunkline-chat src="/channels/web"></trunkline-chat></body></html>`;

const host = new StandIn({ "/": page });

host.onTaken = (frame) => {
  const text = String(frame["text"] ?? frame["title"] ?? frame["name"] ?? "");
  host.signal({ op: "typing", on: true, from: { role: "agent", name: "Ana García" } });
  setTimeout(() => {
    host.signal({ op: "seen", id: frame["id"] });
    if (text === "choices") host.push({ type: "choices", text: "What is it about?", items: [{ id: "order", title: "My order" }, { id: "return", title: "A return", description: "Within 30 days" }] });
    else if (text === "file") host.offer("notes.txt", "text/plain", Buffer.from("Hello\n"));
    else if (text === "bye") host.push({ type: "closed" });
    else host.push({ type: "message", text: text === "long" ? "A long answer. ".repeat(60) : `You said: ${text}` });
  }, 900);
};

console.log(await host.listen(Number(process.env["PORT"] ?? 8123)));
