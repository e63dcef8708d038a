// What both connectors share: the signature, the table, and where ECE is.
// Started as `node usual.mjs PORT DATABASE SESSIONS`: SESSIONS is a JSON file with ECE's
// sendmessage address, a token and the open conversation of each customer.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';

const [, , port, database, sessionsFile] = process.argv;

export const PORT = Number(port);
export const SESSIONS = JSON.parse(readFileSync(sessionsFile, 'utf8'));

/** The database, every commit durable: WAL with synchronous=FULL syncs once a commit. */
export function open() {
  const db = new Database(database);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(`CREATE TABLE IF NOT EXISTS messages (
    sid TEXT PRIMARY KEY, sender TEXT NOT NULL, body TEXT NOT NULL,
    received_at INTEGER NOT NULL, outcome TEXT) WITHOUT ROWID`);
  return db;
}

/** Twilio's signature: HMAC-SHA1 over the URL and the sorted parameters. */
export function isAuthentic(signature, parameters) {
  let data = SESSIONS.public_url;
  for (const name of Object.keys(parameters).sort()) data += name + parameters[name];
  const ours = createHmac('sha1', SESSIONS.auth_token).update(data, 'utf8').digest();
  const theirs = Buffer.from(signature ?? '', 'base64');
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

/** What ECE's sendmessage takes. */
export function sendMessage(sender, body) {
  const id = SESSIONS.conversations[sender];
  return JSON.stringify({ conversation: { id }, type: { value: 'text/plain' }, content: body });
}

export const HEADERS = {
  authorization: `Bearer ${SESSIONS.token}`,
  'content-type': 'application/json',
  accept: 'application/json',
};
