"""The words of the pages that strangers see."""

from datetime import date

from parvis.kernel.languages import Language

_WORDS: dict[str, dict[Language, str]] = {
    "gone": {
        "en": "This link leads nowhere (any more).",
        "fr": "Ce lien ne mène nulle part, ou plus.",
        "vi": "Liên kết này không (còn) dẫn đến đâu cả.",
    },
    "choose": {"en": "Choose a time", "fr": "Choisissez un créneau", "vi": "Chọn thời gian"},
    "none": {
        "en": "There is no free time at present.",
        "fr": "Aucun créneau n’est libre pour le moment.",
        "vi": "Hiện không còn thời gian trống.",
    },
    "zone": {"en": "Times are in {zone}.", "fr": "Heures : {zone}.", "vi": "Giờ theo {zone}."},
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
    "keep": {
        "en": "Keep this page's address: with it you can move or cancel.",
        "fr": "Gardez l’adresse de cette page : elle permet de déplacer ou d’annuler.",
        "vi": "Hãy giữ địa chỉ trang này để đổi hoặc hủy lịch.",
    },
}
_WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
}


def say(key: str, language: Language, **values: str) -> str:
    """A sentence in a language."""
    return _WORDS[key][language].format(**values)


def day(of: date, language: Language) -> str:
    """A day with its weekday, the date so that no language mistakes it."""
    return f"{_WEEKDAYS[language][of.weekday()]} {of.isoformat()}"
