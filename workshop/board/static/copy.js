"use strict";
// Copies the lines beside a button. Without a script, one click selects all of them.
for (const part of document.querySelectorAll(".copied")) {
  const button = part.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(part.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
  });
}
