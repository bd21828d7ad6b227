"use strict";
// Shows how far an action is, until it is done: texts alone, never markup.
(() => {
  const result = document.getElementById("result");
  const lines = document.getElementById("lines");
  const look = async () => {
    let run = null;
    try {
      run = await (await fetch(`${location.pathname}/state`)).json();
    } catch {
      setTimeout(look, 2000);
      return;
    }
    for (const line of run.lines.slice(lines.children.length)) {
      const item = document.createElement("li");
      item.textContent = line;
      lines.append(item);
    }
    if (run.result === "running") {
      setTimeout(look, 1000);
    } else if (run.follows) {
      location.reload(); // for the button that follows
    } else {
      result.textContent = run.result;
      result.dataset.result = run.result;
    }
  };
  if (result.dataset.result === "running") look();
})();
