"""The words of the pages that strangers see."""

from datetime import date, datetime

from parvis.kernel import days
from parvis.kernel.languages import Language

_WORDS: dict[str, dict[Language, str]] = {
    "gone": {
        "en": "This link leads nowhere (any more).",
        "fr": "Ce lien ne mène nulle part, ou plus.",
        "vi": "Liên kết này không (còn) dẫn đến đâu cả.",
    },
    "choose": {"en": "Choose a day", "fr": "Choisissez un jour", "vi": "Chọn ngày"},
    "times": {"en": "Choose a time", "fr": "Choisissez une heure", "vi": "Chọn giờ"},
    "free": {"en": "free times: {count}", "fr": "créneaux libres : {count}", "vi": "giờ trống: {count}"},
    "zones": {"en": "Time zone", "fr": "Fuseau horaire", "vi": "Múi giờ"},
    "show": {"en": "Show in this zone", "fr": "Afficher dans ce fuseau", "vi": "Hiển thị theo múi giờ này"},
    "move": {"en": "Move to this time", "fr": "Déplacer à cette heure", "vi": "Đổi sang giờ này"},
    "none": {
        "en": "There is no free time at present.",
        "fr": "Aucun créneau n’est libre pour le moment.",
        "vi": "Hiện không còn thời gian trống.",
    },
    "zone": {"en": "Times in {zone}", "fr": "Heures de {zone}", "vi": "Giờ theo {zone}"},
    "name": {"en": "Your name", "fr": "Votre nom", "vi": "Tên của bạn"},
    "email": {"en": "Your e-mail address", "fr": "Votre adresse électronique", "vi": "Địa chỉ email của bạn"},
    "note": {
        "en": "What is it about? (optional)",
        "fr": "De quoi s’agit-il ? (facultatif)",
        "vi": "Nội dung (tùy chọn)",
    },
    "book": {"en": "Book", "fr": "Réserver", "vi": "Đặt lịch"},
    "taken": {
        "en": "This time has just been taken; choose another one.",
        "fr": "Ce créneau vient d’être pris ; choisissez-en un autre.",
        "vi": "Thời gian này vừa có người đặt; hãy chọn thời gian khác.",
    },
    "wrong": {
        "en": "A name, an e-mail address and a time are needed.",
        "fr": "Il faut un nom, une adresse électronique et un créneau.",
        "vi": "Cần có tên, địa chỉ email và thời gian.",
    },
    "slow": {
        "en": "Too many bookings; try again later.",
        "fr": "Trop de réservations ; réessayez plus tard.",
        "vi": "Quá nhiều lượt đặt; hãy thử lại sau.",
    },
    "booked": {"en": "It is booked", "fr": "C’est réservé", "vi": "Đã đặt lịch"},
    "told": {
        "en": "An invitation goes to {email}.",
        "fr": "Une invitation part vers {email}.",
        "vi": "Lời mời được gửi đến {email}.",
    },
    "change": {"en": "Choose another time", "fr": "Choisir un autre créneau", "vi": "Chọn thời gian khác"},
    "cancel": {"en": "Cancel", "fr": "Annuler", "vi": "Hủy"},
    "cancelled": {"en": "It is cancelled.", "fr": "C’est annulé.", "vi": "Đã hủy."},
    "again": {"en": "Book another time", "fr": "Réserver un autre créneau", "vi": "Đặt thời gian khác"},
    "keep": {
        "en": "Keep this page's address: with it you can move or cancel.",
        "fr": "Gardez l’adresse de cette page : elle permet de déplacer ou d’annuler.",
        "vi": "Hãy giữ địa chỉ trang này để đổi hoặc hủy lịch.",
    },
}
_SHORT: dict[Language, tuple[str, ...]] = {
    "en": ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
    "fr": ("lu", "ma", "me", "je", "ve", "sa", "di"),
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
}


def say(key: str, language: Language, **values: str) -> str:
    """A sentence in a language."""
    return _WORDS[key][language].format(**values)


def weekdays(language: Language) -> tuple[str, ...]:
    """Their shortest names, Monday first."""
    return _SHORT[language]


def day(of: date, language: Language) -> str:
    """A day with its weekday."""
    return days.written(of, language, weekday=True, year=True)


def month(of: date, language: Language) -> str:
    """A month with its year, to stand above its days."""
    name = days.MONTHS[language][of.month - 1]
    return f"Tháng {name} năm {of.year}" if language == "vi" else f"{name.capitalize()} {of.year}"


def clock(of: datetime) -> str:
    """A time of day."""
    return f"{of:%H:%M}"


def length(minutes: int, language: Language) -> str:
    """How long it lasts."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} {'phút' if language == 'vi' else 'min'}"
    if language == "vi":
        return f"{hours} giờ" + (f" {rest} phút" if rest else "")
    return f"{hours} h" + (f" {rest:02d}" if rest else "")
