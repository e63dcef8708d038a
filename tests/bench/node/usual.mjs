// A connector as usually written: Express, one synchronous commit a message before the answer,
// fetch to ECE, one more commit for the outcome. Messages of one customer keep their order.
import express from 'express';
import { HEADERS, PORT, SESSIONS, isAuthentic, open, sendMessage } from './common.mjs';

const db = open();
const insert = db.prepare(
  'INSERT INTO messages (sid, sender, body, received_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
);
const settle = db.prepare('UPDATE messages SET outcome = ? WHERE sid = ?');
const lanes = new Map();

async function deliver({ MessageSid: sid, From: sender, Body: body }) {
  let outcome;
  try {
    const answer = await fetch(SESSIONS.send_url, {
      method: 'POST', headers: HEADERS, body: sendMessage(sender, body),
    });
    await answer.arrayBuffer();
    outcome = String(answer.status);
  } catch (error) {
    outcome = String(error);
  }
  settle.run(outcome, sid);
}

const app = express();
app.get('/readyz', (_, answer) => answer.send('ready'));
app.post('/channels/acme-sms', express.urlencoded({ extended: false }), (request, answer) => {
  const form = request.body;
  if (!isAuthentic(request.get('x-twilio-signature'), form)) return answer.sendStatus(403);
  const { changes } = insert.run(form.MessageSid, form.From, form.Body, Date.now());
  answer.type('text/xml').send('<Response></Response>');
  if (changes === 1) {
    const before = lanes.get(form.From) ?? Promise.resolve();
    lanes.set(form.From, before.then(() => deliver(form)));
  }
});
app.listen(PORT, '127.0.0.1');
