"use strict";
// Writes what the server sends into the page that it made: texts alone, never markup.
(() => {
  const find = (id) => document.getElementById(id);
  const tiles = new Map();
  for (const tile of document.querySelectorAll("#tiles > .tile")) {
    tiles.set(tile.dataset.seat, tile);
  }
  const set = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };
  const list = (element, lines) => {
    if (!element) return;
    const shown = Array.from(element.children, (line) => line.textContent);
    if (shown.length === lines.length && shown.every((line, at) => line === lines[at])) return;
    element.replaceChildren(...lines.map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
    element.hidden = lines.length === 0;
  };
  const filter = () => {
    const kind = find("kind").value;
    const text = find("text").value.trim().toLowerCase();
    for (const tile of tiles.values()) {
      const words = [tile.dataset.seat];
      for (const field of tile.querySelectorAll("[data-field]")) words.push(field.textContent);
      const fits = (!kind || tile.dataset.kind === kind) &&
        words.join(" ").toLowerCase().includes(text);
      if (tile.hidden === fits) tile.hidden = !fits;
    }
  };
  const show = (view) => {
    const same = view.tiles.length === tiles.size &&
      view.tiles.every((tile) => tiles.has(tile.seat));
    if (!same) {
      location.reload(); // seats came or went, such as by a swap
      return;
    }
    for (const { seat, kind, waits, fields } of view.tiles) {
      const tile = tiles.get(seat);
      tile.dataset.kind = kind;
      if (waits) tile.dataset.waits = "yes";
      else delete tile.dataset.waits;
      for (const [name, text] of Object.entries(fields)) {
        set(tile.querySelector(`[data-field="${name}"]`), text);
      }
    }
    set(find("summary"), view.summary);
    set(find("at"), view.at);
    list(find("problems"), view.problems);
    list(find("progress"), view.progress);
    for (const name of ["told", "claims"]) {
      const line = find(name);
      if (line) {
        set(line, view[name]);
        line.parentElement.hidden = view[name] === "";
      }
    }
    filter();
  };

  const events = new EventSource("events");
  events.onmessage = (event) => {
    set(find("link"), "");
    show(JSON.parse(event.data));
  };
  events.onerror = () => {
    const now = new Date().toTimeString().slice(0, 5);
    if (events.readyState === EventSource.CLOSED) {
      set(find("link"), "The board was started anew: open the address that it printed.");
    } else if (find("link").textContent === "") {
      set(find("link"), `The board does not answer since ${now}; it is tried again.`);
    }
  };
  events.onopen = () => set(find("link"), "");
  find("kind").addEventListener("input", filter);
  find("text").addEventListener("input", filter);
  find("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    filter();
  });
})();
