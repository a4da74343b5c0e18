// What the desk's pages do beyond links and forms; without it every page still works, it only reloads more.
"use strict";

// A form that deletes asks first.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// The browser's own field speaks the browser's language; ours speaks the page's.
const showPicked = (form, input) => {
  const picker = form.querySelector(".picker");
  const names = picker.querySelector(".picked");
  const none = names.textContent;
  const tell = () => {
    names.textContent = [...input.files].map((file) => file.name).join(" · ") || none;
  };
  picker.hidden = false;
  input.classList.add("hidden");
  input.addEventListener("change", tell);
  tell();
};

// Files: dropped on the form, sent at once, said so.
const prepare = (form) => {
  const input = form.querySelector("input[type=file]");
  showPicked(form, input);
  if (!form.classList.contains("drop")) return;
  const say = () => {
    form.classList.add("busy");
    form.querySelector(".said").textContent = form.dataset.busy;
  };
  form.addEventListener("submit", say);
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
};
const prepareAll = () => document.querySelectorAll("form:has(.picker[hidden])").forEach(prepare);
prepareAll();
// A question that was saved comes back with a form of its own.
document.addEventListener("htmx:afterSwap", prepareAll);

// A job tells how far it is; where the stream is cut, the page asks every few seconds.
const job = document.getElementById("job");
if (job && job.querySelector("progress")) {
  const bar = job.querySelector("progress");
  const label = job.querySelector(".label");
  const show = (told) => {
    if (!told.state || told.state === "done") location.assign(job.dataset.done);
    else if (told.state === "failed") location.reload();
    else {
      if (label.textContent !== told.label) label.textContent = told.label;
      job.querySelector(".step").textContent = told.step;
      const made = job.querySelector(".made");
      for (const one of told.made.slice(made.children.length)) {
        const line = document.createElement("li");
        const name = document.createElement("bdi");
        const label = document.createElement("span");
        name.textContent = one.name;
        label.textContent = one.label;
        label.className = "what";
        line.append(name, " ", label);
        made.append(line);
      }
      if (told.share === null) bar.removeAttribute("value");
      else bar.value = told.share;
    }
  };
  const ask = () => fetch(job.dataset.told).then((answer) => answer.json()).then(show).catch(() => {});
  const stream = new EventSource(job.dataset.events);
  stream.onmessage = (event) => show(JSON.parse(event.data));
  stream.onerror = () => {
    stream.close();
    setInterval(ask, 2000);
  };
}

// The shortlist: filter, sort, choose, and go through it by keyboard.
const table = document.getElementById("live");
if (table) {
  const rows = () => [...table.tBodies];
  const shown = () => rows().filter((row) => !row.hidden);
  const words = document.getElementById("filter");
  const priority = document.getElementById("by-priority");
  const decision = document.getElementById("by-decision");
  const filter = () => {
    const asked = words.value.trim().toLowerCase();
    for (const row of rows()) {
      row.hidden =
        !row.textContent.toLowerCase().includes(asked) ||
        (priority.value !== "" && row.dataset.priority !== priority.value) ||
        (decision.value !== "" && row.dataset.decision !== decision.value);
    }
  };
  for (const one of [words, priority, decision]) one.addEventListener("input", filter);
  // Enter in the words must not press the first button of the form.
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });

  const chosen = document.getElementById("n-chosen");
  const compare = document.getElementById("compare-chosen");
  const count = () => {
    const n = table.querySelectorAll("input[name=only]:checked").length;
    chosen.textContent = chosen.dataset.text.replace("#", n);
    compare.disabled = n > 0 && (n < Number(words.form.dataset.fewest) || n > Number(words.form.dataset.most));
  };
  table.addEventListener("change", count);
  // What was chosen before somebody came back is chosen still.
  window.addEventListener("pageshow", count);

  for (const button of table.querySelectorAll("button.sort")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const isDown = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      const by = button.dataset.by;
      const value = (row) => (by === "name" ? row.dataset.name : Number(row.dataset[by]));
      const order = (a, b) => (by === "name" ? value(a).localeCompare(value(b), "zh") : value(a) - value(b));
      for (const row of rows().sort((a, b) => (isDown ? order(b, a) : order(a, b)))) table.append(row);
    });
  }

  document.getElementById("print").addEventListener("click", () => {
    const only = [...table.querySelectorAll("input[name=only]:checked")];
    for (const row of rows()) row.classList.toggle("unprinted", only.length > 0 && !row.querySelector("input[name=only]").checked);
    window.print();
  });

  let at = -1;
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") && event.target.type !== "checkbox") return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const list = shown();
    if (!list.length) return;
    if (event.key === "j" || event.key === "k") {
      at = Math.min(list.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)));
      for (const row of rows()) row.classList.toggle("here", row === list[at]);
      list[at].querySelector("th a").focus();
      list[at].scrollIntoView({ block: "nearest" });
    } else if (at >= 0 && event.key === "x") {
      list[at].querySelector("input[name=only]").click();
    } else if (at >= 0 && event.key === "p") {
      list[at].querySelector("form.pin button").click();
    } else return;
    event.preventDefault();
  });
}

// A span on the curve opens its days, as its line in the list does; the numbers on both are the same.
for (const badge of document.querySelectorAll("svg .number")) {
  const link = document.querySelector(`.spans a[data-number="${badge.textContent.trim()}"]`);
  if (!link) continue;
  badge.parentElement.classList.add("opens");
  badge.parentElement.addEventListener("click", () => {
    link.closest("details").open = true;
    link.click();
    link.scrollIntoView({ block: "center" });
  });
}

// The day of a span that is opened is the one that a declaration is most likely about.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-day]");
  const day = document.querySelector("#declared input[name=starts_on]");
  if (link && day) day.value = link.dataset.day;
});

// Labelling by keyboard: a button is pressed by its key, one at a time.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("input, select, textarea")) return;
  const button = document.querySelector(`#audit button[data-key="${CSS.escape(event.key.toLowerCase())}"]:not(:disabled)`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// A text to send on is copied whole.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent).then(() => {
    button.textContent = button.dataset.done;
  });
});
