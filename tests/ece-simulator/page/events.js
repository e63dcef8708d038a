// The stream of the stand-in as messages `{kind, data}`: "connected", "hello", "state", "conversation".

/** Listens until the answer is called. The browser reconnects by itself. */
export function listen(tell) {
  const source = new EventSource("/_sim/events");
  const connected = (data) => () => tell({ kind: "connected", data });
  source.addEventListener("open", connected(true));
  source.addEventListener("error", connected(false));
  for (const kind of ["hello", "state", "conversation"]) {
    source.addEventListener(kind, (event) => tell({ kind, data: JSON.parse(event.data) }));
  }
  return () => source.close();
}
