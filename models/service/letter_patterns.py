"""Patterns of street addresses as Europe writes them, and of names that a text introduces, greets or signs with.

An address is recognised by a word for a street and a house number ("Hauptstraße 12", "12 rue de la Paix") or, where the
word could name goods as well ("ring", "place", "via"), only with the postcode and the town behind it. A name is
recognised by words that introduce it, or by a greeting or farewell at the place where letters have one. All patterns
take text in NFKC.
"""

from __future__ import annotations

import re

_BLANKS = r"\s{0,3}"  # a bounded number: two unbounded runs side by side would be matched over and over
_UP = "A-ZÀ-ÖØ-ÞĆČĎĐĚĞİŁŃŇŐŘŚŞŠŤŰŹŻŽΑ-ΩА-ЯЁ"
_CAPITAL = rf"(?-i:[{_UP}][\w'’-]{{1,30}}|[{_UP}]\.)"
_WORD = r"[^\W\d_][\w'’-]{0,30}"
_HOUSE_NUMBER = r"\d{1,4}(?: ?[a-z](?![\w'’])| ?(?:bis|ter)\b)?(?!\d|[.,]\d)"
_POSTCODE = r"(?:(?-i:[A-Z]{1,2})-)?(?:\d{5}|\d\d-\d{3}|\d{3} \d\d|\d{4}-\d{3}|(?!19|20)\d{4}(?: ?(?-i:[A-Z]{2})\b)?)"
_TOWN = rf"{_CAPITAL}(?:[ -](?:(?:am|an der|im|in|bei|sur|de|la|les|del) ?)?{_CAPITAL}){{0,2}}"
_IN_TOWN = rf"{_BLANKS}[,\n]?{_BLANKS}{_POSTCODE},? {_TOWN}"
# Five digits show a town that is not capitalised.
_THEN = rf"(?:{_IN_TOWN}|{_BLANKS},{_BLANKS}\d{{5}} {_WORD})?"
_OF = r"(?:(?:de la|de los|de las|della|del|des|de|du|do|da|dos|di|la|le) |(?:de l|dell|d|l)['’] ?)"
_OF_NAME = rf"{_OF}{{0,2}}{_CAPITAL}(?:[ -]{_OF}{{0,2}}{_CAPITAL}){{0,3}}"

STREETS = (
    # Hauptstraße 12, Lange Straße 5, Kerkstraat 7 b, Drottninggatan 4
    re.compile(
        rf"(?<![\w'’-])(?:{_CAPITAL}[ -]){{0,2}}"
        r"(?:[\w'’-]{0,30}(?:straße|strasse|gasse|straat|gracht|gatan|vägen|gade)"
        rf"|[\w'’-]{{0,30}}(?<![a-z])str\.|[\w'’-]{{3,30}}str\.|[\w'’-]{{3,30}}str(?= \d))\s?{_HOUSE_NUMBER}{_THEN}",
        re.I,
    ),
    # 12 rue de la Paix, 3 bis impasse du Moulin, 10 avenue Foch
    re.compile(
        rf"(?<![\w.,-]){_HOUSE_NUMBER},? (?:(?:rue|impasse|allée|chemin|quai|avenue|av\.|boulevard|bd\.?) {_OF_NAME}"
        rf"|rue {_OF}{{0,2}}{_WORD}"
        rf"|(?:place|route|cours|square) {_OF}{{1,2}}{_CAPITAL}(?:[ -]{_OF}{{0,2}}{_CAPITAL}){{0,3}}"
        rf"|(?:place|route|cours|square) {_CAPITAL}(?: {_CAPITAL}){{0,3}}(?={_IN_TOWN})){_THEN}",
        re.I,
    ),
    # Calle Mayor 5, Avenida de la Constitución, 12, ul. Długa 7, Piazza del Duomo 3
    re.compile(
        r"(?<![\w'’-])"
        r"(?:calle|c/|avenida|avda\.?|paseo|plaza|carrer|rua|travessa|viale|piazza|corso|ul\.|ulica|aleja) ?"
        rf"{_OF_NAME},? (?:n[º°o.]\.? ?)?{_HOUSE_NUMBER}{_THEN}",
        re.I,
    ),
    # Am Markt 3, 50667 Köln; Via Roma 10, 00184 Roma; Marktplatz 8, 70173 Stuttgart
    re.compile(
        r"(?<![\w'’-])(?=(?:[^\W\d_]|[ '’.-]){0,60}"
        r"(?:weg|platz|ring|damm|ufer|allee|laan|plein|kade|vej|stien|markt|hof|berg|steig|graben) \d"
        r"|(?:via|am|an der|auf der|im|in der|zum|zur|unter den|rynek|plac|largo|strada|passeig) )"
        rf"{_CAPITAL}(?:[ -](?:{_OF}{{0,2}}{_CAPITAL}|(?:der|den|dem|zum|zur|am|im|an|het|de) )){{0,4}}"
        rf",? {_HOUSE_NUMBER}{_BLANKS}[,\n]{_BLANKS}{_POSTCODE} {_TOWN}",
        re.I,
    ),
)

