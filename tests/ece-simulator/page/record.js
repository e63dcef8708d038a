// What a conversation's record means to an agent. Pure.

/** Who has it: `{at: "waiting"}`, `{at: "agent", name}` or `{at: "ended"}`. */
export function holder(record) {
  if (record.phase === "queued") return { at: "waiting" };
  if (record.phase === "finished") return { at: "ended" };
  return { at: "agent", name: record.phase.with_agent };
}

const contact = (record) => record.customer?.contacts?.contact?.[0] ?? {};

/** The customer's name as ECE has it, else the best address. */
export function customerName(record) {
  const { firstName, middleName, lastName, name } = contact(record);
  const full = [firstName, middleName, lastName].filter(Boolean).join(" ") || name;
  return full || addresses(record)[0]?.value || "Anonymous customer";
}

/** Addresses of the customer's contact, each with its kind. */
export function addresses(record) {
  const { email = [], phone = [], social = [] } = contact(record);
  const of = (list, member, kind) =>
    list.map((one) => ({ kind: one.type?.value ?? one.type ?? kind, value: String(one[member] ?? "") })).filter((one) => one.value);
  return [...of(phone, "phoneNumber", "phone"), ...of(email, "emailAddress", "e-mail"), ...of(social, "socialId", "social")];
}

/**
 * The transcript: what both sides said, in the order in which the agent's desktop showed it. A line
 * is `{key, at, side: "customer" | "agent" | "note", …}`.
 */
export function transcript(record) {
  const lines = [];
  let sent = 0;
  const tellUntil = (seen) => {
    while (sent < record.sent.length && record.sent[sent].after <= seen) {
      const line = agentLine(record.sent[sent]);
      if (line) lines.push(line);
      sent += 1;
    }
  };
  record.seen.forEach((seen, index) => {
    tellUntil(index);
    const line = customerLine(seen);
    if (line) lines.push(line);
  });
  tellUntil(Infinity);
  return lines;
}

function customerLine({ arrival, at_ms: at, what }) {
  const line = { key: `c${arrival}`, at, arrival };
  if (what.text) return { ...line, side: "customer", text: what.text.text, html: what.text.html };
  if (what.file) return { ...line, side: "customer", file: what.file };
  if (what.file_accepted) return { ...line, side: "note", text: `The customer took ${what.file_accepted.name}.` };
  if (what.file_rejected) return { ...line, side: "note", text: `The customer refused ${what.file_rejected.name}.` };
  if (what.note) return { ...line, side: "note", text: what.note.text };
  return null;
}

function agentLine({ id, at_ms: at, content, delivered, by, told }) {
  const line = { key: `a${id}`, at, by, delivered };
  switch (told.kind) {
    case "text":
    case "html":
      return { ...line, side: "agent", text: content ?? "", html: told.kind === "html" };
    case "page":
      return { ...line, side: "agent", page: content ?? "" };
    case "file":
      return { ...line, side: "agent", sentFile: told };
    case "typing_started":
    case "typing_stopped":
      return null;
    default:
      return { ...line, side: "note", text: content || told.kind.replaceAll("_", " ") };
  }
}

/** Whether the customer is typing: the newest sign says so and nothing was said since. */
export function customerTypes(record) {
  return holder(record).at !== "ended" && record.seen.at(-1)?.what === "typing_started";
}

/** How many things the customer said or sent. */
export function heard(record) {
  return record.seen.filter(({ what }) => what.text || what.file).length;
}

/** The last thing that was said, in one line. */
export function lastLine(record) {
  const line = transcript(record).at(-1);
  if (!line) return record.subject || "";
  if (line.file) return `File: ${line.file.name}`;
  if (line.sentFile) return `You sent ${line.sentFile.name}`;
  if (line.page !== undefined) return line.page;
  return line.text.replace(/\s+/g, " ").slice(0, 200);
}

/** When something last happened, in ms since 1970. */
export function lastAt(record) {
  return Math.max(record.started_at_ms, record.seen.at(-1)?.at_ms ?? 0, record.sent.at(-1)?.at_ms ?? 0);
}
