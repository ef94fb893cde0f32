// What the pages have in common on which a person approves and blocks.
// A page defines WORDS (en and zh), FILTERS, PAGE (cards at a time) and DECIDED (what on, the setting, the file) before;
// after it cardOf(row), searched(row), optionName(filter, value) and headline(), and calls begin().
/*tongue.js*/
const decisions = new Map();  // key -> what was decided, and the entry of the file that says so
let words = WORDS[firstTongue()];
let limit = PAGE;

const byId = id => document.getElementById(id);
const make = (tag, text, name) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  return node;
};
// Invisible characters, and those that reverse the text, are shown by their number.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const seen = c => "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

function decide(key, what, entry) {
  if (decisions.get(key)?.what === what) decisions.delete(key);
  else decisions.set(key, { what, entry });
  draw();
}

const chosen = name => byId(`filter-${name}`).value;
function matching() {
  const wanted = byId("filter-search").value.trim().toLowerCase();
  return DATA.rows.filter(row => FILTERS.every(name => !chosen(name) || row[name] === chosen(name)) &&
    (!wanted || searched(row).some(text => (text || "").toLowerCase().includes(wanted))));
}

const quoted = text => '"' + Array.from(text).map(c => c === '"' || c === "\\" ? "\\" + c :
  HIDDEN.test(c) ? "\\u" + c.codePointAt(0).toString(16).padStart(4, "0") : c).join("") + '"';
function toml() {
  const parts = [`# ${decisions.size} decisions on ${DECIDED.on} of ${DATA.date}; name this file in the setting ${DECIDED.setting}`];
  for (const { what, entry } of decisions.values())
    parts.push(`[[${what}]]\n` + Object.entries(entry).map(([key, value]) => `${key} = ${quoted(value)}`).join("\n"));
  return parts.join("\n\n") + "\n";
}

function draw() {
  const found = matching();
  byId("rows").replaceChildren(...found.slice(0, limit).map(cardOf));
  byId("count").textContent = words.count(Math.min(limit, found.length), found.length);
  byId("more").hidden = found.length <= limit;
  byId("toml").value = toml();
}

function label() {
  keepTongue(words === WORDS.zh ? "zh" : "en");
  document.title = `${words.title} ${DATA.date}`;
  byId("title").replaceChildren(`${words.title} `, make("span", DATA.date));
  byId("lead").textContent = words.lead(DATA);
  for (const id of ["tongue", "home", "more", "decided", "how", "save"]) byId(id).textContent = words[id];
  headline();
  const before = Object.fromEntries(["search", ...FILTERS].map(name => [name, byId(`filter-${name}`)?.value ?? ""]));
  const form = byId("filters");
  form.replaceChildren();
  for (const name of ["search", ...FILTERS]) {
    const field = make(name === "search" ? "input" : "select");
    field.id = `filter-${name}`;
    if (name === "search") field.type = "search";
    else for (const value of ["", ...new Set(DATA.rows.map(row => row[name]))].sort()) {
      const option = make("option", value ? optionName(name, value) : words.all);
      option.value = value;
      field.append(option);
    }
    field.value = before[name];
    for (const event of ["input", "change"]) field.addEventListener(event, () => { limit = PAGE; draw(); });
    const box = make("label", words[name]);
    box.append(field);
    form.append(box);
  }
  draw();
}

function begin() {
  byId("filters").addEventListener("submit", event => event.preventDefault());
  byId("more").addEventListener("click", () => { limit += PAGE; draw(); });
  byId("tongue").addEventListener("click", () => { words = words === WORDS.en ? WORDS.zh : WORDS.en; label(); });
  byId("save").addEventListener("click", () => {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([toml()], { type: "application/toml" }));
    link.download = DECIDED.file;
    link.click();
  });
  label();
}
