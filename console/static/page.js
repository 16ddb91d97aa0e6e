"use strict";
const editable = document.body.dataset.editable === "yes";
// Milliseconds between two looks at both systems: each costs API calls, which real systems count.
const look = editable ? 1500 : 30000;
const pairs = document.getElementById("pairs");
const message = document.getElementById("message");
const more = document.getElementById("more");
const narrow = document.getElementById("narrow");
const address = new URLSearchParams(location.search);
const known = [...document.querySelectorAll("nav button")].map((button) => button.dataset.mapping);
let mapping = known.includes(address.get("mapping")) ? address.get("mapping") : known[0];
let pages = [0];
for (const input of narrow.elements) input.value = address.get(input.name) ?? "";

function say(text, bad) {
  message.textContent = text;
  message.className = bad ? "bad" : "";
}

async function get(path) {
  const answer = await fetch(path);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

// What both boxes ask for stands in the address, too: a view can be passed on.
function rememberView() {
  const now = new URLSearchParams({mapping});
  for (const input of narrow.elements) if (input.value.trim()) now.set(input.name, input.value.trim());
  history.replaceState(null, "", `?${now}`);
}

function isWanted(line) {
  const words = narrow.elements.fields.value.toLowerCase().split(",").map((word) => word.trim()).filter(Boolean);
  const names = [line.line, line.hubspot_field, line.salesforce_field].map((name) => name.toLowerCase());
  return !words.length || words.some((word) => names.some((name) => name.includes(word)));
}

function showWanted() {
  for (const tr of document.querySelectorAll("tbody tr")) tr.hidden = !isWanted(tr.line);
}

// A long name breaks after an underscore rather than anywhere.
function breakable(name) {
  return name.split(/(?<=_)/).flatMap((part, index) => index ? [document.createElement("wbr"), part] : [part]);
}

function cell(row, line, system) {
  const td = document.createElement("td");
  td.className = "value";
  td.id = `${system}-${row.pair}-${line.line}`;
  td.textContent = line[system] ?? "";
  if (editable) {
    td.contentEditable = "plaintext-only";
    td.tabIndex = 0;
    td.setAttribute("aria-label", `${system} ${line[`${system}_field`]}`);
    td.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); td.blur(); }
      if (event.key === "Escape") { td.textContent = td.dataset.before; td.blur(); }
    });
    td.addEventListener("focus", () => { td.dataset.before = td.textContent; });
    td.addEventListener("blur", () => save(td, row, line, system));
  }
  return td;
}

async function save(td, row, line, system) {
  const value = td.textContent.trim();
  if (value === td.dataset.before) return;
  say(`Saved in ${system}; now on its way to the other side …`);
  const answer = await fetch("/edit", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({
      system, object: row[`${system}_object`], id: row[`${system}_id`],
      field: line[`${system}_field`], value,
    }),
  });
  if (!answer.ok) {
    say(`${system} refused the edit: ${(await answer.json()).error}`, true);
    td.textContent = td.dataset.before;
  }
}

function table(row) {
  const made = document.createElement("table");
  made.id = `pair-${row.pair}`;
  const caption = made.createCaption();
  caption.textContent = `${row.hubspot_object} `;
  const small = document.createElement("small");
  small.textContent = `${row.hubspot_id} ⇄ ${row.salesforce_object} ${row.salesforce_id}`;
  caption.append(small);
  const refused = document.createElement("p");
  refused.className = "refused";
  caption.append(refused);
  const head = made.createTHead().insertRow();
  for (const [text, name] of [["", ""], ["HubSpot", "hubspot"], ["", "middle"], ["Salesforce", "salesforce"]]) {
    const th = document.createElement("th");
    th.textContent = text;
    if (name) th.className = name;
    head.append(th);
  }
  const body = made.createTBody();
  for (const line of row.lines) {
    const tr = body.insertRow();
    const th = document.createElement("th");
    th.scope = "row";
    th.append(...breakable(line.line));
    tr.line = line;
    tr.hidden = !isWanted(line);
    if (line.arrow === "own") { tr.className = "own"; tr.title = "Written by Kakehashi to both sides; an edit is put back."; }
    const arrow = document.createElement("td");
    arrow.className = "arrow";
    arrow.textContent = {"<->": "⇄", "->": "→", "<-": "←", "own": "↤↦"}[line.arrow];
    tr.append(th, cell(row, line, "hubspot"), arrow, cell(row, line, "salesforce"));
  }
  return made;
}

