// Takes figures and tables out of the page: files of figures, tables on the clipboard.
const notice = element("p", { class: "status", role: "status", "aria-live": "polite" });
document.body.append(notice);
function say(text) {
  notice.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (notice.textContent = ""), 4000);
}

const fileName = (title, ending) => title.normalize("NFC").replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 80) + "." + ending;

function download(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  say(`saved ${name}`);
}

// The picture as it is in the page: its colours on white are attributes, which a file keeps.
const svgText = (figure) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(figure.querySelector(".picture > svg"))}\n`;

function figureName(figure) {
  return `${figure.closest("section").querySelector("h2").textContent} ${figure.querySelector("h3").textContent}`;
}

const saveSvg = (figure) => download(fileName(figureName(figure), "svg"), new Blob([svgText(figure)], { type: "image/svg+xml" }));

function savePng(figure) {
  const svg = figure.querySelector(".picture > svg");
  const { width, height } = svg.viewBox.baseVal;
  const zoom = 3;
  const image = new Image();
  image.onerror = () => say("this browser cannot draw the figure");
  image.onload = () => {
    const canvas = element("canvas");
    [canvas.width, canvas.height] = [zoom * width, zoom * height];
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download(fileName(figureName(figure), "png"), blob), "image/png");
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svgText(figure));
}

// Pages from disk may not use the clipboard's newer interface: the older one is there for them.
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", { class: "copied", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return say("this browser does not let a page copy");
  }
  say(`copied the table as ${what}`);
}

function buttons(label, ...actions) {
  const group = element("div", { class: "actions", role: "group", "aria-label": label }, element("span", {}, label));
  for (const [text, act] of actions) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", act);
    group.append(button);
  }
  return group;
}

function addActions() {
  for (const figure of document.querySelectorAll("figure"))
    figure.append(buttons("Save as", ["SVG", () => saveSvg(figure)], ["PNG", () => savePng(figure)]));
  for (const table of document.querySelectorAll(".table")) {
    const texts = data.tables[table.id];
    table.append(buttons("Copy as", ...Object.entries(texts).map(([language, text]) => [language, () => copy(text, language)])));
  }
}
