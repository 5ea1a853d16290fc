"""What `parvis mail` and `parvis doctor mail` say, in three languages; findings: mail.doctor.words."""

from parvis.kernel.languages import Language

TEXTS: dict[str, dict[Language, str]] = {
    "no-domains": {
        "en": "no mail domain is set (setting `domains`)",
        "fr": "aucun domaine de courrier n'est défini (réglage `domains`)",
        "vi": "chưa đặt tên miền thư nào (thiết lập `domains`)",
    },
    "key-signs": {
        "en": "signs now; must be in DNS",
        "fr": "signe maintenant ; doit être dans le DNS",
        "vi": "đang ký; phải có trong DNS",
    },
    "key-next": {
        "en": "signs from {day} on; set it now",
        "fr": "signera à partir du {day} ; à définir maintenant",
        "vi": "sẽ ký từ ngày {day}; hãy đặt ngay",
    },
    "key-old": {
        "en": "no longer signs; leave it in DNS until {day}",
        "fr": "ne signe plus ; à laisser dans le DNS jusqu'au {day}",
        "vi": "không còn ký; hãy giữ trong DNS đến ngày {day}",
    },
    "vault-until": {
        "en": "until {day}",
        "fr": "jusqu'au {day}",
        "vi": "đến ngày {day}",
    },
    "vault-which": {
        "en": "name messages by their ids, or --all",
        "fr": "nommez des messages par leurs identifiants, ou --all",
        "vi": "hãy nêu mã các thư, hoặc --all",
    },
    "vault-restored": {
        "en": "restored: {count}",
        "fr": "restaurés : {count}",
        "vi": "đã khôi phục: {count}",
    },
}


def say(language: Language, key: str, **values: str) -> str:
    """The sentence of a key."""
    return TEXTS[key][language].format(**values)
