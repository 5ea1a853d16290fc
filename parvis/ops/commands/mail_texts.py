"""What `parvis doctor mail` and `parvis mail` say, in three languages."""

from parvis.kernel.languages import Language

TEXTS: dict[str, dict[Language, str]] = {
    "unreachable": {
        "en": "DNS does not answer: {why}",
        "fr": "le DNS ne répond pas : {why}",
        "vi": "DNS không trả lời: {why}",
    },
    "host-missing": {
        "en": "{host} has no address; set it, with the address of this server",
        "fr": "{host} n'a pas d'adresse ; la définir, avec l'adresse de ce serveur",
        "vi": "{host} chưa có địa chỉ; hãy đặt, với địa chỉ của máy chủ này",
    },
    "ptr-good": {
        "en": "{address} leads back to {host}",
        "fr": "{address} ramène bien à {host}",
        "vi": "{address} trỏ ngược về {host}",
    },
    "ptr-wrong": {
        "en": "{address} leads back to {names}; whoever gave you the address can set",
        "fr": "{address} ramène à {names} ; le fournisseur de l'adresse peut définir",
        "vi": "{address} trỏ ngược về {names}; nhà cung cấp địa chỉ có thể đặt",
    },
    "mx-good": {
        "en": "mail goes to {hosts}",
        "fr": "le courrier va à {hosts}",
        "vi": "thư được gửi đến {hosts}",
    },
    "mx-missing": {
        "en": "no server takes its mail; set",
        "fr": "aucun serveur ne reçoit son courrier ; définir",
        "vi": "chưa có máy chủ nào nhận thư; hãy đặt",
    },
    "mx-other": {
        "en": "mail goes to {hosts}, which is not this server; if it should come here, set",
        "fr": "le courrier va à {hosts}, qui n'est pas ce serveur ; pour le recevoir ici, définir",
        "vi": "thư được gửi đến {hosts}, không phải máy chủ này; nếu muốn nhận ở đây, hãy đặt",
    },
    "spf-good": {
        "en": "this server may send ({record})",
        "fr": "ce serveur peut envoyer ({record})",
        "vi": "máy chủ này được phép gửi ({record})",
    },
    "spf-missing": {
        "en": "nothing says who may send; set",
        "fr": "rien ne dit qui peut envoyer ; définir",
        "vi": "chưa có bản ghi nào nói ai được gửi; hãy đặt",
    },
    "spf-several": {
        "en": "several records, which is an error; leave one, such as",
        "fr": "plusieurs enregistrements, ce qui est une erreur ; n'en garder qu'un, par exemple",
        "vi": "có nhiều bản ghi, đó là lỗi; chỉ giữ một, chẳng hạn",
    },
    "spf-wrong": {
        "en": "for {address} it says {result} ({record}); set",
        "fr": "pour {address} il dit {result} ({record}) ; définir",
        "vi": "với {address}, kết quả là {result} ({record}); hãy đặt",
    },
    "spf-relay": {
        "en": "see that it lets {relay} send, by which mail leaves ({record})",
        "fr": "vérifier qu'il autorise {relay}, par qui le courrier part ({record})",
        "vi": "hãy kiểm tra rằng {relay}, nơi chuyển thư đi, được phép gửi ({record})",
    },
    "dkim-good": {
        "en": "the key {selector} is published",
        "fr": "la clé {selector} est publiée",
        "vi": "khóa {selector} đã được công bố",
    },
    "dkim-missing": {
        "en": "the key {selector} is not published; set",
        "fr": "la clé {selector} n'est pas publiée ; définir",
        "vi": "khóa {selector} chưa được công bố; hãy đặt",
    },
    "dkim-other": {
        "en": "another key is published as {selector}; set",
        "fr": "une autre clé est publiée sous {selector} ; définir",
        "vi": "một khóa khác được công bố dưới tên {selector}; hãy đặt",
    },
    "dmarc-good": {
        "en": "forged mail is met with {wish} ({at})",
        "fr": "le courrier usurpé est traité par {wish} ({at})",
        "vi": "thư giả mạo bị xử lý bằng {wish} ({at})",
    },
    "dmarc-mild": {
        "en": "the policy of {at} does nothing about forged mail; p=quarantine or p=reject would",
        "fr": "la politique de {at} ne fait rien contre l'usurpation ; p=quarantine ou p=reject le ferait",
        "vi": "chính sách của {at} không ngăn thư giả mạo; hãy dùng p=quarantine hoặc p=reject",
    },
    "dmarc-missing": {
        "en": "nothing says what to do with forged mail; set",
        "fr": "rien ne dit que faire du courrier usurpé ; définir",
        "vi": "chưa có bản ghi nào nói phải làm gì với thư giả mạo; hãy đặt",
    },
    "sts-good": {
        "en": "other servers are told to use TLS ({record})",
        "fr": "les autres serveurs savent qu'il faut TLS ({record})",
        "vi": "máy chủ khác được yêu cầu dùng TLS ({record})",
    },
    "sts-missing": {
        "en": "once https://mta-sts.{domain}/.well-known/mta-sts.txt is there, TLS can be required by",
        "fr": "dès que https://mta-sts.{domain}/.well-known/mta-sts.txt existe, TLS peut être exigé par",
        "vi": "khi đã có https://mta-sts.{domain}/.well-known/mta-sts.txt, có thể yêu cầu TLS bằng",
    },
    "rpt-good": {
        "en": "reports about TLS are asked for ({record})",
        "fr": "les rapports sur TLS sont demandés ({record})",
        "vi": "đã yêu cầu báo cáo về TLS ({record})",
    },
    "rpt-missing": {
        "en": "other servers would report trouble with TLS after",
        "fr": "les autres serveurs signaleraient les problèmes de TLS avec",
        "vi": "máy chủ khác sẽ báo lỗi TLS nếu đặt",
    },
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
}


def say(language: Language, key: str, **values: str) -> str:
    """The sentence of a key."""
    return TEXTS[key][language].format(**values)
