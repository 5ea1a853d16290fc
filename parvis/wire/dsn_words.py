"""What reports say to people, in each language."""

from parvis.kernel.languages import Language

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "sender": "Mail delivery",
        "subject_failed": "Your message could not be delivered",
        "subject_delayed": "Your message is delayed",
        "subject_delivered": "Your message was delivered",
        "failed": "Your message could not be delivered to:",
        "delayed": "Your message has not been delivered yet; it will be tried again. You need not send it again:",
        "ok": "Your message was delivered to, or passed on for:",
        "said": "The server {host} answered:",
        "answer": "Reason:",
        "until": "It will be tried until",
        "returned_full": "Your message follows.",
        "returned_header": "The header of your message follows.",
    },
    "fr": {
        "sender": "Distribution du courrier",
        "subject_failed": "Votre message n’a pas pu être remis",
        "subject_delayed": "Votre message est retardé",
        "subject_delivered": "Votre message a été remis",
        "failed": "Votre message n’a pas pu être remis à :",
        "delayed": "Votre message n’a pas encore été remis ; de nouveaux essais suivront, inutile de le renvoyer :",
        "ok": "Votre message a été remis ou transmis à :",
        "said": "Le serveur {host} a répondu :",
        "answer": "Raison :",
        "until": "Les essais continueront jusqu’au",
        "returned_full": "Votre message est joint.",
        "returned_header": "L’en-tête de votre message est joint.",
    },
    "vi": {
        "sender": "Hệ thống chuyển thư",
        "subject_failed": "Không gửi được thư của bạn",
        "subject_delayed": "Thư của bạn đến chậm",
        "subject_delivered": "Thư của bạn đã được gửi đến",
        "failed": "Không gửi được thư của bạn đến:",
        "delayed": "Thư của bạn chưa đến nơi; hệ thống sẽ thử lại, bạn không cần gửi lại:",
        "ok": "Thư của bạn đã đến hoặc đã được chuyển tiếp cho:",
        "said": "Máy chủ {host} trả lời:",
        "answer": "Lý do:",
        "until": "Hệ thống sẽ thử lại đến",
        "returned_full": "Thư của bạn được đính kèm.",
        "returned_header": "Phần đầu thư của bạn được đính kèm.",
    },
}

# Subject and detail of an enhanced status (RFC 3463 §3), the longest beginning wins.
_WHY: dict[str, tuple[str, str, str]] = {
    "1.1": (
        "There is no such mailbox; please check the address.",
        "Cette adresse n’existe pas ; veuillez la vérifier.",
        "Địa chỉ này không tồn tại; hãy kiểm tra lại.",
    ),
    "1.2": (
        "There is no such domain; please check what follows the @.",
        "Ce domaine n’existe pas ; veuillez vérifier ce qui suit le @.",
        "Tên miền này không tồn tại; hãy kiểm tra phần sau dấu @.",
    ),
    "1": (
        "The address is not accepted.",
        "L’adresse n’est pas acceptée.",
        "Địa chỉ không được chấp nhận.",
    ),
    "2.1": (
        "The mailbox is closed.",
        "La boîte aux lettres est fermée.",
        "Hộp thư đã bị đóng.",
    ),
    "2.2": (
        "The mailbox is full.",
        "La boîte aux lettres est pleine.",
        "Hộp thư đã đầy.",
    ),
    "2": (
        "The mailbox does not accept the message.",
        "La boîte aux lettres n’accepte pas le message.",
        "Hộp thư không nhận thư này.",
    ),
    "3.4": (
        "The message is too large for the other server.",
        "Le message est trop volumineux pour l’autre serveur.",
        "Thư quá lớn đối với máy chủ bên kia.",
    ),
    "4.7": (
        "The other server could not be reached in time; no more attempts will be made.",
        "L’autre serveur n’a pas pu être joint à temps ; il n’y aura plus d’essai.",
        "Không liên lạc được với máy chủ bên kia trong thời hạn; hệ thống sẽ không thử nữa.",
    ),
    "4": (
        "The other server cannot be reached.",
        "L’autre serveur est injoignable.",
        "Không liên lạc được với máy chủ bên kia.",
    ),
    "6": (
        "The other server cannot read this form of message.",
        "L’autre serveur ne sait pas lire cette forme de message.",
        "Máy chủ bên kia không đọc được dạng thư này.",
    ),
    "7": (
        "The other server refuses the message by its rules.",
        "L’autre serveur refuse le message selon ses règles.",
        "Máy chủ bên kia từ chối thư theo quy định của họ.",
    ),
    "": (
        "The other server does not accept the message.",
        "L’autre serveur n’accepte pas le message.",
        "Máy chủ bên kia không nhận thư này.",
    ),
}
_COLUMNS: tuple[Language, ...] = ("en", "fr", "vi")


def explanation(status: str, language: Language) -> str:
    """One sentence for an enhanced status such as `5.1.1`."""
    _, _, rest = status.partition(".")
    subject = rest.partition(".")[0]
    sentences = _WHY.get(rest) or _WHY.get(subject) or _WHY[""]
    return sentences[_COLUMNS.index(language)]
