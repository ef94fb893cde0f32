"""Whether a text denies rightly what was found in it: "no perfume" of an unscented cream, 不用充电 of a saw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.fact_lock.facts import SAID_IN_TEXT, Claim, ItemFacts
from models.fact_lock.negations import ASKED
from models.fact_lock.vocabulary import Vocabulary

_DETERMINED = re.compile(r" (?:this|these|the|that|its|your|every|each) ")
# Between a denial and the thing no word may turn the denial around: "not only dishwasher safe".
_TO_THING = (
    r"(?: (?:an?|the|any|this|these|your|its|one|single|extra|added|real|in|of|made|from|with|for|to|be|need|needs"
    r"|needed|have|has|had|use|uses|want|wants|put|go|goes|asks? for)){0,2}"
)
_DENIED_BEFORE = re.compile(
    r"(?<![a-z])(?:not|no|(?<!not )(?<!never )(?<!n't )without|never|neither|nor|isn't|aren't|hasn't|haven't|don't)"
    rf"(?:{_TO_THING}|(?: an? [a-z]+,)*(?: an? [a-z]+)? or) $"  # hasn't a plug, a cable or a battery
    # keep it out of the dishwasher
    r"|(?<![a-z])(?<!to )(?<!n't )(?<!not )(?<!never )(?<!why )(?:keep (?:it |them |this |these )?(?:out of|away from)"
    r"|(?:do not|don't|never) (?:put|throw|toss|pop|stick|run) (?:it|them|this|these) (?:in|into|through))(?: the"
    r"| an?)? $"
)
# A thing asked for and granted: "Leather? No less", "Dishwasher? No problem"; and one that there is much of.
_GRANTED = re.compile(
    r"(?:^|(?<=[.;:!?,] ))(?:(?:an?|the|any) )?(?P<asked>[a-z]+(?: [a-z]+)?)\?,? (?:no (?:less|problem|trouble|shortage"
    r"|lack|end|limit|worries|worry|doubt|wonder|fear|matter|need to (?:worry|ask))"
    r"|not (?:an? (?:lot|worry|problem|thin|thick|small|big|bad)|too (?:much|many|little|few)|only|just|merely"
    r"|one but|half|bad)|(?:only|just|but) an? [a-z]+|an? (?:trace|little|touch|hint|drop|bit|lot|few)|plenty|yes|of"
    r" course|sure|naturally)(?![a-z])"
    r"|(?<![a-z])(?:no (?:shortage|lack|end)|(?:not|never) short|plenty|full) of (?:an? |the |its )?(?P<much>[a-z]+)"
)
_DENIED_PHRASE = re.compile(r"(?:not?|without|isn't|aren't)(?: an?| any)? (?P<phrase>[a-z]+[ -][a-z]+)(?![a-z])")
_OUT = re.compile(r"out of (?:the |an? )?")
_KEEP = re.compile(r"(?<![a-z])(?<!to )(?<!n't )(?<!not )(?<!never )(?<!why )keep (?:it |them |this |these )?$")
_ARTICLE = re.compile(
    r"(?:(?:put|throw|toss|pop|stick|run) (?:it|them) (?:in|into|through) (?:the |an? )?|(?:an?|any) )"
)
_DENIED_WORD = re.compile(r"(?:no|without(?: any| an?)?) (?P<word>[a-z]+) ")
_DENIES = re.compile(r"(?:no|not|without|free (?:of|from)|zero|neither|nor) (?:an? |any |added )?")
# The same in Chinese.
# A denial up to the thing denied.
_NEGATES = re.compile(
    "^(?:并?不(?:是|用|必|需要?|占|靠|含|带)?|没有?|无需?|无须|并?非|免|少了?)(?:什么|任何|一个|一点)?"
)
# What stands before the thing; 不只充电 denies nothing, and 没电也能充电 not the second thing.
_BEFORE = re.compile(
    "(?:不(?:用|必|需要?|须|是|靠|带|含|占|会|能|再)(?:(?![也就都还才能的])[\u3400-\u9fff]){0,4}"
    "|(?:没有?|无需|无须|免|少了?)(?:(?![也就都还才能])[\u3400-\u9fff]){0,4})$"
)
# A warning that follows and ends its clause: 大狗别吃, but not 大狗别吃别的.
_WARNED = re.compile(
    "(?:(?:就|请)?(?:别|不要|勿)(?:吃|用|买|喝|碰|穿|戴|选|下单|拍)|请?绕道)(?:它|这[个款袋罐瓶双件]|了|哦|啊|吧)?(?=[,，。;；!！]|$)"
)
# A text that asks back says the opposite: 谁说大狗别吃.
_ASKS_BACK = re.compile("(?:谁说|哪有|哪里?会|难道|怎[么会能])[^,，。;；!！?？]*$")
# What cannot be done with the item: 没法拆下来, 不能丢进洗衣机.
_CANNOT = re.compile(
    "(?:不能|没法|没办法|无法|不可以?|不得)(?:直接|再|单独|整[张条件个只])?(?:[丢扔塞放进拿泡]{1,2})?(?P<what>[一-龥]{2,6})"
)
_REACH = 8  # characters before the thing in which the denial stands


def denies_rightly(claim: Claim, facts: ItemFacts, known: frozenset[str], folded: str) -> bool:
    """Whether the text denies what it names, and the row's words rule it out. known: the values they support."""
    return (
        _denies_truly(claim, known, folded)
        or _denies_nearer(claim, known, folded)
        or _denies_beside(claim, facts, folded)
        or _denies_in_chinese(claim, known, folded)
    )


