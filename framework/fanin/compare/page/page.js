// Lays the page out: a tab a section, a legend that hides schemes, charts in place of pictures, choices among figures.
const sections = [...document.querySelectorAll("main > section")];
const state = { open: memory.get("open") ?? 0, chosen: memory.get("chosen") ?? {} };
if (state.open >= sections.length) state.open = 0;
for (const scheme of memory.get("hidden") ?? []) if (looks.has(scheme)) hidden.add(scheme);

function legend(section) {
  const names = new Set(chartFigures(section).flatMap((f) => data.figures[f.id].series.map((s) => s.scheme)));
  const box = element("div", { class: "legend", role: "group", "aria-label": "schemes shown in the charts" });
  for (const scheme of data.schemes.map((s) => s.name).filter((name) => names.has(name))) {
    const button = element("button", { type: "button", "aria-pressed": String(!hidden.has(scheme)), title: scheme });
    button.innerHTML = looks.get(scheme).look; // drawn by the program, without any text
    button.append(element("span", {}, shorten(scheme, narrow() ? 29 : 44)));
    button.addEventListener("click", () => {
      hidden.has(scheme) ? hidden.delete(scheme) : hidden.add(scheme);
      button.setAttribute("aria-pressed", String(!hidden.has(scheme)));
      memory.set("hidden", [...hidden]);
      drawCharts(section);
    });
    for (const event of ["mouseenter", "focus"]) button.addEventListener(event, () => !hidden.has(scheme) && highlight(scheme));
    for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => highlight(null));
    box.append(button);
  }
  return box;
}

const chartFigures = (section) => [...section.querySelectorAll("figure")].filter((figure) => data.figures[figure.id]);

function drawCharts(section) {
  for (const chart of charts.splice(0)) chart.destroy();
  if (!window.Chart) return;
  for (const figure of chartFigures(section)) {
    const value = data.figures[figure.id];
    const picture = figure.querySelector(".picture");
    let box = figure.querySelector(".chart");
    if (!box) picture.before((box = element("div", { class: "chart" })));
    figure.classList.add("drawn");
    (value.kind === "rows" ? drawRows : drawLines)(box, picture, value);
  }
}

// Of a group one figure is shown, and a list to choose from.
function addChoices(section, index) {
  const groups = new Map();
  for (const figure of section.querySelectorAll("figure[data-group]:not([data-group=''])"))
    groups.set(figure.dataset.group, [...(groups.get(figure.dataset.group) ?? []), figure]);
  for (const [name, figures] of groups) {
    const key = `${index} ${name}`;
    const choose = (choice) => {
      for (const figure of figures) figure.hidden = figure.dataset.choice !== choice;
      state.chosen[key] = choice;
      memory.set("chosen", state.chosen);
    };
    const choices = figures.map((figure) => figure.dataset.choice);
    const first = choices.includes(state.chosen[key]) ? state.chosen[key] : choices[0];
    const select = element("select", {}, ...choices.map((c) => element("option", c === first ? { value: c, selected: "" } : { value: c }, c)));
    select.addEventListener("change", () => choose(select.value));
    figures[0].before(element("div", { class: "controls" }, element("label", {}, name + ": ", select)));
    choose(first);
  }
}

function openSection(index) {
  state.open = index;
  memory.set("open", index);
  sections.forEach((section, i) => (section.hidden = i !== index));
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const chosen = Number(tab.dataset.index) === index;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  drawCharts(sections[index]);
}

function addTabs() {
  if (sections.length < 2) return;
  const bar = document.getElementById("tabs");
  const tabs = sections.map((section, i) => {
    const heading = section.querySelector("h2");
    const tab = element("button", { type: "button", role: "tab", id: `tab-${section.id}`, "aria-controls": section.id, "data-index": i }, heading.textContent);
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", tab.id);
    heading.classList.add("told"); // on a screen the tab says it
    tab.addEventListener("click", () => openSection(i));
    tab.addEventListener("keydown", (event) => {
      const last = tabs.length - 1;
      const to = { ArrowRight: i === last ? 0 : i + 1, ArrowLeft: i === 0 ? last : i - 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      openSection(to);
      tabs[to].focus();
    });
    return tab;
  });
  bar.hidden = false;
  bar.append(...tabs);
}

// Paper shows what a click would: every detail is open there.
function preparePrint() {
  const closed = () => [...document.querySelectorAll("details:not([open])")];
  let opened = [];
  addEventListener("beforeprint", () => (opened = closed()).forEach((d) => (d.open = true)));
  addEventListener("afterprint", () => opened.splice(0).forEach((d) => (d.open = false)));
}

// While the grid runs the page is written anew again and again; whoever reads or marks something is not interrupted.
function keepLive() {
  const seconds = Number(document.body.dataset.refresh);
  if (!seconds) return;
  setInterval(() => {
    if (document.hidden || !getSelection().isCollapsed || document.activeElement?.matches("select")) return;
    memory.set("scroll", scrollY);
    location.reload();
  }, 1000 * seconds);
  scrollTo(0, memory.get("scroll") ?? 0);
}

if (window.Chart) Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
addTabs();
sections.forEach((section, i) => {
  if (window.Chart && chartFigures(section).length > 0) section.querySelector(".grid").before(legend(section));
  addChoices(section, i);
});
addActions();
if (sections.length > 0) openSection(state.open);
preparePrint();
keepLive();
for (const change of ["(prefers-color-scheme: dark)", NARROW])
  matchMedia(change).addEventListener("change", () => sections.length > 0 && drawCharts(sections[state.open]));
