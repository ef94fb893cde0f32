"""Abbreviations of time zones in the text of a time: their minutes east of UTC, and those that mean several zones.

An abbreviation means one offset all year: CET in July is UTC+1; summer time in Paris is CEST.
"""

ABBREVIATIONS: dict[str, int] = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "ZULU", "WET"), 0),
    **dict.fromkeys(("CET", "MET", "WEST"), 60),
    **dict.fromkeys(("CEST", "MEST", "EET", "SAST"), 120),
    **dict.fromkeys(("EEST", "MSK", "TRT"), 180),
    "PKT": 300,
    "WIB": 420,
    **dict.fromkeys(("SGT", "HKT", "AWST"), 480),
    **dict.fromkeys(("JST", "KST"), 540),
    "ACST": 570,
    "AEST": 600,
    "ACDT": 630,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    "NST": -210,
    "NDT": -150,
    "BRT": -180,
    "EDT": -240,
    "EST": -300,
    "MDT": -360,
    **dict.fromkeys(("MST", "PDT"), -420),
    **dict.fromkeys(("PST", "AKDT"), -480),
    "AKST": -540,
    "HST": -600,
}

# Abbreviations of several zones; the shop must write one of these names instead.
AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "CST": ("America/Chicago", "Asia/Shanghai", "America/Havana"),
    "CDT": ("America/Chicago", "America/Havana"),
    "IST": ("Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"),
    "BST": ("Europe/London", "Asia/Dhaka"),
    "AST": ("America/Halifax", "Asia/Riyadh"),
    "ADT": ("America/Halifax", "Asia/Riyadh"),
    "AMT": ("America/Manaus", "Asia/Yerevan"),
    "GST": ("Asia/Dubai", "Atlantic/South_Georgia"),
    "ECT": ("America/Guayaquil", "Europe/Paris"),
    "SST": ("Pacific/Pago_Pago", "Asia/Singapore"),
    "WST": ("Australia/Perth", "Pacific/Apia"),
}
