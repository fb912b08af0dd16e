"""Colours of numbers: Okabe and Ito's blue and orange, which colour-blind people tell apart."""

HOT, COLD, MIDDLE = (224, 108, 0), (0, 114, 178), (254, 254, 254)
ON_LIGHT, ON_DARK = "#101214", "#fdfdfd"


def heat(t: float) -> tuple[str, str]:
    """(fill, ink) for t in −1...1: blue below 0, white at 0, orange above; grey for nan."""
    if t != t:
        return "#b9b9b9", ON_LIGHT
    t = max(-1.0, min(1.0, t))
    end = HOT if t > 0 else COLD
    rgb = [round(m + (e - m) * abs(t)) for m, e in zip(MIDDLE, end, strict=True)]
    light = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
    return "#{:02x}{:02x}{:02x}".format(*rgb), ON_LIGHT if light > 130 else ON_DARK
