"""English parts of three of the shop's writers, each in a voice of its own; `phrases_en.py` has those of the fourth.

A voice has beginnings, sentences that state any attribute by its label, and ends. Its words are those of the voice with
the same name in `schemas/copywriting`, so that a model that learns from the descriptions can tell the writers apart.
"""

from __future__ import annotations

LABELS: dict[str, str] = {
    "colour": "colour", "fabric": "fabric", "size": "size", "style": "style", "upper": "material",
    "material": "material", "decor": "style", "connection": "connection", "battery": "battery", "flavour": "flavour",
    "origin": "origin", "weight": "weight", "skin": "skin type", "scent": "scent", "volume": "volume",
    "build": "material", "level": "level", "stage": "stage", "pet": "for whom", "ruling": "ruling",
}  # fmt: skip

# voice -> (beginnings, sentences about an attribute, ends)
VOICES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "young": (
        ("[New crush|Fresh crush|Tiny crush|Instant crush]: [the |]{brand} {noun}.",
         "[Mood|Today's mood|Weekend mood|Whole mood]: {brand} {noun}[, obviously|, no notes|].",
         "[Okay|So|Right], the {brand} {noun} [just walked in|has a fresh look|is a whole mood|came to say hi].",
         "[Stop scrolling|Thumb off|Hold on] and look: {brand} {noun}.",
         "[Plot twist|Fresh news|Breaking]: we have a crush on the {brand} {noun}."),
        ("{V}[, obviously|, of course|, yes please|, and we like it].",
         "[The {label}|Its {label}]? {V}[, total mood|. Fresh|. Crush].",
         "[We said|You said|Somebody said] {label}, {it} said {v}.",
         "{V} is [such a mood|a whole mood|the look|a fresh look][ today| tonight|].",
         "[A clear yes|A whispered yes|Okay, yes] to {v}[, that is the look|, that is the mood|].",
         "{Label}: {v}[. Mood|. Fresh look|. We are not calm]."),
        ("[Send|Show|Forward] it to [a friend|your group chat|that one friend] and [wait|watch|say nothing].",
         "[Save it|Screenshot it|Pin it] now, [think|dream|decide] later.",
         "[Crush|Mood] [confirmed|explained|saved].", "[Fresh|New] week, [fresh|new] mood[, same you|].",
         "[And|So] that is [the mood|the look|our crush][ for today| this week|]."),
    ),
    "quality": (
        ("[A closer look|One closer look|Time for a closer look]: the {brand} {noun}.",
         "For those who [read the label|notice a detail|take their time]: {brand} {noun}.",
         "[A considered|A quiet, considered|Another considered] {noun} by {brand}.",
         "The {brand} {noun}, [considered|described|told] in [every detail|a few lines|plain terms].",
         "[Begin|Start] with one detail of the {brand} {noun}."),
        ("{Label}: {v}[, stated plainly|, as the label says|, a considered choice|].",
         "[One detail|A detail|The first detail]: the {label} is {v}.",
         "[Note|Consider|Observe] the {label}: {v}[, and nothing else|, nothing added|].",
         "{V}, [worth|which rewards|inviting] a closer look.",
         "The {label} is [given as|stated as|simply] {v}[, a detail that stays|, quietly|].",
         "{V} is the [considered|calm|exact] [answer|choice] here."),
        ("[The rest|All else|Everything else] is [yours to judge|for your own eyes|for a closer look].",
         "[Take|Allow yourself] a closer look[ and decide| in your own time|].",
         "[Praise|Judgement|The verdict] is [yours|with the reader].",
         "[Little more|Nothing more] needs [saying|to be said][; the detail speaks|]."),
    ),
    "bargain": (
        ("[Compare first|Do the maths first|Sit down first], then [decide|come back]: {brand} {noun}.",
         "[Put|Write|Pencil] the {brand} {noun} on [your|the] shortlist.",
         "[For the shortlist|One more for the shortlist|Shortlist entry]: {brand} {noun}.",
         "[Sensible|Very sensible|Calmly sensible]: the {brand} {noun}.",
         "[You compare|You like to compare|Go on, compare]; here {is} the {brand} {noun}."),
        ("{Label}: {v}[, write it down|, tick|, so you can compare|].",
         "[Compare|Check|Line up] the {label}: {v} [here|on this one|in this row].",
         "[In the column|Under|Next to] {label}, put {v}.",
         "{V}, [a sensible entry|one line of the maths|noted on the shortlist].",
         "[The maths|The shortlist|The table] says {label}: {v}.",
         "[No guessing|No need to guess] the {label}; {v} [it is|is on the list]."),
        ("[Do|Finish|Check] the maths, [sleep on it|have tea|then decide].",
         "[Compare|Look around], [take your time|there is no rush], [then choose|come back].",
         "[A minute|Some time] saved [is|counts as] [a minute|time] for [tea|a walk|the sofa].",
         "[Keep|Leave] it on the shortlist [overnight|until tomorrow].",
         "[Sensible|Compared], [sorted|settled|done]."),
    ),
}  # fmt: skip
