"""Words that people see, in their language."""

from datetime import datetime

from parvis.kernel import days
from parvis.kernel.languages import Language

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
    "vi": "Hạn chót: {day}.\n",
}


def day_of(when: datetime, language: Language) -> str:
    """A day, and the time unless it is midnight: `24 December 2026, 18:00`."""
    shown = days.written(when.date(), language, year=True)
    return f"{shown}, {when:%H:%M}" if (when.hour, when.minute) != (0, 0) else shown
