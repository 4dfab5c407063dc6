// What the program wrote: schemes with their looks, figures of rows and lines, every table in three languages. All numbers
// come from there; the script computes none.
const data = JSON.parse(document.getElementById("data").textContent);
const hidden = new Set();

const looks = new Map(data.schemes.map((scheme) => [scheme.name, scheme]));
const shown = (figure) => figure.series.filter((series) => !hidden.has(series.scheme));

// A page that reloads itself, or is reloaded, goes on where it was. Without storage it begins anew.
const memory = {
  get(name) {
    try { return JSON.parse(sessionStorage.getItem("fanin " + name)); } catch { return null; }
  },
  set(name, value) {
    try { sessionStorage.setItem("fanin " + name, JSON.stringify(value)); } catch { /* as said */ }
  },
};

function element(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

function shorten(text, length) {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) * 0.4);
  return text.slice(0, length - 1 - tail) + "…" + text.slice(text.length - tail);
}

// A value as its axis is marked: shares in percent.
function valueText(axis, value) {
  if (value === null || value === undefined) return "–";
  if (axis.title.includes("%")) return (100 * value).toFixed(2) + " %";
  if (axis.title === "percentage points") return (value > 0 ? "+" : "") + (100 * value).toFixed(2);
  const size = Math.abs(value);
  return size === 0 || (size >= 0.001 && size < 100000) ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

function intervalText(axis, point) {
  const [low, high] = point.slice(2);
  return low === null || low === undefined ? "" : ` [${valueText(axis, low)}, ${valueText(axis, high)}]`;
}
