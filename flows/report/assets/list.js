// The list of candidates: filtered, sorted, a page at a time.
const PAGE_ROWS = 100;
// More criteria than this are counted, not named.
const MOST_IDS = 5;
const form = document.getElementById("filters");
const body = document.getElementById("list-body");
const count = document.getElementById("list-count");
const table = document.getElementById("list");
const state = { key: "rank", descending: false, page: 0, all: false };
let found = patients;

const SORT_KEYS = {
  rank: (p) => p.rank,
  patient: (p) => p.id,
  site: (p) => p.site,
  tier: (p) => p.tier,
  fails: (p) => p.fails.length,
  unknown: (p) => p.unknowns.length,
  date: (p) => (p.opens !== null ? p.opens : p.closes !== null ? p.closes : Infinity),
};

function pressedTiers() {
  const pressed = [...document.querySelectorAll("[data-tier][aria-pressed=true]")];
  return new Set(pressed.map((button) => Number(button.dataset.tier)));
}

function wanted() {
  const text = form.elements.text.value.trim().toLowerCase();
  const { value: site } = form.elements.site;
  const criterion = form.elements.criterion.value === "" ? null : Number(form.elements.criterion.value);
  const how = form.elements.how.value;
  const changed = form.elements.changed ? form.elements.changed.checked : false;
  const tiers = pressedTiers();
  return (p) =>
    (tiers.size === 0 || tiers.has(p.tier)) &&
    (site === "" || p.site === site.slice(1)) &&
    (criterion === null || stands(p, criterion, how)) &&
    (!changed || p.changes.length > 0) &&
    (text === "" || searchable(p).includes(text));
}

function stands(p, criterion, how) {
  if (how === "fails") return p.fails.includes(criterion);
  if (how === "unknown") return p.unknowns.includes(criterion);
  return p.fails.includes(criterion) || p.unknowns.includes(criterion);
}

// What the text filter looks in: id, what came of it, site, tier, the ids of criteria that fail or are unknown.
function searchable(p) {
  if (!p.text) {
    const ids = [...p.fails, ...p.unknowns].map((place) => run.criteria[place].id);
    p.text = [p.id, p.status, p.site, run.tiers[p.tier].words, ...ids].join(" ").toLowerCase();
  }
  return p.text;
}

function compare(a, b) {
  const key = SORT_KEYS[state.key];
  const [x, y] = [key(a), key(b)];
  if (x !== y) return (x < y ? -1 : 1) * (state.descending ? -1 : 1);
  return a.rank - b.rank;
}

function apply() {
  found = patients.filter(wanted()).sort(compare);
  state.page = 0;
  show();
}

function show() {
  const size = state.all ? Math.max(found.length, 1) : PAGE_ROWS;
  const pages = Math.max(1, Math.ceil(found.length / size));
  const first = state.page * size;
  const part = found.slice(first, first + size);
  body.replaceChildren(...part.map(row));
  const range = part.length ? `${first + 1} to ${first + part.length} of ` : "";
  count.textContent = `${range}${found.length} patients${found.length === patients.length ? "" : " found"}`;
  document.getElementById("before").disabled = state.page === 0;
  document.getElementById("after").disabled = state.page >= pages - 1;
  document.getElementById("all").setAttribute("aria-pressed", String(state.all));
  for (const head of table.querySelectorAll("th[data-key]")) {
    const own = head.dataset.key === state.key;
    if (own) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

function row(p) {
  const open = make("button", { className: "link", attributes: { type: "button" } }, quoted(p.id));
  open.addEventListener("click", () => openPatient(p));
  const changed = p.changes.length ? make("span", { className: "tag", text: newest(p) }) : null;
  const status = p.status ? make("span", { className: "tag", text: p.status }) : null;
  return make(
    "tr",
    {},
    make("td", { className: "number", text: String(p.rank) }),
    make("th", { className: "id", attributes: { scope: "row" } }, open, changed, status),
    make("td", {}, badge(p.tier)),
    make("td", { className: "ids" }, ...failing(p)),
    make("td", { className: "unknowns", text: openFacts(p) }),
    make("td", { className: "dates" }, dates(p), labs(p) ? make("span", { className: "quiet block", text: labs(p) }) : null),
    make("td", { className: "site" }, quoted(p.site)),
  );
}

function newest(p) {
  const kinds = p.changes.map((change) => change[1]);
  if (kinds.includes("new on the list")) return "new";
  return kinds.some((kind) => kind.startsWith("moved")) ? "moved" : "changed";
}

function badge(tier) {
  const { id, sign, words } = run.tiers[tier];
  const mark = make("span", { text: sign, attributes: { "aria-hidden": "true" } });
  return make("span", { className: `badge tier-${id}` }, mark, ` ${words}`);
}

// The criterion in words if there is one, else the ids of all.
function failing(p) {
  if (p.fails.length === 0) return [make("span", { className: "quiet", text: "nothing known" })];
  const told = p.fails.map((place) => run.criteria[place]);
  if (told.length === 1) return [make("b", { text: told[0].id }), ` ${told[0].short}`];
  const named = told.slice(0, MOST_IDS).map((criterion) => criterion.id);
  if (told.length > MOST_IDS) named.push(`${told.length - MOST_IDS} more`);
  return [named.join(", ")];
}

function openFacts(p) {
  const parts = p.lookUps.map((place) => run.criteria[place].id);
  if (parts.length > MOST_IDS) parts.splice(MOST_IDS, Infinity, `${p.lookUps.length - MOST_IDS} more`);
  if (p.asks.length) parts.push(`${p.asks.length} to ask`);
  return parts.join(", ") || "none";
}

function dates(p) {
  if (p.opens !== null) return `opens ${day(p.opens)}`;
  return p.closes !== null ? `holds to ${day(p.closes - 1)}` : "";
}

// Before which day results have to be repeated, for the patient to go on passing.
function labs(p) {
  return p.labs === null ? "" : `repeat labs before ${day(p.labs)}`;
}

function sortBy(key) {
  state.descending = state.key === key ? !state.descending : false;
  state.key = key;
  found.sort(compare);
  state.page = 0;
  show();
}

function turn(pages) {
  state.page += pages;
  show();
  table.scrollIntoView({ block: "start" });
}

function startList() {
  document.getElementById("no-script").remove();
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    for (const button of document.querySelectorAll("[data-tier]")) button.setAttribute("aria-pressed", "false");
    setTimeout(apply);
  });
  for (const button of document.querySelectorAll("[data-tier]")) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  for (const head of table.querySelectorAll("th[data-key]")) {
    head.querySelector("button").addEventListener("click", () => sortBy(head.dataset.key));
  }
  document.getElementById("before").addEventListener("click", () => turn(-1));
  document.getElementById("after").addEventListener("click", () => turn(1));
  document.getElementById("all").addEventListener("click", () => {
    state.all = !state.all;
    state.page = 0;
    show();
  });
  show();
}