_PARTICLE = r"(?:von|van|de|der|den|del|della|di|da|dos|la|le|zu|bin|al|ten|ter)"
_NAME = rf"{_CAPITAL}(?: (?:{_PARTICLE} ){{0,2}}{_CAPITAL}){{0,3}}"
_FAREWELL = (
    r"(?:(?:with )?(?:best|kind|kindest|warm|warmest) (?:regards|wishes)|regards|yours (?:sincerely|faithfully|truly)"
    r"|sincerely(?: yours)?|respectfully"
    r"|mit (?:freundlichen|besten|herzlichen|lieben|vielen) grü(?:ß|ss)en|mit freundlichem gru(?:ß|ss)"
    r"|(?:freundliche|viele|liebe|beste|herzliche|schöne) grü(?:ß|ss)e|hochachtungsvoll|mfg|gru(?:ß|ss)"
    r"|(?:bien )?cordialement|bien à vous|(?:sincères|meilleures|cordiales) salutations|respectueusement"
    r"|(?:un )?(?:cordial )?saludos?(?: cordiale?s?)?|atentamente|(?:cordiali|distinti) saluti|saluti"
    r"|atenciosamente|(?:com os )?(?:melhores )?cumprimentos|met vriendelijke groet(?:en)?|vriendelijke groet(?:en)?"
    r"|med vänliga? hälsning(?:ar)?|vänliga hälsningar|med venlig hilsen|med vennlig hilsen|mvh"
    r"|z poważaniem|pozdrawiam)"
)
_THANKS = (
    r"(?:(?:many |best )?thanks|thank you|thx|cheers|danke(?: schön)?|vielen dank|merci(?: d['’]avance)?|gracias"
    r"|grazie)"
)
_LINE_ENDS = r"(?=\s{0,3}[.!]{0,3}\s{0,3}(?:\Z|\n)|[.!] |, )"
_AT_SENTENCE = r"(?:\A|[.!?,;:。\n])\s{0,3}"
_HONORIFIC = (
    r"(?:(?:mr|mrs|ms|miss|mx|dr|prof|herrn?|frau|monsieur|madame|mme|mlle|sra?|señora?|signora?|sig|dhr|mevr|mevrouw"
    r"|meneer|pan|pani)\b\.? ){1,2}"
)
_GREETING = (
    r"(?:dear|hello|hi|hey|good (?:morning|afternoon|evening)|sehr geehrter?|liebe[r]?|hallo|guten (?:tag|morgen|abend)"
    r"|bonjour|bonsoir|chère?|estimad[oa]|querid[oa]|hola|buenos días|buenas tardes|gentile|egregio|car[oa]|buongiorno"
    r"|geachte|beste|hej|kära|bästa|kære|szanown[ya]|olá|prezad[oa])"
)
_NOBODY = (
    r"(?!(?:team|there|sirs?|madam|all|everyone|every|everybody|folks|guys|customer|client|support|service|shop|store|"
    r"seller|ladies|gentlemen|damen|herren|zusammen|kund\w+|kitty|friends?|again|i|we|is|can|could|do|does|where|what|"
    r"when|how|why|please|my|the)\b)"
)
_NO_NAME = r"(?!(?:the|your|my|our|an?|and|from|to|for|i|we|please|it|is|in|ihr\w*|votre|su)\b)"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_GIVEN = rf"(?-i:[{_UP}](?:(?![{_HAN}])[\w'’-]){{1,30}})"  # a word of a name; Chinese words behind it stay
# Each has the words that stay in its first group and the name in its second. "This is" introduces goods as well, so one
# word after it is no name.
INTRODUCED = (
    re.compile(rf"(\b(?:my name is|i am called){_BLANKS})({_GIVEN}(?: (?:{_PARTICLE} ){{0,2}}{_GIVEN}){{0,3}})", re.I),
    re.compile(
        rf"((?:this is|name:|我叫|我是|姓名:?|收[件货]人:?){_BLANKS})"
        rf"({_GIVEN}(?: (?:{_PARTICLE} ){{0,2}}{_GIVEN}){{1,2}})",
        re.I,
    ),
    re.compile(rf"((?:姓名|收[件货]人|联系人) ?: ?)([{_HAN}]{{2,4}}(?=[\s,。;、\d]|\Z)|[{_HAN}]{{2,3}})"),
    re.compile(rf"((?:我叫|收件人){_BLANKS})([{_HAN}]{{2,3}})"),
)
SIGNED = (
    re.compile(rf"({_AT_SENTENCE}{_FAREWELL}{_BLANKS}[,.!:\n-]{{0,3}}{_BLANKS})({_NAME}){_LINE_ENDS}", re.I),
    re.compile(rf"(\b{_FAREWELL}{_BLANKS}[,\n]{_BLANKS})({_NAME}){_LINE_ENDS}", re.I),
    re.compile(
        rf"({_AT_SENTENCE}{_FAREWELL}{_BLANKS}[,\n]{_BLANKS}){_NO_NAME}({_WORD}(?: {_WORD}){{0,2}}){_BLANKS}\Z", re.I
    ),
    re.compile(
        rf"({_AT_SENTENCE}{_THANKS}{_BLANKS}!?[,\n]{_BLANKS})({_CAPITAL}(?: {_CAPITAL})?){_BLANKS}[.!]?{_BLANKS}\Z",
        re.I,
    ),
    re.compile(rf"({_AT_SENTENCE}{_GREETING} {_HONORIFIC}){_NOBODY}({_NAME})", re.I),
    re.compile(
        rf"((?:\A|[.!?\n]){_BLANKS}{_GREETING} ){_NOBODY}({_CAPITAL}(?: {_CAPITAL})?)(?={_BLANKS}[,!\n:])", re.I
    ),
    re.compile(
        rf"((?:此致{_BLANKS}[,。!]?{_BLANKS}敬礼|敬祝\S{{2}}|祝好|顺[颂祝]\S{{2}}|此致){_BLANKS}[,。!:]{{0,3}}{_BLANKS})"
        rf"((?!敬礼)[{_HAN}]{{2,4}})(?={_BLANKS}(?:\Z|[\n,。\d]))"
    ),
    re.compile(rf"((?:尊敬的|亲爱的){_BLANKS})([{_HAN}]{{1,3}}?)(?=先生|女士|小姐|太太|经理|老师)"),
    re.compile(rf"((?:\A|[\s,。!?]){_BLANKS})([{_HAN}]{{2,3}}?)(?={_BLANKS}(?:敬上|谨上|敬启|拜上))"),
    re.compile(rf"((?:落款|署名|联系人|签名){_BLANKS}:{_BLANKS})([{_HAN}]{{2,4}}|{_NAME})(?={_BLANKS}(?:\Z|[\s,。;]))"),
)
