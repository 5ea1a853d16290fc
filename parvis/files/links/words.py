"""What the pages of links say."""

from parvis.kernel.languages import Language

WORDS: dict[str, dict[Language, str]] = {
    "gone": {
        "fr": "Ce lien n’existe pas ou n’est plus valable.",
        "vi": "Liên kết này không tồn tại hoặc không còn hiệu lực.",
        "en": "This link does not exist or is no longer valid.",
    },
    "wait": {
        "fr": "Trop d’essais. Réessayez dans quelques minutes.",
        "vi": "Thử quá nhiều lần. Hãy thử lại sau vài phút.",
        "en": "Too many tries. Try again in a few minutes.",
    },
    "shared_by": {"fr": "Partagé par {who}", "vi": "{who} đã chia sẻ", "en": "Shared by {who}"},
    "until": {"fr": "Jusqu’au {date}", "vi": "Đến {date}", "en": "Until {date}"},
    "password": {
        "fr": "Ce lien est protégé par un mot de passe.",
        "vi": "Liên kết này được bảo vệ bằng mật khẩu.",
        "en": "This link is protected by a password.",
    },
    "password_label": {"fr": "Mot de passe", "vi": "Mật khẩu", "en": "Password"},
    "wrong": {
        "fr": "Ce n’est pas le bon mot de passe.",
        "vi": "Mật khẩu không đúng.",
        "en": "This is not the right password.",
    },
    "open": {"fr": "Ouvrir", "vi": "Mở", "en": "Open"},
    "download": {"fr": "Télécharger", "vi": "Tải xuống", "en": "Download"},
    "whole": {
        "fr": "Tout télécharger (ZIP)",
        "vi": "Tải tất cả xuống (ZIP)",
        "en": "Download all (ZIP)",
    },
    "too_many": {
        "fr": "Ce dossier contient trop de fichiers pour une seule archive. Ouvrez-le et prenez-le par parties.",
        "vi": "Thư mục này có quá nhiều tệp cho một tệp nén. Hãy mở ra và tải từng phần.",
        "en": "This folder holds too many files for one archive. Open it and take it in parts.",
    },
    "name": {"fr": "Nom", "vi": "Tên", "en": "Name"},
    "size": {"fr": "Taille", "vi": "Kích thước", "en": "Size"},
    "empty": {"fr": "Ce dossier est vide.", "vi": "Thư mục này trống.", "en": "This folder is empty."},
    "more": {
        "fr": "Seuls les {count} premiers fichiers sont affichés.",
        "vi": "Chỉ hiển thị {count} tệp đầu tiên.",
        "en": "Only the first {count} files are shown.",
    },
    "back": {"fr": "Dossier parent", "vi": "Thư mục cha", "en": "Folder above"},
    "upload": {
        "fr": "Déposez des fichiers pour {who}",
        "vi": "Gửi tệp cho {who}",
        "en": "Put files here for {who}",
    },
    "choose": {"fr": "Fichiers à envoyer", "vi": "Tệp cần gửi", "en": "Files to send"},
    "sender": {"fr": "Votre nom", "vi": "Tên của bạn", "en": "Your name"},
    "send": {"fr": "Envoyer", "vi": "Gửi", "en": "Send"},
    "received": {
        "fr": "Reçu : {names}. Merci.",
        "vi": "Đã nhận: {names}. Cảm ơn bạn.",
        "en": "Received: {names}. Thank you.",
    },
    "nothing": {"fr": "Aucun fichier n’a été choisi.", "vi": "Chưa chọn tệp nào.", "en": "No file was chosen."},
    "full": {
        "fr": "Il n’y a plus de place, ou le fichier est trop grand.",
        "vi": "Không còn chỗ, hoặc tệp quá lớn.",
        "en": "There is no room left, or the file is too large.",
    },
    "look_only": {
        "fr": "Consultation seulement.",
        "vi": "Chỉ xem.",
        "en": "For looking only.",
    },
    "no_preview": {
        "fr": "Aucun aperçu de ce fichier.",
        "vi": "Không có bản xem trước của tệp này.",
        "en": "There is no preview of this file.",
    },
    "infected": {
        "fr": "Ce fichier contient un virus et n’est pas transmis.",
        "vi": "Tệp này có vi-rút và không được gửi đi.",
        "en": "This file holds a virus and is not handed out.",
    },
    "unchecked": {
        "fr": "Ce fichier n’a pas encore été examiné. Réessayez dans un instant.",
        "vi": "Tệp này chưa được kiểm tra. Hãy thử lại sau giây lát.",
        "en": "This file has not been looked at yet. Try again in a moment.",
    },
    "mail_subject": {
        "fr": "{who} vous envoie : {name}",
        "vi": "{who} gửi cho bạn: {name}",
        "en": "{who} sends you: {name}",
    },
    "mail_text": {
        "fr": "{who} met un fichier à votre disposition : {name}\n\n{url}\n",
        "vi": "{who} chia sẻ với bạn một tệp: {name}\n\n{url}\n",
        "en": "{who} has a file for you: {name}\n\n{url}\n",
    },
    "mail_until": {
        "fr": "Le lien est valable jusqu’au {date}.\n",
        "vi": "Liên kết có hiệu lực đến {date}.\n",
        "en": "The link is good until {date}.\n",
    },
    "receipt_subject": {
        "fr": "{name} : reçu",
        "vi": "{name}: biên nhận",
        "en": "{name}: receipt",
    },
    "receipt_download": {
        "fr": "{file} a été téléchargé par le lien « {name} » le {date}.\n",
        "vi": "{file} đã được tải xuống qua liên kết “{name}” lúc {date}.\n",
        "en": "{file} was downloaded by the link “{name}” at {date}.\n",
    },
    "receipt_upload": {
        "fr": "{file} a été déposé par le lien « {name} » le {date}.\n",
        "vi": "{file} đã được gửi qua liên kết “{name}” lúc {date}.\n",
        "en": "{file} was brought by the link “{name}” at {date}.\n",
    },
}


def say(key: str, language: Language, **values: object) -> str:
    """A sentence in a language."""
    return WORDS[key][language].format(**values)
