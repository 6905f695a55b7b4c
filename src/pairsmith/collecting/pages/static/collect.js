// What pages do with a script that they do without one too: keys pick a step, a page that waits is
// loaded again when there is something new, and a form is sent once.
"use strict";
(() => {
  const page = document.querySelector(".collect");
  if (!page) return;
  page.classList.add("scripted");

  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  document.addEventListener("keydown", (event) => {
    const writes = event.target.closest("textarea, input:not([type=radio])");
    if (writes) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) writes.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const form = document.querySelector("form.choose");
    if (!form) return;
    const step = form.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
    if (step) {
      step.checked = true;
      step.focus({ preventScroll: true });
      event.preventDefault();
    } else if (event.key === "Enter" && form.querySelector("[name=strength]:checked")) {
      if (event.target.closest("a, button, summary")) return;
      event.preventDefault();
      form.requestSubmit();
    }
  });

  if (document.activeElement === document.body && matchMedia("(pointer: fine)").matches) {
    document.querySelector("form.say textarea")?.focus({ preventScroll: true });
  }

  if (page.dataset.screen !== "waiting") return;
  const look = async () => {
    try {
      const answer = await fetch(page.dataset.address, { cache: "no-store" });
      if (answer.ok && (await answer.text()) !== page.dataset.progress) {
        location.replace(location.pathname);
        return;
      }
    } catch {
      // the server cannot be reached: it is asked again
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 500);
})();