def grants_ruled_out(folded: str, known: frozenset[str], vocabulary: Vocabulary) -> Iterator[Claim]:
    """Claims of things that the text asks for and grants, and that the facts rule out: "Battery? No problem"."""
    for granted in _GRANTED.finditer(folded):
        thing, place = granted["asked"] or granted["much"], granted.span("asked" if granted["asked"] else "much")
        if any(f"not {value.removeprefix(SAID_IN_TEXT)}" in known for value in vocabulary.values_of(thing)):
            yield Claim("attribute", f"{SAID_IN_TEXT}{thing}", *place)


def _denies_truly(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a pattern found an English denial that the facts support: "no perfume" of an unscented cream."""
    if not claim.is_said:
        return False
    words = claim.words
    denies = _DENIES.match(words)
    if denies is not None and f"not {words[denies.end() :]}" in known:
        return True
    if (out := _OUT.match(words)) and _KEEP.search(folded, 0, claim.start):
        return f"not {words[out.end() :]}" in known
    return (
        f"not {_ARTICLE.sub('', words, count=1)}" in known
        and (_DENIED_BEFORE.search(folded, 0, claim.start) or ASKED.match(folded, claim.end)) is not None
    )


def _denies_nearer(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a negation denies a word that stands before the claim, and that the facts rule out: "no scent added to
    the satin" of an unscented lipstick; or a longer word."""
    if claim.kind != "negation":
        return False
    longer = _DENIED_PHRASE.match(folded, claim.start)
    if longer is not None and longer.end() > claim.end and f"not {longer['phrase']}" in known:
        return True  # "not silver plate": only a part of what is denied is a word of its own
    nearer = _DENIED_WORD.match(folded, claim.start)
    return nearer is not None and nearer.end() < claim.end and f"not {nearer['word']}" in known


def _denies_beside(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a negation seems to deny the item itself, but denies what is said of it: "no end to this scarf"."""
    return (
        claim.kind == "negation"
        and claim.name in facts.kinds
        and _DETERMINED.search(folded, claim.start, claim.end) is not None
    )


def _denies_in_chinese(claim: Claim, known: frozenset[str], folded: str) -> bool:
    """Whether a Chinese text denies rightly: 不用充电 of a saw, 不是牛奶巧克力 of a dark one, 大狗别吃."""
    if claim.kind == "negation":  # the claim may hold only the last word denied, 巧克力
        return f"not {_NEGATES.sub('', folded[claim.start : claim.end])}" in known
    words = claim.words
    if f"not {words}" not in known:
        return False
    if _WARNED.match(folded, claim.end):
        return not _ASKS_BACK.search(folded, 0, claim.start)
    before = _BEFORE.search(folded, max(0, claim.start - _REACH), claim.start)
    return before is not None and claim.is_said


def asks_back(claim: Claim, folded: str) -> bool:
    """Whether a denial is of a question that means the opposite: 谁说不防水."""
    denies = claim.kind == "negation" or folded[claim.start] in "不没"
    return denies and _ASKS_BACK.search(folded, 0, claim.start) is not None


def warns_off(claim: Claim, facts: ItemFacts, folded: str) -> bool:
    """Whether a text turns away those whom the row names: 小型犬请绕道, of food for 小型犬."""
    return (
        _WARNED.match(folded, claim.end) is not None
        and claim.kind == "attribute"
        and facts.says(folded[claim.start : claim.end])
        and not _ASKS_BACK.search(folded, 0, claim.start)
    )


def denies_known(folded: str, known: frozenset[str]) -> Iterator[Claim]:
    """Denials of what follows from the row: 滤网没法拆下来, of a strainer that comes off."""
    for denial in _CANNOT.finditer(folded):
        words = (denial["what"][:end] for end in range(2, len(denial["what"]) + 1))
        if any(f"{SAID_IN_TEXT}{word}" in known for word in words) and not _ASKS_BACK.search(folded, 0, denial.start()):
            yield Claim("negation", f"not {denial['what']}", *denial.span())
