/**
 * How it looks. A page changes the custom properties that begin with `--trunkline-`, or styles parts from outside.
 *
 * One constructed style sheet, which a content security policy without `unsafe-inline` allows. Long, because it is one
 * sheet: nobody looks for half of it.
 */

const css = String.raw;

const TEXT = css`
:host {
  --accent: var(--trunkline-accent, #3545c4);
  --on-accent: var(--trunkline-on-accent, #fff);
  --surface: var(--trunkline-surface, light-dark(#fff, #191b28));
  --ground: var(--trunkline-background, light-dark(#f4f5fa, #11121b));
  --bubble: var(--trunkline-bubble, light-dark(#fff, #262938));
  --text: var(--trunkline-text, light-dark(#181a2a, #eceefb));
  --muted: var(--trunkline-muted, light-dark(#575c75, #a9aec8));
  --line: var(--trunkline-line, light-dark(#dfe1ec, #353950));
  --field: light-dark(#8a8fa8, #6d7290);
  --link: var(--trunkline-link, light-dark(#3545c4, #aab4ff));
  --good: light-dark(#0f7a4d, #58d69c);
  --bad: light-dark(#b3261e, #ffb4ab);
  --bad-ground: light-dark(#fdecea, #4a1f1c);
  --warn-ground: light-dark(#fff4d6, #40351a);
  --warn-text: light-dark(#5c4300, #ffe1a0);
  --radius: var(--trunkline-radius, 18px);
  --shadow: 0 12px 40px rgb(16 18 40 / 22%), 0 2px 8px rgb(16 18 40 / 12%);
  --ring: light-dark(#181a2a, #fff);
  color-scheme: light dark;
  position: fixed;
  inset-block-end: var(--trunkline-offset-block, 20px);
  inset-inline-end: var(--trunkline-offset-inline, 20px);
  z-index: var(--trunkline-z-index, 2147483000);
  font: 400 15px/1.45 var(--trunkline-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif);
  color: var(--text);
  text-align: start;
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([hidden]) { display: none; }
:host([inline]) { position: relative; inset: auto; z-index: auto; display: block; block-size: 100%; min-block-size: 320px; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; -webkit-tap-highlight-color: transparent; }
h2, p { margin: 0; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--ring); outline-offset: 2px; box-shadow: 0 0 0 2px var(--surface); }
.icon { inline-size: 22px; block-size: 22px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.launcher { position: relative; display: grid; place-items: center; inline-size: 60px; block-size: 60px; border-radius: 50%; background: var(--accent); color: var(--on-accent); box-shadow: var(--shadow); transition: transform .18s ease, filter .18s ease; margin-inline-start: auto; }
.launcher:hover { transform: translateY(-2px); filter: brightness(1.08); }
.launcher .icon { inline-size: 29px; block-size: 29px; }
.launcher .icon-chat { fill: currentColor; stroke: none; }
.launcher .icon-down, .launcher[aria-expanded="true"] .icon-chat { display: none; }
.launcher[aria-expanded="true"] .icon-down { display: block; }
.badge { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 24px; block-size: 24px; padding-inline: 6px; border-radius: 12px; background: #c4232b; color: #fff; font-size: 13px; font-weight: 700; line-height: 20px; border: 2px solid var(--surface); text-align: center; }

.panel { position: absolute; inset-block-end: 76px; inset-inline-end: 0; display: flex; flex-direction: column; inline-size: var(--trunkline-width, 392px); block-size: min(var(--trunkline-height, 640px), calc(100dvh - 116px)); border-radius: var(--radius); overflow: hidden; background: var(--surface); box-shadow: var(--shadow); border: 1px solid var(--line); animation: rise .22s cubic-bezier(.2, .8, .2, 1); transform-origin: bottom right; }
:host([inline]) .panel { position: absolute; inset: 0; inline-size: auto; block-size: auto; animation: none; box-shadow: none; }
:host([inline]) .launcher, :host([inline]) .close { display: none; }

.header { display: flex; align-items: center; gap: 12px; padding: 14px 12px 14px 16px; background: var(--accent); color: var(--on-accent); --ring: var(--on-accent); --surface: var(--accent); }
[dir="rtl"] .header { padding: 14px 16px 14px 12px; }
.crest { display: grid; place-items: center; inline-size: 42px; block-size: 42px; border-radius: 50%; background: rgb(255 255 255 / 18%); flex: none; }
.crest .icon-chat { fill: currentColor; stroke: none; }
.names { flex: 1; min-inline-size: 0; }
.title { font-size: 17px; font-weight: 650; line-height: 1.25; letter-spacing: -.01em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.status { display: flex; align-items: center; gap: 6px; font-size: 13px; line-height: 1.4; }
.status::before { content: ""; inline-size: 8px; block-size: 8px; border-radius: 50%; background: currentColor; opacity: .55; }
.status[data-status="online"]::before { background: #6ff0b4; opacity: 1; }
.status[data-status="connecting"]::before { animation: pulse 1s ease-in-out infinite alternate; }
.header button + button { margin-inline-start: -8px; }
.header button { display: grid; place-items: center; inline-size: 40px; block-size: 40px; border-radius: 12px; }
.header button:hover { background: rgb(255 255 255 / 16%); }

.notice, .question { display: flex; align-items: center; gap: 8px; padding: 9px 16px; font-size: 13.5px; background: var(--warn-ground); color: var(--warn-text); }
.notice .icon { inline-size: 18px; block-size: 18px; }
.question { background: var(--ground); color: var(--text); border-block-end: 1px solid var(--line); }
.question p { flex: 1; }

.body { position: relative; flex: 1; min-block-size: 0; display: flex; flex-direction: column; background: var(--ground); }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px 14px 10px; display: flex; flex-direction: column; scrollbar-width: thin; }
.log:focus-visible { outline-offset: -3px; }
.greeting { margin: auto; padding: 24px; max-inline-size: 300px; text-align: center; }
.greeting .crest { margin: 0 auto 14px; inline-size: 60px; block-size: 60px; background: var(--accent); color: var(--on-accent); }
.greeting .icon { inline-size: 30px; block-size: 30px; }
.greeting strong { display: block; font-size: 19px; font-weight: 650; letter-spacing: -.01em; margin-block-end: 6px; }
.greeting span { color: var(--muted); }

.day, .system, .ended { align-self: center; max-inline-size: 88%; text-align: center; font-size: 12.5px; color: var(--muted); margin-block: 14px 8px; overflow-wrap: anywhere; }
.system { margin-block: 8px; padding: 5px 12px; border-radius: 12px; background: color-mix(in srgb, var(--line) 45%, transparent); color: var(--text); white-space: pre-wrap; }
.ended { border-block-start: 1px solid var(--line); padding-block-start: 10px; align-self: stretch; max-inline-size: none; }

.entry { display: grid; grid-template-columns: 30px minmax(0, 1fr); column-gap: 8px; margin-block-start: 3px; max-inline-size: 90%; align-self: flex-start; }
.entry.first { margin-block-start: 14px; }
.log > :first-child:not(.greeting) { margin-block-start: 0; }
.avatar { grid-area: 2 / 1; align-self: end; display: grid; place-items: center; inline-size: 30px; block-size: 30px; border-radius: 50%; background: color-mix(in srgb, var(--accent) 16%, var(--surface)); color: var(--link); font-size: 12px; font-weight: 700; }
.avatar .icon { inline-size: 17px; block-size: 17px; }
.author { grid-area: 1 / 2; font-size: 12.5px; font-weight: 600; color: var(--muted); margin: 0 4px 3px; }
.bubble { grid-area: 2 / 2; justify-self: start; max-inline-size: 100%; padding: 9px 13px; border-radius: 16px; border-end-start-radius: 5px; background: var(--bubble); border: 1px solid var(--line); overflow-wrap: anywhere; }
.words { white-space: pre-wrap; unicode-bidi: plaintext; }
.bubble a { color: var(--link); }
.meta { grid-area: 4 / 2; display: flex; align-items: center; gap: 4px; font-size: 12px; color: var(--muted); margin: 3px 4px 0; }
.meta .icon { inline-size: 15px; block-size: 15px; }
.entry.mine { align-self: flex-end; grid-template-columns: minmax(0, 1fr); max-inline-size: 82%; }
.entry.mine > * { grid-column: 1; justify-self: end; }
.entry.mine .bubble { background: var(--accent); color: var(--on-accent); border-color: transparent; border-end-start-radius: 16px; border-end-end-radius: 5px; }
.entry.mine .bubble a { color: inherit; }
.entry.mine[data-progress="pending"] .bubble { opacity: .82; }
.entry.mine[data-progress="refused"] .bubble { background: var(--bad-ground); color: var(--text); border-color: var(--bad); }
.entry[data-progress="refused"] .meta { color: var(--bad); }
.entry[data-progress="seen"] .meta .icon { color: var(--link); }

.card { display: flex; align-items: center; gap: 11px; min-inline-size: 0; }
.card .sheet { display: grid; place-items: center; inline-size: 40px; block-size: 40px; border-radius: 11px; background: color-mix(in srgb, currentColor 12%, transparent); flex: none; }
.card .about { min-inline-size: 0; display: grid; }
.card .name { font-weight: 600; overflow-wrap: anywhere; }
.card .size { font-size: 12.5px; opacity: .88; }
progress { appearance: none; inline-size: 100%; min-inline-size: 160px; block-size: 5px; margin-block-start: 9px; border: 0; border-radius: 3px; overflow: hidden; background: rgb(255 255 255 / 35%); display: block; }
progress::-webkit-progress-bar { background: transparent; }
progress::-webkit-progress-value { background: currentColor; border-radius: 3px; transition: inline-size .2s linear; }
progress::-moz-progress-bar { background: currentColor; }
.preview { display: block; margin-block-start: 10px; }
.preview img { display: block; max-inline-size: 100%; max-block-size: 220px; border-radius: 11px; background: var(--ground); }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 11px; }
.state { font-size: 13px; color: var(--muted); margin-block-start: 8px; }
.button { display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-block-size: 38px; padding: 6px 16px; border-radius: 12px; font-size: 14px; font-weight: 600; text-decoration: none; border: 1px solid var(--field); color: var(--text); background: var(--surface); text-align: center; transition: background .15s; }
.button:hover:not(:disabled) { background: var(--ground); }
.button.strong, .bubble a.button.strong { background: var(--accent); color: var(--on-accent); border-color: transparent; }
.button.strong:hover { filter: brightness(1.08); background: var(--accent); }
.button .icon { inline-size: 18px; block-size: 18px; }
.choices { grid-area: 3 / 2; display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 8px; padding: 0; }
.choice { flex-direction: column; gap: 0; align-items: flex-start; text-align: start; border-color: var(--link); color: var(--link); border-radius: 19px; overflow-wrap: anywhere; }
.choice small { font-weight: 400; font-size: 12.5px; color: var(--muted); }
.choice:disabled { cursor: default; border-color: var(--line); color: var(--muted); background: none; }
.choice[aria-pressed="true"] { background: var(--accent); color: var(--on-accent); border-color: transparent; }
.choice[aria-pressed="true"] small { color: inherit; }

.typing { display: flex; align-items: center; gap: 9px; min-block-size: 26px; padding: 0 18px 8px; font-size: 13px; color: var(--muted); }
.dots { display: inline-flex; gap: 4px; }
.dots i { inline-size: 7px; block-size: 7px; border-radius: 50%; background: currentColor; animation: hop 1.1s ease-in-out infinite; }
.dots i:nth-child(2) { animation-delay: .15s; }
.dots i:nth-child(3) { animation-delay: .3s; }
.newer { position: absolute; inset-block-end: 12px; inset-inline: 0; margin-inline: auto; inline-size: fit-content; display: flex; align-items: center; gap: 6px; min-block-size: 36px; padding: 6px 14px; border-radius: 18px; background: var(--accent); color: var(--on-accent); font-size: 13px; font-weight: 600; box-shadow: var(--shadow); }
.newer .icon { inline-size: 16px; block-size: 16px; }
.drop { position: absolute; inset: 10px; display: grid; place-items: center; padding: 20px; text-align: center; border: 2px dashed var(--link); border-radius: 14px; background: var(--surface); color: var(--link); font-weight: 600; pointer-events: none; }

.composer { padding: 10px 12px 12px; background: var(--surface); border-block-start: 1px solid var(--line); }
.row { display: flex; align-items: flex-end; gap: 4px; border: 1px solid var(--field); border-radius: 22px; padding: 3px; background: var(--surface); }
.row:focus-within { border-color: var(--link); box-shadow: 0 0 0 1px var(--link); }
.input { flex: 1; min-inline-size: 0; resize: none; border: 0; background: none; padding: 8px 4px; max-block-size: 132px; line-height: 1.4; overflow-y: auto; field-sizing: content; scrollbar-width: thin; }
.input:focus-visible { outline: none; box-shadow: none; }
.input::placeholder { color: var(--muted); opacity: 1; }
.row button { display: grid; place-items: center; inline-size: 38px; block-size: 38px; border-radius: 50%; flex: none; color: var(--muted); }
.row .attach:hover { background: var(--ground); color: var(--text); }
.row .send { background: var(--accent); color: var(--on-accent); transition: opacity .15s; }
.row .send[aria-disabled="true"] { background: var(--ground); color: var(--muted); cursor: default; }
[dir="rtl"] .send .icon, [dir="rtl"] .icon-end { transform: scaleX(-1); }
.problem:not(:empty) { padding: 8px 8px 0; font-size: 13px; color: var(--bad); }

@media (max-width: 480px), (max-height: 440px) {
  :host(:not([inline])) .panel { position: fixed; inset: 0; inline-size: auto; block-size: 100dvh; border-radius: 0; border: 0; animation-name: slide; }
  :host(:not([inline])) .launcher[aria-expanded="true"] { visibility: hidden; }
  .input { font-size: 16px; }
  .header { padding-block-start: max(14px, env(safe-area-inset-top)); }
  .composer { padding-block-end: max(12px, env(safe-area-inset-bottom)); }
}
@keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.97); } }
@keyframes slide { from { transform: translateY(24px); opacity: 0; } }
@keyframes hop { 0%, 60%, 100% { transform: none; opacity: .45; } 30% { transform: translateY(-4px); opacity: 1; } }
@keyframes pulse { to { opacity: 1; } }
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { animation: none !important; transition: none !important; } }
@media (forced-colors: active) {
  .launcher, .bubble, .button, .newer, .header { border: 1px solid ButtonText; }
  .icon { stroke: currentColor; }
}
`;

export function sheet(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(TEXT);
  return made;
}
