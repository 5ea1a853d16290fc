"""Words that the room itself writes, in the three languages."""

from parvis.kernel.days import colon
from parvis.kernel.languages import Language

CALENDAR: dict[Language, str] = {"en": "Calendar", "fr": "Agenda", "vi": "Lịch"}
"""The name of the calendar that everybody begins with."""
BUSY: dict[Language, str] = {"en": "Busy", "fr": "Occupé", "vi": "Bận"}
"""What others see of an event that is private."""
UNTITLED: dict[Language, str] = {"en": "Event", "fr": "Événement", "vi": "Sự kiện"}
WHEN: dict[Language, str] = {"en": "When", "fr": "Quand", "vi": "Thời gian"}
DUE: dict[Language, str] = {"en": "Due", "fr": "Échéance", "vi": "Hạn chót"}
WHERE: dict[Language, str] = {"en": "Where", "fr": "Où", "vi": "Địa điểm"}
FILE: dict[Language, str] = {"en": "File", "fr": "Fichier", "vi": "Tệp"}
REMINDER: dict[Language, str] = {"en": "Reminder", "fr": "Rappel", "vi": "Nhắc nhở"}
APPROVAL: dict[Language, str] = {"en": "To be approved", "fr": "À approuver", "vi": "Cần phê duyệt"}
APPROVE: dict[Language, str] = {
    "en": "{name} asks for {resource}. Accept to approve, decline to refuse: whoever answers first decides.",
    "fr": "{name} demande {resource}. Acceptez pour approuver, refusez pour décliner : la première réponse décide.",
    "vi": "{name} muốn dùng {resource}. Chấp nhận để phê duyệt, từ chối để bác bỏ: ai trả lời trước sẽ quyết định.",
}
TASK: dict[Language, str] = {"en": "Task", "fr": "Tâche", "vi": "Công việc"}
_METHODS: dict[str, dict[Language, str]] = {
    "REQUEST": {"en": "Invitation", "fr": "Invitation", "vi": "Lời mời"},
    "CANCEL": {"en": "Cancelled", "fr": "Annulé", "vi": "Đã hủy"},
    "COUNTER": {"en": "Proposed change", "fr": "Proposition de modification", "vi": "Đề xuất thay đổi"},
    "REFRESH": {"en": "Request for the latest version", "fr": "Demande de mise à jour", "vi": "Yêu cầu cập nhật"},
    "PUBLISH": {"en": "Event", "fr": "Événement", "vi": "Sự kiện"},
}
_ANSWERS: dict[str, dict[Language, str]] = {
    "ACCEPTED": {"en": "Accepted", "fr": "Accepté", "vi": "Đã chấp nhận"},
    "DECLINED": {"en": "Declined", "fr": "Refusé", "vi": "Đã từ chối"},
    "TENTATIVE": {"en": "Tentatively accepted", "fr": "Accepté provisoirement", "vi": "Tạm chấp nhận"},
    "IN-PROCESS": {"en": "In progress", "fr": "En cours", "vi": "Đang thực hiện"},
    "COMPLETED": {"en": "Done", "fr": "Terminé", "vi": "Đã hoàn thành"},
    "DELEGATED": {"en": "Delegated", "fr": "Délégué", "vi": "Đã ủy quyền"},
}
_UNINVITED: dict[Language, str] = {
    "en": "Invitation withdrawn",
    "fr": "Invitation retirée",
    "vi": "Đã rút lời mời",
}
_ANSWER: dict[Language, str] = {"en": "Answer", "fr": "Réponse", "vi": "Trả lời"}


def subject(
    language: Language, method: str, answer: str, title: str, *, task: bool = False, off: bool = True
) -> str:
    """The subject of a letter about an event, or a task; `off`: it does not take place."""
    if task and method == "REQUEST":
        return TASK[language] + colon(language) + title
    said = _ANSWERS.get(answer, _ANSWER) if method == "REPLY" else _METHODS.get(method, UNTITLED)
    if method == "CANCEL" and not off:
        said = _UNINVITED
    return said[language] + colon(language) + title
