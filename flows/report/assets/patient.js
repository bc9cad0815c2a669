// The panel of one patient: every criterion with its sentence, verdict, evidence and time line.
const dialog = document.getElementById("patient");
const panel = document.getElementById("patient-body");
let current = null;

const VERDICTS = {
  inclusion: { p: ["met", "✓ met"], f: ["not-met", "✕ not met"] },
  exclusion: { p: ["met", "✓ not excluded"], f: ["not-met", "✕ excluded"] },
};
const UNKNOWN = ["unknown", "? unknown"];
const NOT_APPLICABLE = ["none", "– not applicable"];
const GROUPS = [
  ["Stands in the way", (one) => one.verdict === "f", true],
  ["To look up", (one) => one.verdict === "u" && !toAsk(one), true],
  ["To ask and attest", (one) => one.verdict === "u" && toAsk(one), true],
  ["Met", (one) => one.verdict === "p", false],
  ["Not applicable", (one) => one.verdict === "n", false],
];

function toAsk(one) {
  return one.word === "needs_attestation";
}

function openPatient(p) {
  current = p;
  // Open first: the time lines are as wide as the panel.
  if (!dialog.open) dialog.showModal();
  render(p);
  dialog.scrollTop = 0;
  document.getElementById("patient-title").focus();
}

function render(p) {
  const all = judged(p);
  document.getElementById("patient-title").replaceChildren("Patient ", quoted(p.id));
  const place = found.indexOf(p);
  document.getElementById("previous").disabled = place <= 0;
  document.getElementById("next").disabled = place < 0 || place >= found.length - 1;
  panel.replaceChildren(summary(p), changesOf(p) || "", ...GROUPS.map((group) => groupOf(group, all)).filter(Boolean));
}

function summary(p) {
  const facts = [
    ["Rank", String(p.rank)],
    ["Site", plain(p.site) || "not stated"],
    ["Fails", `${p.fails.length} of ${run.criteria.length}`],
    ["Unknown", openFacts(p)],
  ];
  if (dates(p)) facts.push(["Date", dates(p)]);
  if (p.labs !== null) {
    const criteria = p.labsFor.map((place) => run.criteria[place].id).join(", ");
    facts.push(["Repeat labs", `before ${day(p.labs)} (${criteria})`]);
  }
  if (p.cameOfIt) facts.push(["What came of it", plain(p.cameOfIt)]);
  const list = make("dl", { className: "facts" });
  list.append(make("div", {}, make("dt", { text: "Tier" }), make("dd", {}, badge(p.tier))));
  for (const [name, value] of facts) {
    list.append(make("div", {}, make("dt", { text: name }), make("dd", { text: value })));
  }
  return list;
}

function changesOf(p) {
  if (p.changes.length === 0) return null;
  const lines = p.changes.map(([criterion, change, before, after, causes]) => {
    const what = criterion ? `${criterion}: ` : `${change}: `;
    return make("li", { text: plain(`${what}${before || "not there"} → ${after || "not there"}${causes ? ` (${causes})` : ""}`) });
  });
  return make("section", { className: "note" }, make("h3", { text: "Since the last run" }), make("ul", {}, ...lines));
}

function groupOf([title, belongs, open], all) {
  const own = all.filter(belongs);
  if (own.length === 0) return null;
  const heading = make("h3", { text: `${title} (${own.length})` });
  const group = make("details", { className: "group" }, make("summary", {}, heading), ...own.map(criterionOf));
  group.open = open;
  return group;
}

function criterionOf(one) {
  const { criterion } = one;
  const [name, words] = (VERDICTS[criterion.kind][one.verdict]) || (one.verdict === "u" ? UNKNOWN : NOT_APPLICABLE);
  const why = run.words[one.word];
  const head = make(
    "h4",
    {},
    make("span", { className: "criterion-id", text: criterion.id }),
    make("span", { className: `badge verdict-${name}`, text: words }),
    why ? make("span", { className: "why", text: why }) : null,
  );
  return make(
    "article",
    { attributes: { "data-criterion": criterion.id, "data-verdict": one.verdict } },
    head,
    make("blockquote", {}, ...criterion.protocol.map((sentence) => make("p", { text: sentence }))),
    "fu".includes(one.verdict) ? make("p", { className: "ask", text: one.toDo }) : null,
    evidenceOf(one),
    timeline(one, Math.max(280, Math.min(panel.clientWidth || 760, 760))),
    make("p", { className: "quiet", text: `${lasts(one.until)}${readAs(criterion)}` }),
  );
}

function lasts(until) {
  return until === null ? "Time alone does not change it." : `Holds through ${day(until)} if no data come.`;
}

function readAs(criterion) {
  return criterion.readings.length ? ` Read as: ${criterion.readings.join("; ")}.` : "";
}

function evidenceOf(one) {
  if (one.pieces.length === 0) return null;
  const rows = one.pieces.map((piece) =>
    make(
      "tr",
      {},
      make("th", { text: piece.label, attributes: { scope: "row" } }),
      make("td", {}, quoted(piece.value), piece.notes ? make("span", { className: "notes", text: piece.notes }) : null),
      make("td", { text: piece.when }),
      make("td", { className: "quiet", text: piece.source }),
    ),
  );
  const heads = ["What", "Value", "When", "Source"].map((text) => make("th", { text, attributes: { scope: "col" } }));
  const caption = make("caption", { className: "unseen", text: `What ${one.criterion.id} rests on` });
  return make(
    "table",
    { className: "evidence" },
    caption,
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows),
  );
}

function step(places) {
  const next = found[found.indexOf(current) + places];
  if (next) openPatient(next);
}

function startPatient() {
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("close").addEventListener("click", () => dialog.close());
  document.getElementById("print").addEventListener("click", () => window.print());
  dialog.addEventListener("close", () => {
    if (!dialog.open) panel.replaceChildren();
  });
  const byId = new Map(patients.map((p) => [p.id, p]));
  for (const button of document.querySelectorAll("button[data-patient]")) {
    const p = byId.get(button.dataset.patient);
    if (p) button.addEventListener("click", () => openPatient(p));
    else button.replaceWith(quoted(button.dataset.patient));
  }
  window.addEventListener("beforeprint", () => asPartOfThePage(true));
  window.addEventListener("afterprint", () => asPartOfThePage(false));
}

// What lies on top of a page cannot go on on the next sheet of paper: a patient is printed as part of the page.
function asPartOfThePage(printing) {
  if (!dialog.open) return;
  dialog.close();
  if (printing) dialog.show();
  else dialog.showModal();
}

startList();
startPatient();
