/*both_languages.js*/
const PAGE = 40;  // entries shown at a time

// A search hides what does not match; without this script everything is there to be read.
for (const list of document.querySelectorAll("[data-searched]")) {
  const field = document.getElementById(list.dataset.searched);
  const ones = [...list.querySelectorAll(".one")].map(node => [node, node.textContent.toLowerCase()]);
  const told = field.closest("section").querySelector(".found");
  const more = list.classList.contains("entries") ? list.nextElementSibling : null;
  let limit = more ? PAGE : Infinity;
  const show = () => {
    const wanted = field.value.trim().toLowerCase();
    let found = 0;
    for (const [node, text] of ones) {
      const matches = !wanted || text.includes(wanted);
      node.hidden = !(matches && found < limit);
      found += matches;
    }
    told.textContent = wanted ? `${found} / ${ones.length}` : "";
    if (more) more.hidden = found <= limit;
  };
  field.parentElement.hidden = false;
  field.addEventListener("input", () => { limit = more ? PAGE : Infinity; show(); });
  more?.addEventListener("click", () => { limit += PAGE; show(); });
  show();
}
