// The window of a criterion drawn on a small time line: lookback, events, anchor, when it lifts.
const SVG = "http://www.w3.org/2000/svg";
const LINE = { row: 20, top: 22, bottom: 18, label: 150, most: 6, oldest: -1100 };

function draw(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

// The marks of one criterion: stretches of time with a label, and single days that everything hangs on.
function marksOf(one) {
  const windows = one.criterion.windows.map(([label, first, last]) => ({ kind: "window", label, first, last }));
  const events = one.pieces
    .filter((piece) => piece.first !== null || piece.last !== null)
    .slice(0, LINE.most)
    .map((piece) => ({ kind: "event", label: piece.label, first: piece.first, last: piece.last }));
  const days = [{ label: "as of", at: 0 }];
  if (run.enrollment !== 0) days.push({ label: "enrollment", at: run.enrollment });
  if (run.firstDose !== run.enrollment) days.push({ label: "first dose", at: run.firstDose });
  if (one.until !== null) days.push({ label: one.verdict === "f" ? "lifts" : "may change", at: one.until + 1, change: true });
  return { rows: [...merged(windows), ...events], days };
}

// Windows of the same days are one row; a long list of names is told in the window's table.
function merged(windows) {
  const byDays = new Map();
  for (const window of windows) {
    const key = `${window.first} ${window.last}`;
    if (byDays.has(key)) byDays.get(key).label = "window";
    else byDays.set(key, { ...window, label: "window" });
  }
  return [...byDays.values()];
}

function spanOf({ rows, days }) {
  const ends = [...rows.flatMap((mark) => [mark.first, mark.last]), ...days.map((mark) => mark.at)];
  const known = ends.filter((end) => end !== null && end >= LINE.oldest);
  const [low, high] = [Math.min(...known, -14), Math.max(...known, 7)];
  const margin = Math.max(2, Math.round((high - low) * 0.04));
  return [low - margin, high + margin];
}

function timeline(one, width) {
  const marks = marksOf(one);
  if (marks.rows.length === 0) return null;
  const [low, high] = spanOf(marks);
  const label = Math.min(LINE.label, width * 0.32);
  const height = LINE.top + marks.rows.length * LINE.row + LINE.bottom;
  const x = (at) => label + ((Math.min(Math.max(at, low), high) - low) / (high - low)) * (width - label - 8);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "timeline", role: "img", "aria-label": told(marks) });
  marks.rows.forEach((mark, place) => svg.append(...bar(mark, LINE.top + place * LINE.row, x, low, high, label)));
  svg.append(...flags(marks.days, x, height, width));
  svg.append(draw("text", { x: label, y: height - 3, class: "axis" }, day(low)));
  svg.append(draw("text", { x: width - 4, y: height - 3, class: "axis", "text-anchor": "end" }, day(high)));
  return svg;
}

function bar(mark, top, x, low, high, label) {
  const first = mark.first === null ? low : mark.first;
  const last = mark.last === null ? high : mark.last;
  const most = Math.max(4, Math.floor(label / 7));
  const name = mark.label.length > most ? `${mark.label.slice(0, most - 1)}…` : mark.label;
  const parts = [draw("text", { x: 0, y: top + 12, class: "label" }, plain(name))];
  if (last < low) return [...parts, draw("text", { x: x(low), y: top + 12, class: "label" }, `◂ ${day(last)}`)];
  if (mark.kind === "window") {
    parts.push(draw("rect", { x: x(first), y: top + 2, width: Math.max(x(last) - x(first), 2), height: 13, class: "window" }));
  } else if (last - first < 2) {
    parts.push(draw("circle", { cx: x(first), cy: top + 8, r: 4.5, class: "event" }));
  } else {
    parts.push(draw("rect", { x: x(first), y: top + 5, width: Math.max(x(last) - x(first), 3), height: 7, rx: 3, class: "event" }));
  }
  return parts;
}

// The single days as lines from top to bottom; names that would run into one another move aside.
function flags(days, x, height, width) {
  const marks = [...days].sort((a, b) => a.at - b.at).map((mark) => ({ ...mark, x: x(mark.at), half: mark.label.length * 3.2 }));
  let free = -Infinity;
  for (const mark of marks) {
    mark.place = Math.max(mark.x, free + mark.half);
    free = mark.place + mark.half + 6;
  }
  let end = width - 6;
  for (const mark of marks.toReversed()) {
    mark.place = Math.min(mark.place, end - mark.half);
    end = mark.place - mark.half - 6;
  }
  return marks.flatMap((mark) => [
    draw("line", { x1: mark.x, x2: mark.x, y1: 14, y2: height - LINE.bottom, class: mark.change ? "flag change" : "flag" }),
    draw("text", { x: mark.place, y: 10, class: "axis", "text-anchor": "middle" }, mark.label),
  ]);
}

// The same in words, for whoever does not see the picture.
function told({ rows, days }) {
  const stretch = (mark) => {
    const [first, last] = [day(mark.first) || "open", day(mark.last) || "open"];
    return `${mark.label} ${first === last ? first : `${first} to ${last}`}`;
  };
  return `Time line: ${[...rows.map(stretch), ...days.map((mark) => `${mark.label} ${day(mark.at)}`)].join("; ")}`;
}
