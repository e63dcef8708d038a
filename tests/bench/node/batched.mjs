// A connector written well: bare node:http, one commit for everything that waits (inserts and
// outcomes together), an undici pool to ECE. Messages of one customer keep their order.
import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import { Pool } from 'undici';
import { HEADERS, PORT, SESSIONS, isAuthentic, open, sendMessage } from './common.mjs';

const db = open();
const insert = db.prepare(
  'INSERT INTO messages (sid, sender, body, received_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
);
const settle = db.prepare('UPDATE messages SET outcome = ? WHERE sid = ?');
const begin = db.prepare('BEGIN IMMEDIATE');
const commit = db.prepare('COMMIT');
const rollback = db.prepare('ROLLBACK');
const ece = new URL(SESSIONS.send_url);
const pool = new Pool(ece.origin, { connections: 64 });
const lanes = new Map();
let waiting = [];
let isPlanned = false;

/** Everything that waits, in one transaction; then each is told whether it was new. */
function flush() {
  isPlanned = false;
  const batch = waiting;
  waiting = [];
  try {
    begin.run();
    for (const one of batch) one.changes = one.statement.run(...one.values).changes;
    commit.run();
  } catch (error) {
    if (db.inTransaction) rollback.run();
    for (const one of batch) one.reject(error);
    return;
  }
  for (const one of batch) one.resolve(one.changes);
}

function write(statement, ...values) {
  return new Promise((resolve, reject) => {
    waiting.push({ statement, values, resolve, reject });
    if (!isPlanned) {
      isPlanned = true;
      // After the sockets that are ready now were read.
      setImmediate(flush);
    }
  });
}

async function deliver({ MessageSid: sid, From: sender, Body: body }) {
  let outcome;
  try {
    const answer = await pool.request({
      path: ece.pathname, method: 'POST', headers: HEADERS, body: sendMessage(sender, body),
    });
    await answer.body.dump();
    outcome = String(answer.statusCode);
  } catch (error) {
    outcome = String(error);
  }
  await write(settle, outcome, sid);
}

/** The next message of a customer leaves when the one before was answered and its outcome kept. */
function enqueue(form) {
  const lane = lanes.get(form.From);
  if (lane) return lane.push(form);
  const created = [form];
  lanes.set(form.From, created);
  void drain(form.From, created);
}

async function drain(sender, lane) {
  while (lane.length > 0) await deliver(lane.shift());
  lanes.delete(sender);
}

async function take(text, request, answer) {
  const form = parse(text);
  if (!isAuthentic(request.headers['x-twilio-signature'], form)) {
    answer.writeHead(403).end();
    return;
  }
  try {
    const changes = await write(insert, form.MessageSid, form.From, form.Body, Date.now());
    answer.writeHead(200, { 'content-type': 'text/xml' }).end('<Response></Response>');
    if (changes === 1) enqueue(form);
  } catch {
    answer.writeHead(503).end();
  }
}

createServer((request, answer) => {
  if (request.method === 'GET') return answer.end('ready');
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => { text += chunk; });
  request.on('end', () => take(text, request, answer));
}).listen(PORT, '127.0.0.1');