// Why the last edit of a lead's stage was put back, for as long as nothing else was followed.
function showRefused(row) {
  const told = document.querySelector(`#pair-${row.pair} .refused`);
  told.hidden = !row.refused;
  told.textContent = row.refused ? `Not followed: ${row.refused}` : "";
}

function refresh(row) {
  showRefused(row);
  for (const line of row.lines) {
    for (const system of ["hubspot", "salesforce"]) {
      const td = document.getElementById(`${system}-${row.pair}-${line.line}`);
      const value = String(line[system] ?? "");
      if (!td || td === document.activeElement || td.textContent === value) continue;
      td.textContent = value;
      td.classList.add("arrived");
      say(`${line.line} arrived in ${system}.`);
      setTimeout(() => td.classList.remove("arrived"), 4000);
    }
  }
}

function live(all) {
  const side = document.createElement("div");
  side.className = "side";
  const name = document.createElement("b");
  const running = all.parts.filter((part) => part.alive && part.kind !== "web").map((part) => part.kind);
  name.textContent = running.length ? `Running: ${[...new Set(running)].join(", ")}` : "Nothing is running";
  side.append(name);
  const waiting = Object.values(all.lanes).reduce((sum, lane) => sum + lane.waiting, 0);
  const words = [`waiting ${waiting}`];
  for (const [system, budget] of Object.entries(all.budget)) words.push(`${system} calls today ${budget.used} of ${budget.limit}`);
  for (const one of all.blocked) words.push(`${one.system} refuses us: ${one.cause}`);
  for (const system of all.paused) words.push(`${system} is paused`);
  if (all.mapping_faults) words.push("mapping files have faults");
  for (const word of words) {
    const span = document.createElement("span");
    span.textContent = word;
    side.append(span);
  }
  return side;
}

async function states() {
  const all = await get("/status");
  const told = all.mappings[mapping];
  const box = document.getElementById("states");
  box.replaceChildren();
  for (const [system, label] of [["hubspot", "HubSpot"], ["salesforce", "Salesforce"]]) {
    const side = document.createElement("div");
    side.className = `side ${system}`;
    const name = document.createElement("b");
    name.textContent = `${label}: ${told[system].total} records`;
    side.append(name);
    for (const [state, count] of Object.entries(told[system].states)) {
      if (!count) continue;
      const one = document.createElement("span");
      one.textContent = `${state.replace("_", " ")} ${count}`;
      side.append(one);
    }
    box.append(side);
  }
  box.append(live(all));
}

async function show() {
  for (const button of document.querySelectorAll("nav button")) {
    button.setAttribute("aria-pressed", String(button.dataset.mapping === mapping));
  }
  let last = null;
  const record = encodeURIComponent(narrow.elements.record.value.trim());
  for (const after of pages) {
    const told = await get(`/pairs/${mapping}?after=${after}&record=${record}`);
    last = told.more;
    if (record && !told.rows.length) say("No pair of this mapping has a record with that id or address.");
    for (const row of told.rows) {
      if (document.getElementById(`pair-${row.pair}`)) refresh(row);
      else { pairs.append(table(row)); showRefused(row); }
    }
  }
  more.hidden = last === null;
  more.onclick = () => { pages.push(last); show(); };
  await states();
}

async function watch() {
  try { await show(); } catch (error) { say(error.message, true); }
  setTimeout(watch, look);
}

function anew() {
  rememberView();
  say("");
  pages = [0];
  pairs.replaceChildren();
  show().catch((error) => say(error.message, true));
}

for (const button of document.querySelectorAll("nav button")) {
  button.addEventListener("click", () => { mapping = button.dataset.mapping; anew(); });
}
narrow.elements.record.addEventListener("change", anew);
narrow.elements.fields.addEventListener("input", () => { rememberView(); showWanted(); });
narrow.addEventListener("submit", (event) => event.preventDefault());
watch();
