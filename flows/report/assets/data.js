"use strict";

// What the page was given: `run` at once, a patient's own line only when somebody opens that patient.
const run = JSON.parse(document.getElementById("run-data").textContent);
const patientLines = document.getElementById("patient-data").textContent.trim().split("\n");

const DAY = 86400000;
const asOf = Date.parse(run.asOf + "T00:00:00Z");

// A number of days from the as-of date as YYYY-MM-DD; nothing for an open end.
function day(offset) {
  return offset === null ? "" : new Date(asOf + offset * DAY).toISOString().slice(0, 10);
}

// A text of the registry without what would reorder or hide it; the data keep it as it is.
function plain(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, "\uFFFD");
}

// An element with its class, its text and what stands in it.
function make(tag, options = {}, ...inside) {
  const element = document.createElement(tag);
  if (options.className) element.className = options.className;
  if (options.text !== undefined) element.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes || {})) element.setAttribute(name, value);
  element.append(...inside.filter((part) => part !== null));
  return element;
}

// A text of the registry, kept from changing the direction of what stands beside it.
function quoted(text) {
  return make("bdi", { text: plain(text) });
}

// One row of the list, by name.
function rowOf(values, place) {
  const [rank, id, site, tier, fails, lookUps, asks, opens, closes, labs, labsFor] = values;
  const unknowns = [...lookUps, ...asks];
  const changes = run.changes[id] || [];
  const [status, cameOfIt] = run.statuses[id] || ["", ""];
  return { place, rank, id, site, tier, fails, unknowns, lookUps, asks, opens, closes, labs, labsFor, changes, status, cameOfIt };
}

const patients = run.list.map(rowOf);

// The criteria of one patient, in protocol order, each with its verdict and the pieces that it rests on.
function judged(patient) {
  const [verdicts, evidence, pieces] = JSON.parse(patientLines[patient.place]);
  return run.criteria.map((criterion, place) => {
    const [letter, word, until, toDo] = run.verdicts[verdicts[place]];
    return {
      criterion,
      verdict: letter,
      word,
      until,
      toDo: run.texts[toDo],
      pieces: evidence[place].map((at) => (at < 0 ? noteOf(run.notes[-1 - at]) : pieceOf(pieces[at]))),
    };
  });
}

function noteOf([label, told]) {
  return { label: run.texts[label], value: run.texts[told], when: "", source: "", notes: "", first: null, last: null };
}

function pieceOf([label, value, table, rows, first, last = first, notes = null, days = ""]) {
  const numbers = Array.isArray(rows) ? rows : [rows];
  const rowWords = numbers.length ? ` ${numbers.length === 1 ? "row" : "rows"} ${numbers.join(", ")}` : "";
  const exact = first === null ? "" : last === first ? day(first) : `${day(first)} to ${day(last) || "no end"}`;
  return {
    label: run.texts[label],
    value,
    when: days || exact,
    source: run.texts[table] + rowWords,
    notes: notes === null ? "" : run.texts[notes],
    first,
    last,
  };
}
