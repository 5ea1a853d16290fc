"""Words that people see, in their language."""

from parvis.kernel.languages import LANGUAGES, Language

LIST_NAME: dict[Language, str] = {"en": "Tasks", "fr": "Tâches", "vi": "Việc cần làm"}
REMINDER_SUBJECT: dict[Language, str] = {
    "en": "Reminder: {title}",
    "fr": "Rappel : {title}",
    "vi": "Nhắc việc: {title}",
}
REMINDER_TEXT: dict[Language, str] = {
    "en": "This is your reminder of the task “{title}”.\n{due}",
    "fr": "Vous avez demandé un rappel de la tâche « {title} ».\n{due}",
    "vi": "Bạn đã đặt lời nhắc cho công việc “{title}”.\n{due}",
}
DUE: dict[Language, str] = {
    "en": "It is due on {day}.\n",
    "fr": "Elle est à rendre le {day}.\n",
    "vi": "Hạn chót là {day}.\n",
}


def language_of(given: object) -> Language:
    """A language of ours; English for any other."""
    return next((language for language in LANGUAGES if language == given), "en")
