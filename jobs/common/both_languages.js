// A page that holds both languages: the button changes which one is seen.
/*tongue.js*/
const tongue = document.getElementById("tongue");
function speak(language) {
  keepTongue(language);
  tongue.lang = language === "zh" ? "en" : "zh";
  tongue.textContent = language === "zh" ? "English" : "中文";
}
tongue.addEventListener("click", () => speak(document.documentElement.lang === "zh" ? "en" : "zh"));
speak(firstTongue());
