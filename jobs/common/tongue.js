// The language of the pages, en or zh: kept from page to page in their addresses and, where it may, by the browser.
const TONGUE = "nightmarket-language";
function firstTongue() {
  let kept = new URLSearchParams(location.search).get("language");
  try { kept ||= localStorage.getItem(TONGUE); } catch { /* a browser that keeps nothing */ }
  return kept === "zh" || kept === "en" ? kept : (navigator.language || "en").startsWith("zh") ? "zh" : "en";
}
function keepTongue(language) {
  document.documentElement.lang = language;
  try { localStorage.setItem(TONGUE, language); } catch { /* the addresses keep it */ }
  for (const link of document.querySelectorAll('a[href*=".html"]')) {
    const [, page, place] = /^([^?#]*)[^#]*(#.*)?$/.exec(link.getAttribute("href"));
    link.setAttribute("href", `${page}?language=${language}${place || ""}`);
  }
}
