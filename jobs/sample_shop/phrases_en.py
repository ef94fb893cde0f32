"""English parts of the sample shop's descriptions: how one begins, what it says of each attribute, how it ends.

{brand}, {noun} and {v}, the attribute's value, are the item's; {V} is {v} with a capital, {a_v} with an article. Some
nouns are plural, so {a_noun} (a mug, boots), {it}, {It}, {them}, {is} and {s} (sit{s}) follow the noun. Parts say
nothing of an item that its row does not say.
"""

from __future__ import annotations

PLAIN = "{brand} {noun}."
# shelf -> (beginnings, ends)
SHELVES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Tops": (
        ("{A_noun} from {brand} for the days when getting dressed should take a minute.",
         "Meet the {brand} {noun}: pulled on in the morning, forgotten about until night.",
         "{brand} made this {noun} for people who would rather be out of the door.",
         "Some days begin with {a_noun}. This one is by {brand}."),
        ("Wear it to lunch, to the shops, or to nothing in particular.",
         "Tuck it in or leave it out; both are right.", "Put it on a chair tonight and tomorrow is half planned.",
         "Add your favourite jacket and go."),
    ),
    "Bottoms": (
        ("{brand} {noun}, ready for Monday and not bothered about Friday.",
         "From {brand}: {a_noun} with a place in the week.", "Say hello to the {noun} by {brand}.",
         "The {noun} that {brand} would take on a weekend away."),
        ("Add a shirt and the outfit is done.", "Roll up, sit down, stay a while.",
         "For the walk to work and the long way home.", "Whatever the plan is, that is one decision fewer."),
    ),
    "Outerwear": (
        ("The last thing you put on and the first thing people see: {a_noun} by {brand}.",
         "{A_noun} from {brand}, for leaving the house with.",
         "{brand} thought about front doors and made this {noun}.",
         "Hang this {brand} {noun} by the door."),
        ("Take it along when the evening gets long.", "Good over whatever the day turns out to be.",
         "Coat hooks were invented for this.", "Then close the door behind you and walk."),
    ),
    "Shoes": (
        ("{brand} {noun} for the way there and the way back.", "Put on your coat, then the {noun} by {brand}.",
         "Every walk starts somewhere. These {noun} are by {brand}.", "Keep the {brand} {noun} by the door."),
        ("The bus is late? Then walk.", "For errands, for dinners, for a stroll in between.",
         "Put them on and see where the afternoon goes.", "They know their way around town."),
    ),
    "Bags": (
        ("Keys, phone, a book you may finish: the {noun} by {brand}.", "{A_noun} from {brand} for what you carry.",
         "{brand} made {a_noun}; you decide what goes inside.", "Where is everything? In the {brand} {noun}."),
        ("Pack it in the evening, thank yourself in the morning.", "Off to work, to the station, to a friend.",
         "Put in what the day needs and leave the rest.", "It goes where you go."),
    ),
    "Furniture": (
        ("Make room for the {noun} by {brand}.", "A room changes with one piece: {a_noun} from {brand}.",
         "The {brand} {noun} is for staying in.", "{brand} sends {a_noun} to the corner that still looks empty."),
        ("Put it by the window and see who sits near it first.", "The rest of the room will follow.",
         "A Sunday at home has a new favourite place.", "Guests will ask; now you know what to answer."),
    ),
    "Kitchen": (
        ("The {brand} {noun} belongs on the table, not at the back of a cupboard.",
         "{A_noun} by {brand} for every day.", "Breakfast looks better with {a_noun} from {brand}.",
         "Set the table and begin with the {brand} {noun}."),
        ("For the first cup, for soup, for whoever comes by.", "Use it at breakfast, leave it out until supper.",
         "It is the quiet rituals that make a kitchen.", "Fill it, share it, sit down."),
    ),
    "Decoration": (
        ("{A_noun} by {brand}, for the shelf that is waiting for one.",
         "Sometimes {a_noun} is all that a room lacks.", "{brand} drew {a_noun} to look at twice.",
         "Put the {brand} {noun} where your eyes rest."),
        ("Move it around until it feels at home.", "An evening in needs little more.",
         "On a sideboard, on a sill, on a pile of books.", "All that is missing now is a place."),
    ),
    "Audio": (
        ("Press play: {noun} by {brand}.", "For the song you know by heart: the {brand} {noun}.",
         "{brand} made the {noun} for people who listen to the end.",
         "The day has a soundtrack. {brand} has the {noun}."),
        ("One more chapter, one more album.", "In the kitchen, on the sofa, on the train of thought.",
         "Turn it up or keep it to yourself.", "Then let the playlist run."),
    ),
    "Office": (
        ("A desk is a place too. The {noun} is by {brand}.", "The {brand} {noun} for work that begins on time.",
         "{brand} put {a_noun} where your hands already are.",
         "From the first mail to the last: {a_noun} by {brand}."),
        ("Clear the desk, keep this.", "Meetings come and go.", "For long mornings and for short ones.",
         "Then shut the lid and call it a day."),
    ),
    "Wearables": (
        ("On your wrist from the first coffee on: the {brand} {noun}.", "{brand} brings you {a_noun} for every day.",
         "A glance is enough with the {noun} by {brand}.",
         "Put on the {brand} {noun} and start counting what you like."),
        ("For the run, for the meeting, for neither.", "Wear it and get on with the day.",
         "A turn of the wrist, and on you go.", "Good company on the way to the park."),
    ),
    "Snacks": (
        ("For the hour between lunch and dinner: {brand} {noun}.",
         "{brand} {noun}, because the cupboard should have some.", "Open, pour, pass around: {noun} by {brand}.",
         "Someone at home will ask for the {brand} {noun}."),
        ("Put some in a bowl and hide the rest.", "Take some along for the train.",
         "Good with tea, better with company.", "Share, or do not; nobody is counting."),
    ),
    "Drinks": (
        ("Mornings have a taste: {brand} {noun}.", "Put the kettle on, or do not: {noun} by {brand}.",
         "{brand} {noun} for the first quiet minute.", "A break begins with {noun} from {brand}."),
        ("Pour, sit, breathe out.", "One for now and one for later.", "Make it the way you like it.",
         "The meeting can wait for that."),
    ),
    "Skin care": (
        ("A moment at the mirror with the {brand} {noun}.", "The {brand} {noun} has its place by the basin.",
         "{brand} made this {noun} for mornings and evenings.", "Begin where you are: {a_noun} by {brand}."),
        ("Then the day, or the pillow.", "Keep it where you see it and you will use it.",
         "A quiet moment for yourself.", "Pack it when you travel."),
    ),
    "Bath": (
        ("Close the door, turn on the tap: {brand} {noun}.", "{noun} by {brand} for the end of a long day.",
         "The {brand} {noun} stands by the tap and waits.", "{brand} {noun}, and then just running water."),
        ("Sing along if you like.", "Then a towel, then tea.", "Put one by every basin at home.",
         "Stay a minute longer than planned."),
    ),
    "Fitness": (
        ("Roll up your sleeves: {noun} by {brand}.", "A short session counts. Begin with the {brand} {noun}.",
         "{brand} made this {noun} for the corner of your room.", "Today is as good as Monday: the {brand} {noun}."),
        ("Start, stop, start again.", "Leave it where you will trip over your plans.",
         "Before breakfast or after work.", "Take a breath and begin."),
    ),
    "Camping": (
        ("Pack the {brand} {noun} first and the rest will follow.", "Outside begins with {a_noun} from {brand}.",
         "The {brand} {noun} for people who check the map and go anyway.",
         "{brand} {noun}: Friday evening, the car is loaded."),
        ("Look up: that is the evening programme.", "For the trail you have had in mind.",
         "Come home tired and with a story.", "Whoever arrives late makes the tea."),
    ),
    "Baby": (
        ("For the little one at home: {noun} by {brand}.", "{brand} {noun}, for hands that are always full.",
         "New parents make lists; here {is} the {brand} {noun}.",
         "One thing less to look for at night: the {brand} {noun}."),
        ("Keep one at home and one in the car.", "Into the bag, and out for a walk.", "Then it is time for a nap.",
         "Put it on the list, tick it off, done."),
    ),
    "Pets": (
        ("Somebody has already heard the bag: {brand} {noun}.", "A rustle in the kitchen is enough: {noun} by {brand}.",
         "{brand} {noun} for the one who gets up first.", "A bowl, a wagging tail, {brand} {noun}."),
        ("Say the name and wait a moment.", "Then a walk, or a nap, or both.",
         "Keep the bag shut and the cupboard too.", "The bowl will not stay full for long."),
    ),
    "Stationery": (
        ("Lists, letters, half a poem: {a_noun} by {brand}.", "Open the {brand} {noun} and start in the middle.",
         "{brand} made {a_noun} for what you would forget otherwise.", "Thoughts need a place: the {brand} {noun}."),
        ("A pencil behind the ear, and off you go.", "Fill it and keep it.", "On the train, in bed, in a meeting.",
         "The first page is always a little scary; turn it."),
    ),
}  # fmt: skip

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "colour": ("{It} come{s} in {v}.", "In {v}, {it} get{s} along with what you already own.",
        "We would take {them} in {v}, and that is the colour here.", "The colour is {v}; the mood is yours."),
    "fabric": ("The fabric is {v}.", "Made of {v}, from seam to seam.",
        "{V} is what {it} {is} made of.", "Touch {them} and what you feel is {v}."),
    "size": ("This one is {v}.", "The size is {v}; compare it with what you wear.", "You will find {v} on the label.",
        "Look for {v} if that is your size."),
    "style": ("The look is {v}.", "{V} in style, whatever you pair {them} with.", "{A_v} note, and you set the rest.",
        "Call the style {v}."),
    "upper": ("The material is {v}.", "Made of {v}.", "{V} is what {it} {is} made of.",
        "Touch {them} once and you will know: {v}."),
    "material": ("The material is {v}.", "Made of {v}, and {it} show{s} it.", "It is {v} that catches the light.",
        "{V} sets the tone."),
    "decor": ("The style is {v}.", "{V} in style, wherever you put {them}.",
        "If your home leans towards {v}, here you are.", "{A_v} look for the room you live in."),
    "connection": ("{It} connect{s} by {v}.", "The connection is {v}.", "Join {them} by {v} and carry on.",
        "{V} is how {it} find{s} the rest of your things."),
    "battery": ("{A_v} battery is inside.", "Battery: {v}.", "Plan with {a_v} battery.",
        "{A_v} battery means you can leave the cable in the drawer."),
    "flavour": ("The flavour is {v}.", "The taste: {v}.", "Those who like {v} will be glad.",
        "This pack is the {v} one."),
    "origin": ("{It} come{s} from {v}.", "The origin is {v}.", "{V} is where {it} come{s} from.",
        "From {v} to your table."),
    "weight": ("One pack holds {v}.", "The net weight is {v}.", "One pack: {v}.", "You get {v}."),
    "skin": ("Made for {v} skin.", "If your skin is {v}, this one is meant for you.", "The one for {v} skin.",
        "{V} skin is what it was made for."),
    "scent": ("The scent is {v}.", "It is the {v} one.", "Scent: {v}, for those who like it that way.",
        "You chose {v}? This is it."),
    "volume": ("The bottle holds {v}.", "You get {v}.", "There is room for {v} in it.", "{v} in one bottle."),
    "build": ("Made of {v}.", "The material is {v}.", "{V} is what you hold on to.", "{V} all through."),
    "level": ("Meant for {v} use.", "The level is {v}.", "If {v} is where you are, begin here.",
        "It is the {v} model."),
    "stage": ("For the {v} stage.", "The stage: {v}.", "Made with the {v} stage in mind.", "Right for {v} days."),
    "pet": ("Made for the {v}.", "For the {v} at home.", "The {v} is who it is for.", "One for the {v}."),
    "ruling": ("The pages are {v}.", "Inside, the pages are {v}.", "Open it and the pages are {v}.",
        "{V} pages wait for you."),
}  # fmt: skip

PLURAL = frozenset(
    ("jeans", "shorts", "sneakers", "boots", "sandals", "headphones", "biscuits", "coffee beans", "trekking poles",
     "nappies", "pet treats")
)  # fmt: skip
